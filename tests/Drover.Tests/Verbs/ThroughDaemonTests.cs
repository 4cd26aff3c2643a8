using System.Text.Json;
using Drover.Loading;

namespace Drover.Tests.Verbs;

/// <summary>drover load and modprobe where a daemon listens, and where it does not stay.</summary>
public sealed class ThroughDaemonTests
{
    [Fact]
    public void Modprobe_asks_the_daemon_with_all_that_it_was_told()
    {
        using var machine = new DaemonMachine();
        machine.Loads.Load = (request, _) => Task.FromResult(new RequestOutcome(request, request.Asked == "drover-test"
            ? [new ModuleOutcome("mid", OutcomeKind.Loaded), new ModuleOutcome("top", OutcomeKind.Joined)]
            : [new ModuleOutcome(request.Asked, OutcomeKind.Loaded)]));
        var runs = machine.Run("modprobe top a=1 'b=x y'", "modprobe -b -i mid", "modprobe -a base mid", "modprobe -q -- drover-test");
        Assert.All(runs, run => Assert.Equal((0, "", ""), (run.Exit, run.Out, run.Error)));
        Assert.Equal(["top", "mid", "base", "mid", "drover-test"], machine.Loads.Asked.Select(request => request.Asked));
        var (first, second) = (machine.Loads.Asked[0], machine.Loads.Asked[1]);
        Assert.Equal(("a=1 b=\"x y\"", false, LoadScope.Full), (first.Parameters, first.ApplyBlacklist, first.Scope));
        Assert.Equal((true, LoadScope.WithoutCommand), (second.ApplyBlacklist, second.Scope));
        Assert.StartsWith("modprobe (pid ", first.Asker, StringComparison.Ordinal);
    }

    [Fact]
    public void Modprobe_says_of_the_daemons_failures_what_it_says_of_its_own()
    {
        using var machine = new DaemonMachine();
        machine.Loads.Load = (request, _) => Task.FromResult(new RequestOutcome(request, request.Asked switch
        {
            "top" => [new ModuleOutcome("top", OutcomeKind.Failed, Errno.ENODEV, "why")],
            "mid" => [new ModuleOutcome("mid", OutcomeKind.AlreadyLive)],
            _ => [new ModuleOutcome("mid", OutcomeKind.Blacklisted, Why: "why"), new ModuleOutcome("top", OutcomeKind.Loaded)],
        }));
        var runs = machine.Run("modprobe top", "modprobe --first-time mid", "modprobe mid", "modprobe --first-time drover-test");
        Assert.Equal((1, "modprobe: ERROR: could not insert 'top': No such device\n"), (runs[0].Exit, runs[0].Error));
        Assert.Equal((1, "modprobe: ERROR: could not insert 'mid': Module already in kernel\n"), (runs[1].Exit, runs[1].Error));
        Assert.Equal([(0, ""), (0, "")], runs[2..].Select(run => (run.Exit, run.Error)));
        Assert.Equal(4, machine.Loads.Asked.Count);
    }

    [Fact]
    public void What_the_daemon_cannot_do_it_is_not_asked_for()
    {
        using var machine = new DaemonMachine();
        var runs = machine.Run("modprobe -n top", "modprobe -v top", "modprobe -f top", "modprobe -R drover-test", "modprobe -D top", "modprobe -r top", "modprobe -C /dev/null top", "modprobe -d / top", "modprobe -S $(uname -r) top",
            "modprobe --first-softdep top", "modprobe /lib/modules/$(uname -r)/kernel/top.ko", "modprobe nothing", "MODPROBE_OPTIONS=-n modprobe top", "DROVER_COMMANDS_OF=other modprobe top",
            "mkdir -p /etc/modprobe.d; mount -t tmpfs none /etc/modprobe.d; echo 'install loud echo ran' >/etc/modprobe.d/c.conf; modprobe loud",
            "drover load -n top", "drover load -v top", "drover load -j 2 top", "drover load --budget 1M top", "drover load --root / top", "drover load --release $(uname -r) top", "DROVER_COMMANDS_OF=other drover load top",
            "modprobe base");
        Assert.Single(runs, run => run.Out == "ran\n");
        Assert.Equal("base", Assert.Single(machine.Loads.Asked).Asked);
    }

    [Fact]
    public void Load_prints_the_daemons_answers()
    {
        using var machine = new DaemonMachine();
        machine.Loads.Load = (request, _) => Task.FromResult(new RequestOutcome(request, [new ModuleOutcome(request.Asked, request.Asked == "base" ? OutcomeKind.Joined : OutcomeKind.Failed, request.Asked == "base" ? Errno.None : Errno.ENODEV, ParametersDiffer: request.Asked == "base")]));
        var runs = machine.Run("drover load base top", "drover load --json base");
        Assert.Equal((1, "base: loaded by another request; with other parameters than these: remove it first if they matter\n", "drover: top: no hardware for it\n"), (runs[0].Exit, runs[0].Out, runs[0].Error));
        using var json = JsonDocument.Parse(runs[1].Out);
        Assert.Equal((0, "joined"), (runs[1].Exit, json.RootElement.GetProperty("requests")[0].GetProperty("modules")[0].GetProperty("outcome").GetString()));
        Assert.Equal(["base", "top", "base"], machine.Loads.Asked.Select(request => request.Asked));
    }

    [Theory]
    [InlineData("modprobe top")]
    [InlineData("drover load top")]
    public void What_a_dying_daemon_does_not_answer_is_loaded_here(string line)
    {
        using var without = new DaemonMachine { HasDaemon = false };
        var alone = without.Run(line)[0];
        using var machine = new DaemonMachine();
        machine.Loads.Load = (_, _) =>
        {
            machine.Die();
            return new TaskCompletionSource<RequestOutcome>().Task;
        };
        var run = machine.Run(line)[0];
        Assert.Single(machine.Loads.Asked);
        var note = line.StartsWith("drover", StringComparison.Ordinal) ? "drover: the daemon went away before it had answered; loading without it\n" : "";
        Assert.Equal((alone.Exit, alone.Out, note + alone.Error), (run.Exit, run.Out, run.Error));
    }

    [Theory]
    [InlineData("modprobe top")]
    [InlineData("drover load top")]
    public void What_the_daemons_indexes_do_not_know_is_looked_up_here(string line)
    {
        using var without = new DaemonMachine { HasDaemon = false };
        var alone = without.Run(line)[0];
        using var machine = new DaemonMachine();
        machine.Loads.Load = (request, _) => Task.FromResult(new RequestOutcome(request, [new ModuleOutcome(request.Asked, OutcomeKind.NotFound, Why: "unheard of")]));
        Assert.Equal(alone, machine.Run(line)[0]);
        Assert.Single(machine.Loads.Asked);
    }
}
