using Drover.Loading;

namespace Drover.Linux.Tests;

public sealed class KernelSupportTests
{
    const ulong SysModule = 1UL << 16;

    [Fact]
    public void This_kernel_is_judged_as_proc_tells()
    {
        var status = File.ReadAllLines("/proc/self/status").Single(line => line.StartsWith("CapEff:", StringComparison.Ordinal));
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
    [InlineData(Errno.EPERM, "0", ulong.MaxValue, ModuleSupport.NotRoot)] // somebody's filter
    [InlineData(Errno.EPERM, "1", ~SysModule, ModuleSupport.NotRoot)]
    public void The_kernels_answer_is_judged_with_what_proc_adds(Errno probe, string? disabled, ulong effective, ModuleSupport expected) =>
        Assert.Equal(expected, KernelSupport.Judge(probe, disabled, $"Name:\tx\nCapPrm:\tffffffffffffffff\nCapEff:\t{effective:x16}\nCapBnd:\tffffffffffffffff"));

    [Fact]
    public void Without_proc_the_kernels_answer_alone_counts()
    {
        Assert.Equal(ModuleSupport.Ok, KernelSupport.Judge(Errno.EFAULT, null, null));
        Assert.Equal(ModuleSupport.NotRoot, KernelSupport.Judge(Errno.EPERM, null, null));
    }

    [Fact]
    public void What_stands_in_the_way_is_one_sentence_that_says_what_to_do()
    {
        Assert.Null(KernelSupport.Explain(ModuleSupport.Ok));
        foreach (var support in Enum.GetValues<ModuleSupport>().Except([ModuleSupport.Ok]))
        {
            var sentence = KernelSupport.Explain(support)!;
            Assert.Matches("^[A-Z][^\n]+: [^\n]+\\.$", sentence);
        }
    }
}
