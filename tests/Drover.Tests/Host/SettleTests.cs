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

    [Fact]
    public void A_time_limit_of_years_is_one_of_24_days()
    {
        using var machine = Machine();
        var run = machine.Run("drover settle --timeout 3000000")[0];
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Equal(TimeSpan.FromMilliseconds(int.MaxValue), machine.Loads.Settles.Single().Timeout);
    }

    /// <summary>Whoever may ask for a module chooses its name: request_module() serves users without rights.</summary>
    [Fact]
    public void Names_bring_no_control_characters_to_a_terminal_and_pass_unchanged_in_JSON()
    {
        const string Name = "\e]0;mine\a";
        using var machine = Machine();
        machine.Loads.IsSettled = false;
        machine.Loads.InFlight = new(
            [new($"run{Name}", 1, TimeSpan.FromSeconds(1), $"by{Name}")],
            [new($"wait{Name}", $"for{Name}", TimeSpan.FromSeconds(2))], 1);
        var runs = machine.Run(
            "drover settle", "drover status --once", @"drover settle $'\e]0;mine\a'",
            "drover settle --json", "drover status --json");
        foreach (var (text, names) in new[]
        {
            (runs[0].Error, "run wait for"), (runs[1].Out, "run by"),
        })
        {
            Assert.DoesNotContain(text.Replace("\n", "", StringComparison.Ordinal), char.IsControl);
            Assert.All(names.Split(' '), name => Assert.Contains($"{name}?]0;mine?", text, StringComparison.Ordinal));
        }
        Assert.DoesNotContain(runs[2].Error.Replace("\n", "", StringComparison.Ordinal), char.IsControl);
        Assert.All([runs[3].Out, runs[4].Out], json =>
            Assert.Contains("run\\u001B]0;mine\\u0007", json, StringComparison.OrdinalIgnoreCase));
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
