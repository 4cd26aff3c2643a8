namespace Drover.Modules.Tests;

/// <summary>Debian kernels, downloaded once into the project's cache: 6.1 has .ko, 6.12 .ko.xz, for amd64 and for
/// arm64 (where 6.12 is the smaller cloud kernel). If a download fails, the test is skipped.</summary>
static class KernelTrees
{
    /// <summary>The last file that depmod writes.</summary>
    const string LastOfDepmod = "modules.devname";

    static readonly (string Name, string Package, string Architecture)[] s_kernels =
    [
        ("6.1", "linux-image-amd64", "amd64"), ("6.12", "linux-image-6.12-amd64", "amd64"),
        ("6.1-arm64", "linux-image-arm64", "arm64"), ("6.12-arm64", "linux-image-6.12-cloud-arm64", "arm64"),
    ];

    static readonly Lazy<string[]> s_plain = new(() => Modules("6.1")), s_xz = new(() => Modules("6.12"));

    /// <summary>Paths of all plain modules, sorted.</summary>
    public static string[] Plain => s_plain.Value;

    /// <summary>Paths of all .ko.xz modules, sorted.</summary>
    public static string[] Xz => s_xz.Value;

    /// <summary>The names of all kernels.</summary>
    public static TheoryData<string> Names => new(s_kernels.Select(kernel => kernel.Name));

    /// <summary>The kernel image of 6.1 or 6.12.</summary>
    public static string Image(string name)
    {
        var tree = Fetch(name);
        return $"{tree.Root}/boot/vmlinuz-{tree.Release}";
    }

    /// <summary>The tree of a kernel, with indexes by the machine's depmod.</summary>
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

    /// <summary>Paths of all modules of a kernel, sorted.</summary>
    public static string[] Modules(string name)
    {
        var modules = Directory.GetFiles(Fetch(name).Directory, "*.ko*", SearchOption.AllDirectories);
        Array.Sort(modules, StringComparer.Ordinal);
        return modules;
    }

    static KernelTree Fetch(string name)
    {
        var (_, package, architecture) = s_kernels.Single(kernel => kernel.Name == name);
        string trees = $"{ProjectCache.Path}/trees", root = $"{trees}/{name}";
        if (!Directory.Exists(root))
            Console.Error.WriteLine($"fetching Debian's {name} kernel into {trees} (once, at most 100 MB)");
        var fetched = Tool.Try("sh", [$"{ProjectCache.Root}/tests/Drover.Modules.Tests/fetch-kernel-tree.sh", trees,
            name, package, architecture]);
        Assert.SkipUnless(
            fetched.Succeeded,
            $"Debian's {name} kernel is not in the cache and cannot be downloaded, which needs apt-get, dpkg-deb, "
                + $"flock and Debian's package lists ({fetched.Error.Trim()})");
        return new KernelTree(root, Path.GetFileName(Directory.GetDirectories($"{root}/lib/modules")[0]));
    }
}
