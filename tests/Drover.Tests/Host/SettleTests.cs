using Drover.Control;
using Drover.Kernel;
using Drover.Loading;

namespace Drover.Tests.Host;

/// <summary>drover settle with a daemon.</summary>
public sealed class SettleTests
{
    [Theory]
    [InlineData("nothing", "settle: nothing: no module, alias or built-in module has this name")]
    [InlineData("/sys/nosuch", "/sys/nosuch: there is no such device; name one by its path in /sys")]
    [InlineData("/devices/nosuch", "/devices/nosuch: there is no such device; name one by its path in /sys")]
    [InlineData("/dev/null", "/dev/null: there is no such device; name one by its path in /sys")]
    [InlineData("unrequested", "settle: unrequested_first: it is not loaded, and nothing has requested it")]
    [InlineData("failed", "settle: failed_first: no hardware for it")]
    [InlineData("broken", "settle: broken_second: invalid module")]
    public void Target_that_is_not_loaded_is_a_failure_with_its_reason(string target, string message)
    {
        using var machine = Machine();
        var run = machine.Run($"drover settle {target}")[0];
        Assert.Equal((1, ""), (run.Exit, run.Out));
        Assert.StartsWith($"drover: {message}\n", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("loaded")]
    [InlineData("one-without-hardware")]
    [InlineData("/sys/devices/virtual/mem/null")]
    public void Settled_target_is_a_success(string target)
    {
        using var machine = Machine();
        var run = machine.Run($"drover settle {target}")[0];
        Assert.Equal((0, "", ""), (run.Exit, run.Out, run.Error));
    }

    /// <summary>A daemon to which each name stands for NAME_first and NAME_second.</summary>
    static DaemonMachine Machine()
    {
        var machine = new DaemonMachine();
        Add("loaded", OutcomeKind.Loaded, OutcomeKind.Joined);
        Add("failed", OutcomeKind.Failed, OutcomeKind.Failed);
        Add("one-without-hardware", OutcomeKind.Failed, OutcomeKind.AlreadyLive);
        Add("broken", OutcomeKind.Loaded, OutcomeKind.Failed, Errno.ENOEXEC, "invalid module");
        return machine;

        void Add(string name, OutcomeKind first, OutcomeKind second, Errno error = Errno.ENODEV, string? why = null)
        {
            foreach (var (module, kind) in new[] { ($"{name}_first", first), ($"{name}_second", second) })
            {
                var outcome = kind is OutcomeKind.Failed
                    ? new ModuleOutcome(module, kind, error, why)
                    : new ModuleOutcome(module, kind);
                machine.Loads.Records.Add(new ModuleRecord(module, 1, 1, outcome, null, name, null));
            }
        }
    }
}
