using Drover.Modules.Tests;

namespace Drover.Tests;

/// <summary>The source tree these tests were built from.</summary>
static class Repository
{
    public static string Root => ProjectCache.Root;

    /// <summary>The native binary, as <c>./drover</c> and <c>./test</c> leave it.</summary>
    public static string NativeBinary => Path.Combine(Root, "artifacts/native/drover");
}
