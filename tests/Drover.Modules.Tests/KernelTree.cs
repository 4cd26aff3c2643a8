namespace Drover.Modules.Tests;

/// <summary>The module directory of a kernel.</summary>
/// <param name="Root">What the package was unpacked into.</param>
/// <param name="Release">The kernel's release, the name of the module directory.</param>
sealed record KernelTree(string Root, string Release)
{
    public string Directory => $"{Root}/lib/modules/{Release}";

    /// <summary>One of Debian's kernels that the tests have fetched into the project's cache, or null.</summary>
    public static KernelTree? InCache(string name) =>
        $"{ProjectCache.Path}/trees/{name}" is var root && System.IO.Directory.Exists($"{root}/lib/modules")
            ? new KernelTree(root, Path.GetFileName(System.IO.Directory.GetDirectories($"{root}/lib/modules")[0]))
            : null;
}
