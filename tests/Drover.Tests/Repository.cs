using Drover.Modules.Tests;

namespace Drover.Tests;

/// <summary>The source tree these tests were built from.</summary>
static class Repository
{
    public static string Root => ProjectCache.Root;

    /// <summary>The native boot program, as <c>./drover</c> and <c>./test</c> leave it.</summary>
    public static string NativeBinary => NativeProgram("drover");

    /// <summary>A native program of this machine's architecture.</summary>
    public static string NativeProgram(string name) => Path.Combine(Root, "artifacts/native", name);

    /// <summary>A program cross-built for arm64; skips the test where there is none.</summary>
    public static string Arm64Program(string name)
    {
        var path = Path.Combine(Root, "artifacts/native-arm64", name);
        Assert.SkipUnless(File.Exists(path), $"{path} is missing: ./test builds it on x86-64, with "
            + "gcc-aarch64-linux-gnu and libc6-dev-arm64-cross");
        return path;
    }
}
