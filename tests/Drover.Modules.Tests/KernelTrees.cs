namespace Drover.Modules.Tests;

/// <summary>Two Debian kernels, downloaded once into the project's cache: 6.1 has .ko, 6.12 .ko.xz. If a download
/// fails, the test is skipped.</summary>
static class KernelTrees
{
    /// <summary>The last file that depmod writes.</summary>
    const string LastOfDepmod = "modules.devname";

    static readonly Lazy<string[]> s_plain = new(() => Modules("6.1", "*.ko")),
        s_xz = new(() => Modules("6.12", "*.ko.xz"));

    /// <summary>Paths of all plain modules, sorted.</summary>
    public static string[] Plain => s_plain.Value;

    /// <summary>Paths of all .ko.xz modules, sorted.</summary>
    public static string[] Xz => s_xz.Value;

    /// <summary>The kernel image of 6.1 or 6.12.</summary>
    public static string Image(string name)
    {
        var tree = Fetch(name);
        return $"{tree.Root}/boot/vmlinuz-{tree.Release}";
    }

    /// <summary>The tree of 6.1 or 6.12, with indexes by the machine's depmod.</summary>
    public static KernelTree Indexed(string name = "6.1")
    {
        var tree = Fetch(name);
        if (!File.Exists($"{tree.Directory}/{LastOfDepmod}"))
        {
            var made = Tool.Try("depmod", ["-C", "/dev/null", "-b", tree.Root, tree.Release]);
            Assert.SkipUnless(
                made.Succeeded,
                $"depmod cannot be run on Debian's {name} kernel: apt-get install kmod ({made.Error.Trim()})");
        }
        return tree;
    }

    static string[] Modules(string name, string pattern)
    {
        var modules = Directory.GetFiles(Fetch(name).Directory, pattern, SearchOption.AllDirectories);
        Array.Sort(modules, StringComparer.Ordinal);
        return modules;
    }

    static KernelTree Fetch(string name)
    {
        string trees = $"{ProjectCache.Path}/trees", root = $"{trees}/{name}";
        if (!Directory.Exists(root))
            Console.Error.WriteLine($"fetching Debian's {name} kernel into {trees} (once, some 70 MB)");
        var fetched = Tool.Try("sh", [$"{ProjectCache.Root}/tests/Drover.Modules.Tests/fetch-kernel-tree.sh", trees,
            name, name == "6.1" ? "linux-image-amd64" : $"linux-image-{name}-amd64"]);
        Assert.SkipUnless(
            fetched.Succeeded,
            $"Debian's {name} kernel is not in the cache and cannot be downloaded, which needs apt-get, dpkg-deb, "
                + $"flock and Debian's package lists ({fetched.Error.Trim()})");
        return new KernelTree(root, Path.GetFileName(Directory.GetDirectories($"{root}/lib/modules")[0]));
    }
}
