using Drover.Kernel;
using Drover.Linux.Kernel;

namespace Drover.Linux.Tests.Kernel;

public sealed class KernelSupportTests
{
    const ulong SysModule = 1UL << 16;

    [Fact]
    public void Support_of_this_kernel_agrees_with_proc()
    {
        var status = File.ReadAllLines("/proc/self/status")
            .Single(line => line.StartsWith("CapEff:", StringComparison.Ordinal));
        var may = (Convert.ToUInt64(status["CapEff:".Length..].Trim(), 16) & SysModule) != 0;
        var expected =
            !File.Exists("/proc/modules") ? ModuleSupport.NoModuleSupport :
            !may ? ModuleSupport.NotRoot :
            File.ReadAllText("/proc/sys/kernel/modules_disabled").Trim() == "1" ? ModuleSupport.ModulesDisabled :
            ModuleSupport.Ok;
        Assert.Equal(expected, KernelSupport.Check());
    }

    [Theory]
    [InlineData(Errno.EFAULT, "0", SysModule, ModuleSupport.Ok)]
    [InlineData(Errno.ENOSYS, null, SysModule, ModuleSupport.NoModuleSupport)]
    [InlineData(Errno.ENOSYS, null, 0, ModuleSupport.NoModuleSupport)]
    [InlineData(Errno.EPERM, "0", 0, ModuleSupport.NotRoot)]
    [InlineData(Errno.EPERM, "1", 0, ModuleSupport.NotRoot)]
    [InlineData(Errno.EPERM, "1", SysModule, ModuleSupport.ModulesDisabled)]
    [InlineData(Errno.EPERM, "0", ulong.MaxValue, ModuleSupport.NotRoot)] // a seccomp filter
    [InlineData(Errno.EPERM, "1", ~SysModule, ModuleSupport.NotRoot)]
    public void Support_combines_the_errno_of_the_probe_with_proc(Errno probe, string? disabled, ulong effective,
        ModuleSupport expected) =>
        Assert.Equal(expected,
            KernelSupport.Judge(probe, disabled,
            $"Name:\tx\nCapPrm:\tffffffffffffffff\nCapEff:\t{effective:x16}\nCapBnd:\tffffffffffffffff"));

    [Fact]
    public void Support_follows_the_errno_of_the_probe_without_proc()
    {
        Assert.Equal(ModuleSupport.Ok, KernelSupport.Judge(Errno.EFAULT, null, null));
        Assert.Equal(ModuleSupport.NotRoot, KernelSupport.Judge(Errno.EPERM, null, null));
    }

    [Fact]
    public void Obstacle_is_one_sentence_with_advice()
    {
        Assert.Null(KernelSupport.Explain(ModuleSupport.Ok));
        foreach (var support in Enum.GetValues<ModuleSupport>().Except([ModuleSupport.Ok]))
        {
            var sentence = KernelSupport.Explain(support)!;
            Assert.Matches("^[A-Z][^\n]+: [^\n]+\\.$", sentence);
            Assert.DoesNotContain("--", sentence, StringComparison.Ordinal);
        }
        Assert.EndsWith(
            ": boot another kernel, or use --dry-run with --root to plan for one.",
            KernelSupport.Explain(ModuleSupport.NoModuleSupport, "--dry-run with --root"), StringComparison.Ordinal);
    }
}
