using System.Diagnostics;

namespace Drover.Modules.Tests.Image;

/// <summary>The modules of two Debian kernels, fetched once into the project's cache: 6.1 ships .ko, 6.12 .ko.xz.</summary>
static class KernelTrees
{
    static readonly Lazy<string[]> s_plain = new(() => Modules("6.1", "linux-image-amd64", "*.ko"));
    static readonly Lazy<string[]> s_xz = new(() => Modules("6.12", "linux-image-6.12-amd64", "*.ko.xz"));

    /// <summary>Paths of all plain modules, sorted; the test is skipped where they cannot be had.</summary>
    public static string[] Plain => s_plain.Value is { Length: > 0 } all ? all : Skip("6.1");

    /// <summary>Paths of all .ko.xz modules, sorted; the test is skipped where they cannot be had.</summary>
    public static string[] Xz => s_xz.Value is { Length: > 0 } all ? all : Skip("6.12");

    static string[] Skip(string name)
    {
        Assert.Skip($"Debian's {name} kernel is neither in the cache nor to be had: that takes apt-get, dpkg-deb, flock and Debian's package lists");
        return [];
    }

    static string[] Modules(string name, string meta, string pattern)
    {
        var trees = Path.Combine(Environment.GetEnvironmentVariable("DROVER_CACHE") ?? Path.Combine(Root(), ".cache"), "trees");
        var start = new ProcessStartInfo("sh") { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in new[] { Path.Combine(Root(), "tests/Drover.Modules.Tests/Image/fetch-kernel-tree.sh"), trees, name, meta })
            start.ArgumentList.Add(argument);
        using var fetch = Process.Start(start)!;
        fetch.StandardOutput.ReadToEnd();
        fetch.WaitForExit();
        if (fetch.ExitCode != 0)
            return [];
        var modules = Directory.GetFiles(Path.Combine(trees, name, "lib/modules"), pattern, SearchOption.AllDirectories);
        Array.Sort(modules, StringComparer.Ordinal);
        return modules;
    }

    static string Root()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Drover.slnx")))
            directory = directory.Parent ?? throw new DirectoryNotFoundException("no Drover.slnx above the tests");
        return directory.FullName;
    }
}
