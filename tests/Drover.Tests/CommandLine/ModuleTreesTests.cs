using Drover.Tests.Kmod;

namespace Drover.Tests.CommandLine;

/// <summary>One view of a module directory, the system extensions over it, and /run/modules.</summary>
public sealed class ModuleTreesTests : IDisposable
{
    const string OfThisBoot = $"/run/modules/{ModuleRoot.Release}";

    /// <summary>A kernel's modules with their indexes.</summary>
    readonly ModuleRoot _root = new ModuleRoot()
        .Write("kernel/base.ko", new TestModule { Exports = ["s"], Info = ["alias=of:Nbase"] })
        .Write("kernel/nic.ko", new TestModule { Needs = ["s"], Info = ["alias=pci:v1d*"] })
        .Write("modules.builtin", "kernel/built.ko\n").Index();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Indexes_of_an_extension_hide_no_module_of_the_kernel()
    {
        Extend("docker").Write("extra/wifi.ko", new TestModule { Needs = ["s"], Info = ["alias=pci:v2d*"] });
        // an image that was built by itself: its indexes know its own module, and lie over the kernel's
        using (var image = new ModuleRoot().Write("extra/wifi.ko", new TestModule()).Index())
        {
            foreach (var index in Directory.EnumerateFiles(image.Directory, "modules.*"))
                File.Copy(index, $"{_root.Directory}/{Path.GetFileName(index)}", overwrite: true);
        }

        Assert.Equal("insmod DIR/kernel/base.ko \ninsmod DIR/extra/wifi.ko \n", Modprobe("-D", "wifi"));
        Assert.Equal("insmod DIR/kernel/base.ko \ninsmod DIR/kernel/nic.ko \n", Modprobe("-D", "pci:v1d5"));
        Assert.Equal("wifi\n", Modprobe("-R", "pci:v2d1"));
    }

    [Fact]
    public void Extension_without_indexes_is_found_and_replaces_a_module_of_the_same_path()
    {
        Extend("drivers").Write("updates/nic.ko", new TestModule { Info = ["alias=pci:v9d*"] })
            .Write("kernel/base.ko", new TestModule { Exports = ["s"], Info = ["alias=of:Nother"] })
            .Write("extra/wifi.ko", new TestModule { Needs = ["s"] });
        Assert.Equal("insmod DIR/updates/nic.ko \n", Modprobe("-D", "pci:v9d5"));
        Assert.Equal("insmod DIR/kernel/base.ko \n", Modprobe("-D", "of:Nother"));
        Assert.Equal("insmod DIR/kernel/base.ko \ninsmod DIR/extra/wifi.ko \n", Modprobe("-D", "wifi"));
        Assert.Equal("builtin built\n", Modprobe("-D", "built"));
    }

    [Fact]
    public void Modules_of_this_boot_win_over_all_others_and_may_need_them()
    {
        _root.Write("updates/nic.ko", new TestModule { Needs = ["s"] }).Index()
            .Write($"{OfThisBoot}/nic.ko", new TestModule { Needs = ["s"], Info = ["alias=pci:v3d*"] });
        Assert.Equal("insmod DIR/kernel/base.ko \ninsmod RUN/nic.ko \n", Modprobe("-D", "pci:v3d1"));
        var info = Run("modinfo", "-F", "filename", "nic");
        Assert.Equal("RUN/nic.ko\n", info);
        File.Delete($"{_root.Path}{OfThisBoot}/nic.ko");
        Assert.Equal("insmod DIR/kernel/base.ko \ninsmod DIR/updates/nic.ko \n", Modprobe("-D", "nic"));
    }

    [Fact]
    public void Modules_of_this_boot_are_all_there_is_after_an_upgrade()
    {
        _root.Write($"{OfThisBoot}/kernel/left.ko", new TestModule());
        Directory.Delete(_root.Directory, recursive: true);
        Assert.Equal(
            "modprobe: WARNING: RUN has no indexes: going on from a scan of its files; run depmod\n"
            + "insmod RUN/kernel/left.ko \n", Modprobe("-D", "left"));
    }

    [Fact]
    public void Extension_without_modules_leaves_the_indexes_as_they_are()
    {
        Extend("docker");
        // an alias that no file has shows that nothing was read but the index
        File.AppendAllText($"{_root.Directory}/modules.alias", "alias only-here base\n");
        File.Delete($"{_root.Directory}/modules.alias.bin");
        Assert.Equal("base\n", Modprobe("-R", "only-here"));
    }

    [Fact]
    public void Modprobe_scans_a_directory_without_indexes_and_says_so_once()
    {
        foreach (var index in Directory.EnumerateFiles(_root.Directory, "modules.*"))
            File.Delete(index);
        const string Said = "modprobe: WARNING: DIR has no indexes: going on from a scan of its files; run depmod\n";
        Assert.Equal(
            Said + "insmod DIR/kernel/base.ko \ninsmod DIR/kernel/nic.ko \ninsmod DIR/kernel/base.ko \n",
            Modprobe("-aD", "nic", "base"));
        Assert.Equal("", Modprobe("-qR", "absent"));
        Assert.Equal(
            Said + "modprobe: FATAL: Module absent not found in directory DIR\n", Modprobe("-D", "absent"));
    }

    /// <summary>As systemd-sysext marks a /usr that it has merged.</summary>
    ModuleRoot Extend(string name) => _root.Write("/usr/.systemd-sysext/extensions", $"{name}\n");

    string Modprobe(params string[] args) => Run("modprobe", ["-C", "/dev/null", .. args]);

    /// <summary>Messages, then output.</summary>
    string Run(string tool, params string[] args)
    {
        var rootOption = tool == "modinfo" ? "-b" : "-d";
        var run = CommandLineRun.Run(
            [tool, rootOption, _root.Path, tool == "modinfo" ? "-k" : "-S", ModuleRoot.Release, .. args]);
        return $"{run.Error}{run.Out}".Replace(_root.Directory, "DIR", StringComparison.Ordinal)
            .Replace(_root.Path + OfThisBoot, "RUN", StringComparison.Ordinal);
    }
}
