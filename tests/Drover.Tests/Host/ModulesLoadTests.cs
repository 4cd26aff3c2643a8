using Drover.Kernel;
using Drover.Loading;

namespace Drover.Tests.Host;

/// <summary>drover modules-load, with a daemon, and beside systemd's own program.</summary>
public sealed class ModulesLoadTests
{
    /// <summary>Gives the machine a modules-load.d of three files.</summary>
    const string Config =
        "mkdir -p /etc/modules-load.d; mount -t tmpfs none /etc/modules-load.d; "
        + "printf '# disks\\nbase\\n; no\\n drover-test \\n' >/etc/modules-load.d/10-a.conf; "
        + "printf 'base\\nnothing' >/etc/modules-load.d/20-b.conf; "
        + "printf 'broken\\n' >/etc/modules-load.d/README; ";

    [Fact]
    public void All_lines_are_one_request_of_the_daemon_and_each_line_is_reported()
    {
        using var machine = new DaemonMachine();
        machine.Loads.Load = (request, _) => Task.FromResult(new RequestOutcome(request, request.Name switch
        {
            "drover-test" =>
            [
                new ModuleOutcome("mid", OutcomeKind.Blacklisted, Why: "mid is blacklisted"),
                new ModuleOutcome("top", OutcomeKind.Failed, Errno.ENODEV),
            ],
            "nothing" => [new ModuleOutcome("nothing", OutcomeKind.BuiltIn)],
            _ => [new ModuleOutcome(request.Name, OutcomeKind.Loaded)],
        }));

        var run = machine.Run(Config + "drover modules-load")[0];

        Assert.Equal(
            """
            /etc/modules-load.d/10-a.conf:2: base: loaded
            /etc/modules-load.d/10-a.conf:4: mid is blacklisted
            /etc/modules-load.d/20-b.conf:1: base: loaded
            /etc/modules-load.d/20-b.conf:2: nothing: built into the kernel

            """, run.Out);
        Assert.Equal("drover: /etc/modules-load.d/10-a.conf:4: top: no hardware for it\n", run.Error);
        Assert.Equal(0, run.Exit);
        Assert.Equal(["base", "drover-test", "nothing"], machine.Loads.Asked.Select(request => request.Name));
        Assert.All(machine.Loads.Asked, request => Assert.True(request.ApplyBlacklist));
    }

    [Theory]
    [InlineData(OutcomeKind.Failed, Errno.ENODEV, 0)]
    [InlineData(OutcomeKind.Failed, Errno.ENOENT, 0)]
    [InlineData(OutcomeKind.Failed, Errno.EINVAL, 1)]
    [InlineData(OutcomeKind.Joined, Errno.ENODEV, 0)]
    [InlineData(OutcomeKind.Joined, Errno.ENOEXEC, 1)]
    [InlineData(OutcomeKind.AlreadyLive, Errno.None, 0)]
    [InlineData(OutcomeKind.Left, Errno.None, 1)]
    public void The_status_is_1_only_for_what_systemd_counts_as_a_failure(OutcomeKind kind, Errno error, int status)
    {
        using var machine = new DaemonMachine();
        machine.Loads.Load = (request, _) =>
            Task.FromResult(new RequestOutcome(request, [new ModuleOutcome("base", kind, error)]));

        Assert.Equal(status, machine.Run(Config + "drover modules-load 10-a.conf")[0].Exit);
    }

    [Fact]
    public void A_missing_file_is_reported_and_the_others_are_loaded()
    {
        using var machine = new DaemonMachine();

        var run = machine.Run(Config + "drover modules-load missing.conf 10-a.conf")[0];

        Assert.Equal(1, run.Exit);
        Assert.Contains("/etc/modules-load.d/missing.conf", run.Error, StringComparison.Ordinal);
        Assert.Equal(["base", "drover-test"], machine.Loads.Asked.Select(request => request.Name));
    }

    [Fact]
    public void A_machine_without_requests_needs_no_daemon()
    {
        using var machine = new DaemonMachine { HasDaemon = false };

        var run = machine.Run(
            "for d in etc run usr/local/lib usr/lib; do mkdir -p /$d/modules-load.d; "
            + "mount -t tmpfs none /$d/modules-load.d; done; drover modules-load")[0];

        Assert.Equal((0, "", ""), (run.Exit, run.Out, run.Error));
    }

    [Fact]
    public void The_names_are_those_that_systemd_loads()
    {
        Assert.SkipUnless(File.Exists("/lib/systemd/systemd-modules-load"), "systemd is not installed");
        using var machine = new DaemonMachine();

        var runs = machine.Run(
            Config + "drover modules-load >/dev/null 2>&1",
            "SYSTEMD_LOG_LEVEL=debug SYSTEMD_LOG_TARGET=console /lib/systemd/systemd-modules-load 2>&1 "
            + "| sed -n 's/^.*Loading module: //p'");

        var names = runs[1].Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct();
        Assert.Equal(names, machine.Loads.Asked.Select(request => request.Name));
    }

    [Fact]
    public void A_file_of_the_working_directory_needs_its_path()
    {
        var run = NativeShell.Run(
            $"cd $(mktemp -d); echo t_btrfs >ml.conf; drover modules-load -n -r {CommandLineRun.Root} ml.conf; "
            + $"drover modules-load -n -r {CommandLineRun.Root} ./ml.conf | tail -n 1");
        Assert.Equal(
            $"drover: {CommandLineRun.Root}/etc/modules-load.d/ml.conf: no such file; ./ml.conf names the one in the "
            + "working directory\n", run.Error);
        Assert.EndsWith(" modules to load, 0 live already\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dry_run_prints_the_plan_of_a_root()
    {
        var run = CommandLineRun.Run("modules-load", "--dry-run", "--root", CommandLineRun.Root);

        run.ShouldBe("modules-load-dry-run.txt");
    }
}
