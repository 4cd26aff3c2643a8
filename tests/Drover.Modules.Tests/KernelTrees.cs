namespace Drover.Modules.Tests;

/// <summary>Two of Debian's kernels, fetched once into the project's cache: 6.1 ships .ko, 6.12 .ko.xz. Where one cannot be had, the test is skipped.</summary>
static class KernelTrees
{
    /// <summary>What depmod writes last.</summary>
    const string LastOfDepmod = "modules.devname";

    static readonly Lazy<string[]> s_plain = new(() => Modules("6.1", "*.ko")), s_xz = new(() => Modules("6.12", "*.ko.xz"));

    /// <summary>Paths of all plain modules, sorted.</summary>
    public static string[] Plain => s_plain.Value;

    /// <summary>Paths of all .ko.xz modules, sorted.</summary>
    public static string[] Xz => s_xz.Value;

    /// <summary>The file that 6.1 or 6.12 is booted from.</summary>
    public static string Image(string name)
    {
        var tree = Fetch(name);
        return $"{tree.Root}/boot/vmlinuz-{tree.Release}";
    }

    /// <summary>The tree of 6.1 or 6.12 with the indexes of the machine's own depmod.</summary>
    public static KernelTree Indexed(string name = "6.1")
    {
        var tree = Fetch(name);
        if (!File.Exists($"{tree.Directory}/{LastOfDepmod}"))
        {
            var made = Tool.Try("depmod", ["-C", "/dev/null", "-b", tree.Root, tree.Release]);
            Assert.SkipUnless(made.Succeeded, $"depmod cannot be run on Debian's {name} kernel: apt-get install kmod ({made.Error.Trim()})");
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
        var fetched = Tool.Try("sh", [$"{ProjectCache.Root}/tests/Drover.Modules.Tests/fetch-kernel-tree.sh", trees, name, name == "6.1" ? "linux-image-amd64" : $"linux-image-{name}-amd64"]);
        Assert.SkipUnless(fetched.Succeeded, $"Debian's {name} kernel is neither in the cache nor to be had: that takes apt-get, dpkg-deb, flock and Debian's package lists ({fetched.Error.Trim()})");
        return new KernelTree(root, Path.GetFileName(Directory.GetDirectories($"{root}/lib/modules")[0]));
    }
}
