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

    [Fact]
    public void Policy_check_says_that_it_looks_past_the_seal()
    {
        using var machine = new DaemonMachine();
        var runs = machine.Run("drover seal", "drover policy check", "drover policy check --sealed");
        Assert.Contains("is sealed until its next boot", runs[1].Error, StringComparison.Ordinal);
        Assert.DoesNotContain("is sealed", runs[2].Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Socket_without_a_daemon_is_an_error_only_where_it_was_named()
    {
        using var machine = new DaemonMachine { HasDaemon = false };
        var runs = machine.Run("drover seal", "drover seal --socket /run/wrong; cat /run/drover/sealed");
        Assert.Equal((0, ""), (runs[0].Exit, runs[0].Error));
        Assert.Equal("drover seal\n", runs[1].Out);
        Assert.StartsWith(
            "drover: sealed, but the daemon does not know it yet: no daemon answers at /run/wrong", runs[1].Error,
            StringComparison.Ordinal);
    }
}
