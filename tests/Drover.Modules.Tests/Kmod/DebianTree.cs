namespace Drover.Modules.Tests.Kmod;

/// <summary>The module directory of Debian's 6.1 kernel, with the machine's own depmod run on it; fetched once into the project's cache.</summary>
/// <param name="Root">What the package was unpacked into.</param>
/// <param name="Release">The kernel's release, the name of the module directory.</param>
internal sealed record DebianTree(string Root, string Release)
{
    /// <summary>What depmod writes last.</summary>
    private const string LastOfDepmod = "modules.devname";

    public string Directory => $"{Root}/lib/modules/{Release}";

    /// <summary>The tree, or null and why it cannot be had.</summary>
    public static DebianTree? Get(out string why)
    {
        string trees = $"{ProjectCache.Path}/trees", root = $"{trees}/6.1";
        if (!System.IO.Directory.Exists(root)) Console.Error.WriteLine($"fetching Debian's 6.1 kernel into {trees} (70 MB, once)");
        ShellResult fetched = Shell.Run("sh", [$"{ProjectCache.Root}/tests/Drover.Modules.Tests/Image/fetch-kernel-tree.sh", trees, "6.1", "linux-image-amd64"]);
        if (!fetched.Succeeded)
        {
            why = $"Debian's 6.1 kernel is neither in the cache nor to be had: that takes apt-get, dpkg-deb, flock and Debian's package lists ({fetched.Error.Trim()})";
            return null;
        }
        DebianTree tree = new(root, Path.GetFileName(System.IO.Directory.GetDirectories($"{root}/lib/modules")[0]));
        why = "";
        if (!File.Exists($"{tree.Directory}/{LastOfDepmod}") && Shell.Run("depmod", ["-b", root, tree.Release]) is { Succeeded: false } failed)
        {
            why = $"depmod cannot be run on Debian's 6.1 kernel: apt-get install kmod ({failed.Error.Trim()})";
            return null;
        }
        return tree;
    }
}
