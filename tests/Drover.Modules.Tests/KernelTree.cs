namespace Drover.Modules.Tests;

/// <summary>The module directory of a kernel.</summary>
/// <param name="Root">The directory of the unpacked package.</param>
/// <param name="Release">The kernel release, which is the name of the module directory.</param>
sealed record KernelTree(string Root, string Release)
{
    public string Directory => $"{Root}/lib/modules/{Release}";

    /// <summary>A Debian kernel in the project's cache; null if the tests have not downloaded it.</summary>
    public static KernelTree? InCache(string name) =>
        $"{ProjectCache.Path}/trees/{name}" is var root && System.IO.Directory.Exists($"{root}/lib/modules")
            ? new KernelTree(root, Path.GetFileName(System.IO.Directory.GetDirectories($"{root}/lib/modules")[0]))
            : null;
}
