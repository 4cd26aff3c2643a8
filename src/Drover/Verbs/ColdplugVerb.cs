using Drover.Cli;
using Drover.Devices;
using Drover.Linux;
using Drover.Linux.Sysfs;
using Drover.Loading;
using Drover.Modules;
using Drover.Output;

namespace Drover.Verbs;

/// <summary><c>drover coldplug</c>: what the devices that are there ask for.</summary>
sealed class ColdplugVerb : Verb
{
    static readonly Option Sys = new("sys", "the sysfs to look at; another than this machine's only with --dry-run", "DIR", "/sys");

    /// <summary>
    /// A driver's probe may go on after its module's init, and devices appear then (serio, USB, SCSI hosts). Udev's settle has no such wait: it ends when
    /// its queue is empty.
    /// </summary>
    static readonly TimeSpan QuietTime = TimeSpan.FromMilliseconds(100);

    public override string Name => "coldplug";

    public override string Summary => "load what the devices of this machine ask for, each module once";

    public override string Operands => "";

    public override string Details =>
        """
        Looks at every device, makes equal modaliases one, loads what they stand for, each module with
        one call to the kernel; then what the devices want that appeared meanwhile, until nothing new
        comes. A driver that finds no hardware (ENODEV) is no failure. Ctrl-C lets the loads that are
        in the kernel end, and reports.
        """;

    public override IReadOnlyList<Option> Options =>
    [
        CommonOptions.DryRun, CommonOptions.Jobs, CommonOptions.Budget, CommonOptions.Root, CommonOptions.Release, Sys, CommonOptions.Json,
        CommonOptions.Verbose with { Help = "a line for each call to the kernel, on standard error" },
        CommonOptions.Quiet with { Help = "no table and no progress: only what could not be loaded, on standard error" },
    ];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover coldplug", "at boot, in the place of 'udevadm trigger' for modules"),
        new("drover coldplug --quiet", "the same from a script or a unit"),
        new("drover coldplug --dry-run", "what would be loaded, why, and which device asks; needs no root"),
        new("drover coldplug --jobs 4 --budget 64M --json", "on a small machine, with a report to keep"),
        new("drover coldplug --dry-run --root /mnt --sys /tmp/copy-of-sys", "the plan for another machine"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        var catalog = ModuleSource.Open(arguments);
        if (arguments.Has(CommonOptions.Verbose))
            terminal.WarnOf(catalog.Config);
        var sys = arguments.Text(Sys) ?? "/sys";
        if (arguments.Has(CommonOptions.DryRun))
            return Plan(catalog, sys, arguments, terminal);

        Session.RequireModuleSupport();
        using var session = new Session(catalog);
        using var devices = new SysfsDevices(session.Loop, sys);
        if (!devices.IsLive)
            throw new CannotException($"{sys} is not the sysfs of this machine: what its devices want can only be planned for, with --dry-run");
        var report = Load(session, devices, arguments, terminal, out var interrupted);
        if (arguments.Has(CommonOptions.Json))
            ColdplugJsonReport.Write(report, interrupted, terminal.Out);
        else if (arguments.Has(CommonOptions.Quiet))
            ComplainOf(report, terminal);
        else
            ColdplugTable.Write(report, terminal.Out);
        if (interrupted)
            terminal.Complain("coldplug: interrupted: not everything was asked for");
        return interrupted || !LoadedAllThatCouldBe(report) ? ExitCode.Failure : ExitCode.Ok;
    }

    /// <summary>A line for each module that somebody could have loaded.</summary>
    static void ComplainOf(ColdplugReport report, Terminal terminal)
    {
        foreach (var (outcome, alias) in report.Failures())
        {
            if (outcome.Error is not Errno.ENODEV)
                terminal.Complain($"coldplug: {outcome.Module}, for {alias.FirstDevice}: {OutcomeText.ReasonOf(outcome)}");
        }
    }

    static ColdplugReport Load(Session session, SysfsDevices devices, Arguments arguments, Terminal terminal, out bool interrupted)
    {
        using var interrupt = new Interrupt();
        var watcher = new LoadWatcher(terminal, arguments.Has(CommonOptions.Verbose), arguments.Has(CommonOptions.Quiet));
        var loader = session.CreateLoader(arguments, watcher);
        var coldplug = new Coldplug(session.Loop, devices, loader, QuietTime);
        watcher.Progress = () => $"{coldplug.Progress.Devices} devices, {coldplug.Progress.Distinct} modaliases, {coldplug.Progress.Waiting} waiting, ";
        if (session.WithoutGate is { } reason)
            watcher.Noted(reason);
        var report = session.Loop.Run(() => coldplug.RunAsync(interrupt.Stop));
        watcher.Done();
        interrupted = interrupt.Stop.IsCancellationRequested;
        return report;
    }

    static int Plan(ModuleCatalog catalog, string sys, Arguments arguments, Terminal terminal)
    {
        using var loop = new LiveLoop();
        using var devices = new SysfsDevices(loop, sys);
        var survey = ColdplugSurvey.Of(devices.Enumerate());
        return PlanOutput.Write(catalog, survey.Requests, arguments, terminal, new PlannedDevices(survey.Devices, survey.Modaliases, survey.Requests.Count, devices.IsLive));
    }

    /// <summary>A driver that finds no hardware could not be loaded by anybody.</summary>
    internal static bool LoadedAllThatCouldBe(ColdplugReport report) => report.Failures().All(failure => failure.Outcome.Error is Errno.ENODEV);
}
