using System.Text.Json;
using Drover.Kernel;
using Drover.Loading;

namespace Drover.Tests.Host;

/// <summary>drover load and modprobe with a daemon, and with one that exits.</summary>
public sealed class ThroughDaemonTests
{
    [Fact]
    public void Modprobe_passes_its_parameters_and_options_to_the_daemon()
    {
        using var machine = new DaemonMachine();
        machine.Loads.Load = (request, _) => Task.FromResult(new RequestOutcome(request, request.Name == "drover-test"
            ? [new ModuleOutcome("mid", OutcomeKind.Loaded), new ModuleOutcome("top", OutcomeKind.Joined)]
            : [new ModuleOutcome(request.Name, OutcomeKind.Loaded)]));
        var runs = machine.Run("modprobe top a=1 'b=x y'", "modprobe -b -i mid", "modprobe -a base mid",
            "modprobe -q -- drover-test");
        Assert.All(runs, run => Assert.Equal((0, "", ""), (run.Exit, run.Out, run.Error)));
        Assert.Equal(["top", "mid", "base", "mid", "drover-test"], machine.Loads.Asked.Select(request => request.Name));
        var (first, second) = (machine.Loads.Asked[0], machine.Loads.Asked[1]);
        Assert.Equal(("a=1 b=\"x y\"", false, LoadScope.Full), (first.Parameters, first.ApplyBlacklist, first.Scope));
        Assert.Equal((true, LoadScope.WithoutCommand), (second.ApplyBlacklist, second.Scope));
        Assert.StartsWith("modprobe (pid ", first.Requester, StringComparison.Ordinal);
    }

    [Fact]
    public void Modprobe_reports_failures_of_the_daemon_like_its_own()
    {
        using var machine = new DaemonMachine();
        machine.Loads.Load = (request, _) => Task.FromResult(new RequestOutcome(request, request.Name switch
        {
            "top" => [new ModuleOutcome("top", OutcomeKind.Failed, Errno.ENODEV, "why")],
            "mid" => [new ModuleOutcome("mid", OutcomeKind.AlreadyLive)],
            _ => [new ModuleOutcome("mid", OutcomeKind.Blacklisted, Why: "why"),
                new ModuleOutcome("top", OutcomeKind.Loaded)],
        }));
        var runs = machine.Run("modprobe top", "modprobe --first-time mid", "modprobe mid",
            "modprobe --first-time drover-test");
        Assert.Equal((1, "modprobe: ERROR: could not insert 'top': No such device\n"), (runs[0].Exit, runs[0].Error));
        Assert.Equal((1, "modprobe: ERROR: could not insert 'mid': Module already in kernel\n"),
            (runs[1].Exit, runs[1].Error));
        Assert.Equal([(0, ""), (0, "")], runs[2..].Select(run => (run.Exit, run.Error)));
        Assert.Equal(4, machine.Loads.Asked.Count);
    }

    /// <summary>Kernels before 7.1 hand on the error of a module's init: it is not in the kernel.</summary>
    [Fact]
    public void A_module_whose_init_says_EEXIST_has_failed()
    {
        using var machine = new DaemonMachine();
        machine.Loads.Load = (request, _) => Task.FromResult(new RequestOutcome(
            request, [new ModuleOutcome("top", OutcomeKind.Failed, Errno.EEXIST, "why")]));
        var run = machine.Run("modprobe top")[0];
        Assert.Equal((1, "modprobe: ERROR: could not insert 'top': File exists\n"), (run.Exit, run.Error));
    }

    [Fact]
    public void Requests_outside_the_protocol_bypass_the_daemon()
    {
        using var machine = new DaemonMachine();
        var runs = machine.Run("modprobe -n top", "modprobe -v top", "modprobe -f top", "modprobe -R drover-test",
            "modprobe -D top", "modprobe -r top", "modprobe -C /dev/null top", "modprobe -d / top",
            "modprobe -S $(uname -r) top",
            "modprobe --first-softdep top", "modprobe /lib/modules/$(uname -r)/kernel/top.ko", "modprobe nothing",
                "MODPROBE_OPTIONS=-n modprobe top", "DROVER_COMMANDS_OF=other modprobe top",
            "mkdir -p /etc/modprobe.d; mount -t tmpfs none /etc/modprobe.d; echo 'install loud echo ran' " +
            ">/etc/modprobe.d/c.conf; modprobe loud",
            "drover load -n top", "drover load -v top", "drover load -j 2 top", "drover load --budget 1M top",
                "drover load --stagger 0 top", "drover load --root / top", "drover load --release $(uname -r) top",
                "DROVER_COMMANDS_OF=other drover load top",
            "modprobe base");
        Assert.Single(runs, run => run.Out == "ran\n");
        Assert.Equal("base", Assert.Single(machine.Loads.Asked).Name);
    }

    [Fact]
    public void Load_prints_the_outcomes_of_the_daemon()
    {
        using var machine = new DaemonMachine();
        machine.Loads.Load = (request, _) =>
            Task.FromResult(new RequestOutcome(request, [new ModuleOutcome(
            request.Name, request.Name == "base" ? OutcomeKind.Joined : OutcomeKind.Failed, request.Name == "base"
            ? Errno.None : Errno.ENODEV, ParametersDiffer: request.Name == "base")]));
        var runs = machine.Run("drover load base top", "drover load --json base");
        Assert.Equal(
            (1, "base: loaded by another request; its parameters differ from the requested ones: to change them, " +
                "remove the module first\n", "drover: top: no hardware for it\n"),
            (runs[0].Exit, runs[0].Out, runs[0].Error));
        using var json = JsonDocument.Parse(runs[1].Out);
        Assert.Equal((0, "joined"), (runs[1].Exit, json.RootElement.GetProperty("requests")[0]
            .GetProperty("modules")[0].GetProperty("outcome").GetString()));
        Assert.Equal(["base", "top", "base"], machine.Loads.Asked.Select(request => request.Name));
    }

    [Theory]
    [InlineData("modprobe top")]
    [InlineData("drover load top")]
    public void Load_falls_back_to_this_process_when_the_daemon_dies(string line)
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
        var note = line.StartsWith("drover", StringComparison.Ordinal)
            ? "drover: the daemon exited before it replied; loading without it\n" : "";
        Assert.Equal((alone.Exit, alone.Out, note + alone.Error), (run.Exit, run.Out, run.Error));
    }

    [Theory]
    [InlineData("modprobe top")]
    [InlineData("drover load top")]
    public void Names_unknown_to_the_daemon_are_looked_up_locally(string line)
    {
        using var without = new DaemonMachine { HasDaemon = false };
        var alone = without.Run(line)[0];
        using var machine = new DaemonMachine();
        machine.Loads.Load = (request, _) =>
            Task.FromResult(new RequestOutcome(request, [new ModuleOutcome(
            request.Name, OutcomeKind.NotFound, Why: "unheard of")]));
        Assert.Equal(alone, machine.Run(line)[0]);
        Assert.Single(machine.Loads.Asked);
    }
}
