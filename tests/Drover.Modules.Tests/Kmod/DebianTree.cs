using System.Text.RegularExpressions;

namespace Drover.Modules.Tests.Kmod;

/// <summary>The module directory of the machine's Debian kernel, with Debian's own depmod run on it; fetched once.</summary>
/// <param name="Root">What the package was unpacked into.</param>
/// <param name="Release">The kernel's release, the name of the module directory.</param>
internal sealed partial record DebianTree(string Root, string Release)
{
    public string Directory => $"{Root}/lib/modules/{Release}";

    /// <summary>The tree, or null and why it cannot be had.</summary>
    public static DebianTree? Get(out string why)
    {
        ShellResult meta = Shell.Run("apt-cache", ["depends", "linux-image-amd64"]);
        Match package = ImagePackage().Match(meta.Out);
        if (!package.Success)
        {
            why = "apt knows no linux-image-amd64: this needs Debian's apt and its package lists (apt-get update)";
            return null;
        }
        DebianTree tree = new($"{ProjectCache.Path}/trees/{package.Groups["release"].Value}", package.Groups["release"].Value);
        why = System.IO.Directory.Exists(tree.Root) ? "" : tree.Fetch(package.Value) ?? "";
        return why.Length == 0 ? tree : null;
    }

    /// <summary>Puts the tree in place at once, so that nobody finds half of it; says what failed, or null.</summary>
    private string? Fetch(string package)
    {
        string work = $"{Root}.{Environment.ProcessId}";
        System.IO.Directory.CreateDirectory(work);
        Console.Error.WriteLine($"fetching {package} into {ProjectCache.Path}/trees (70 MB, once)");
        try
        {
            ShellResult got = Shell.Run("apt-get", ["download", package], directory: work);
            if (!got.Succeeded) return $"apt-get download {package}: {got.Error.Trim()}";
            string archive = System.IO.Directory.GetFiles(work, "*.deb")[0];
            got = Shell.Run("dpkg-deb", ["-x", archive, work]);
            if (!got.Succeeded) return $"dpkg-deb -x: {got.Error.Trim()}";
            File.Delete(archive);
            if (!System.IO.Directory.Exists($"{work}/lib")) File.CreateSymbolicLink($"{work}/lib", "usr/lib");
            got = Shell.Run("depmod", ["-b", work, Release]);
            if (!got.Succeeded) return $"depmod: {got.Error.Trim()}";
            if (!System.IO.Directory.Exists(Root)) System.IO.Directory.Move(work, Root);
            return null;
        }
        finally
        {
            if (System.IO.Directory.Exists(work)) System.IO.Directory.Delete(work, recursive: true);
        }
    }

    [GeneratedRegex(@"linux-image-(?<release>\S+-amd64)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ImagePackage();
}
