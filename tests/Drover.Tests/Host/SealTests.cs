namespace Drover.Tests.Host;

/// <summary>drover seal with a daemon.</summary>
public sealed class SealTests
{
    [Fact]
    public void Daemon_that_keeps_its_old_indexes_is_sealed_all_the_same()
    {
        using var machine = new DaemonMachine();
        machine.Loads.ReloadFails = "modules.dep.bin is damaged";
        var run = machine.Run("drover seal && cat /run/drover/sealed")[0];
        Assert.Equal((0, "drover seal\n"), (run.Exit, run.Out));
        Assert.Contains("the daemon keeps its old indexes", run.Error);
        Assert.Contains("modules.dep.bin is damaged", run.Error);
    }
}
