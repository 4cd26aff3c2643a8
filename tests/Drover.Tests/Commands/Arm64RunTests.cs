using Drover.Modules.Tests;

namespace Drover.Tests.Commands;

/// <summary>The programs for arm64, run by QEMU's user emulation, say the same as this machine's.</summary>
public class Arm64RunTests
{
    const string Kernel = "6.12-arm64";

    [Fact]
    public void Version_is_printed()
    {
        var run = RunArm64("drover", ["--version"]);
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Matches(@"^drover [0-9]+\.[0-9]+\.[0-9]+", run.Out);
    }

    [Theory]
    [InlineData("resolve", "--root", "ROOT", "fs-btrfs", "nobody")]
    [InlineData("load", "--dry-run", "-r", "ROOT", "t_btrfs", "my-network", "fs-ext4")]
    [InlineData("coldplug", "--dry-run", "-r", "ROOT", "--sys", "SYS")]
    [InlineData("lsmod")]
    [InlineData("nonsense")]
    public void Output_equals_that_of_this_machine(params string[] args) => ShouldBeAlike("drover", args);

    [Theory]
    [InlineData("modprobe", "-C", "/dev/null", "-d", "TREE", "-S", "RELEASE", "-aR", "of:NrtcT(null)Carm,pl031",
        "cpu:type:aarch64:feature:,0003,0004", "acpi:LNRO0005:", "pci:v00001AF4d00001041sv00sd00bc02sc00i00")]
    [InlineData("modprobe", "-C", "/dev/null", "-d", "TREE", "-S", "RELEASE", "-aD", "btrfs", "virtio_net", "nfsd")]
    [InlineData("depmod", "-n", "-C", "/dev/null", "-b", "TREE", "RELEASE")]
    public void Output_about_a_tree_equals_that_of_this_machine(params string[] args) =>
        ShouldBeAlike("drover", InTree(args));

    [Fact]
    public void Modinfo_output_equals_that_of_this_machine() => ShouldBeAlike(
        "drover", ["modinfo", .. KernelTrees.Modules(Kernel).Where((_, i) => i % 25 == 0)]);

    [Fact]
    public void Coldplug_loads_what_arm64_CPUs_ask_for()
    {
        using var sys = new TemporaryRoot();
        foreach (var cpu in new[] { "cpu0", "cpu1" })
            sys.Write($"devices/system/cpu/{cpu}/uevent", "MODALIAS=cpu:type:aarch64:feature:,0000,0001,0005\n");
        var run = RunArm64(
            "drover", InTree(["coldplug", "--dry-run", "-r", "TREE", "--sys", sys.Path]));
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Matches("(?m)^[0-9]+ +sha1_ce +to load  asked ", run.Out);
        Assert.Contains("2 devices, 2 modaliases (1 distinct): 2 modules to load, 0 live already", run.Out,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Equal_seeds_give_equal_traces() =>
        ShouldBeAlike("drover-study", ["herd", "--cpus", "8", "--gate", "exclusive", "--seed", "7", "--json"]);

    static void ShouldBeAlike(string program, string[] args)
    {
        args = Array.ConvertAll(args, arg => arg switch
        {
            "ROOT" => CommandLineRun.Root,
            "SYS" => CommandLineRun.Sys,
            _ => arg,
        });
        var arm64 = RunArm64(program, args);
        var native = Repository.NativeProgram(program);
        Assert.SkipUnless(File.Exists(native), "no native binary: ./test builds it");
        var ours = Tool.Try(native, args);
        Assert.Equal((ours.Exit, ours.Out, ours.Error), (arm64.Exit, arm64.Out, arm64.Error));
        Assert.NotEqual("", arm64.Out + arm64.Error);
    }

    static string[] InTree(string[] args)
    {
        var (root, release) = KernelTrees.Indexed(Kernel);
        return Array.ConvertAll(args, arg => arg switch { "TREE" => root, "RELEASE" => release, _ => arg });
    }

    static ToolResult RunArm64(string program, string[] args)
    {
        const string Libraries = "/usr/aarch64-linux-gnu"; // of libc6-arm64-cross
        var path = Repository.Arm64Program(program);
        Tool.Require("qemu-aarch64");
        return Tool.Try("qemu-aarch64", ["-L", Libraries, path, .. args]);
    }
}
