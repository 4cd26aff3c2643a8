using System.Globalization;
using Drover.CommandLine;
using Drover.Devices;
using Drover.Host;
using Drover.Kernel;
using Drover.Linux.Runtime;
using Drover.Linux.Sysfs;
using Drover.Loading;
using Drover.Modules.Config;
using Drover.Text;

namespace Drover.Commands;

/// <summary><c>drover coldplug</c>: loads the modules of the devices that are present.</summary>
sealed class ColdplugVerb : Verb
{
    static readonly Option s_sys =
        new("sys", "use the sysfs in DIR; another machine's sysfs needs --dry-run", "DIR", "/sys");

    /// <summary>Coldplug ends when no driver has become live and no device has appeared for this time. A driver's probe
    /// may go on after its module's init returned, and add devices (serio, USB, SCSI hosts). 'udevadm settle' has no
    /// such delay.</summary>
    static readonly TimeSpan s_quietTime = TimeSpan.FromMilliseconds(100);

    public override string Name => "coldplug";

    public override string Summary => "load the modules of all present devices, each module once";

    public override string Operands => "";

    public override string Details =>
        """
        Scans all devices, removes duplicate modaliases, and loads the matching modules with one kernel
        call each; then loads the modules of devices that appeared meanwhile, until no more appear.
        A driver that finds no hardware (ENODEV) does not count as a failure. After Ctrl-C, coldplug
        prints its report, and ends when the kernel has ended its loads.
        """;

    public override IReadOnlyList<Option> Options =>
    [
        CommonOptions.DryRun, CommonOptions.Jobs, CommonOptions.Budget, CommonOptions.Stagger,
        CommonOptions.Decompress, CommonOptions.Root, CommonOptions.Release, s_sys, CommonOptions.Json,
        CommonOptions.Verbose with { Help = "print a line for each kernel call to standard error" },
        CommonOptions.Quiet with { Help = "print no table and no progress, only failures, to standard error" },
    ];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover coldplug", "at boot, instead of 'udevadm trigger' for modules"),
        new("drover coldplug --quiet", "the same in a script or a unit"),
        new("drover coldplug --dry-run", "which modules would be loaded, why, and for which device; root not needed"),
        new("drover coldplug --jobs 4 --budget 64M --json", "on a small machine, with a report in JSON"),
        new("drover coldplug --dry-run --root /mnt --sys /tmp/copy-of-sys", "the plan for another machine"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        var catalog = LoadVerb.OpenCatalog(arguments, terminal);
        var sys = arguments.Text(s_sys) ?? "/sys";
        if (arguments.Has(CommonOptions.DryRun))
            return Plan(catalog, sys, arguments, terminal);

        Session.RequireModuleSupport("--dry-run with --root and --sys");
        using var session = new Session(catalog);
        using var devices = new SysfsDevices(session.Loop, sys);
        if (!devices.IsLive)
        {
            throw new CommandException(
                $"{sys} is not the sysfs of this machine: use --dry-run to plan for its devices");
        }

        var report = Load(session, devices, arguments, terminal, out var interrupted);
        if (arguments.Has(CommonOptions.Json))
            WriteJson(report, interrupted, terminal.Out);
        else if (arguments.Has(CommonOptions.Quiet))
            WarnOfFailures(report, terminal);
        else
            WriteTable(report, terminal.Out);
        if (interrupted)
            terminal.Warn("coldplug: interrupted before all modules were requested");
        return !HasAllDevices(devices, sys, terminal) || interrupted || !IsComplete(report)
            ? ExitCode.Failure
            : ExitCode.Ok;
    }

    /// <summary>Whether the last scan could read every device; says so if it could not.</summary>
    static bool HasAllDevices(SysfsDevices devices, string sys, Terminal terminal)
    {
        var counts = devices.Counts;
        if (counts.Unreadable > 0)
            terminal.Warn($"coldplug: {counts.Unreadable} directories and files in {sys} cannot be read");
        else if (counts.Devices == 0)
            terminal.Warn($"coldplug: there is no device in {sys}");
        return counts is { Unreadable: 0, Devices: > 0 };
    }

    /// <summary>Whether every module was loaded, other than drivers that found no hardware.</summary>
    internal static bool IsComplete(ColdplugReport report) => report.Failures().All(FoundNoHardware);

    static bool FoundNoHardware((ModuleOutcome Outcome, AliasReport Alias) failure) =>
        failure.Outcome.Error is Errno.ENODEV;

    internal static void WriteTable(ColdplugReport report, TextWriter writer)
    {
        var all = report.Failures();
        var withoutHardware = all.Where(FoundNoHardware).ToList();
        var failures = all.Where(failure => !FoundNoHardware(failure)).ToList();
        var forbidden = report.Forbidden();
        var table = new PlainTable();
        void Row(string name, object value) => table.Add(name, string.Create(CultureInfo.InvariantCulture, $"{value}"));
        Row("devices", report.Devices);
        Row("modaliases", report.Modaliases);
        Row("distinct", report.Aliases.Count);
        Row("modules", report.Modules);
        Row("calls", $"{report.Counts.Calls}{LoadReport.InBrackets(LoadReport.CallsOf(report.Counts))}");
        Row("spared", report.Spared);
        Row("no hardware", withoutHardware.Count);
        Row("failed", failures.Count);
        if (forbidden.Count > 0)
            Row("forbidden", forbidden.Count);
        Row("wasted", ByteSize.Format(report.Counts.WastedFileBytes));
        Row("seconds", report.Took.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture));
        table.WriteTo(writer);
        WriteReasons("NO HARDWARE", withoutHardware, writer);
        WriteReasons("FAILED", failures, writer);
        WriteReasons("FORBIDDEN", forbidden, writer);
    }

    static void WriteReasons(
        string heading, IReadOnlyList<(ModuleOutcome Outcome, AliasReport Alias)> entries, TextWriter writer)
    {
        if (entries.Count == 0)
            return;
        var reasons = new PlainTable(heading, "REASON", "DEVICE");
        foreach (var (outcome, alias) in entries)
            reasons.Add(outcome.Module, OutcomeText.ReasonOf(outcome), alias.FirstDevice);
        writer.WriteLine();
        reasons.WriteTo(writer);
    }

    internal static void WriteJson(ColdplugReport report, bool interrupted, TextWriter writer) =>
        Json.Write(writer, json =>
    {
        json.WriteNumber("devices", report.Devices);
        json.WriteNumber("modaliases", report.Modaliases);
        json.WriteNumber("distinct", report.Aliases.Count);
        json.WriteNumber("modules", report.Modules);
        json.WriteCalls(report.Counts);
        json.WriteNumber("attempted", report.Counts.Attempted);
        json.WriteNumber("spared", report.Spared);
        json.WriteNumber("wastedBytes", report.Counts.WastedFileBytes);
        json.WriteNumber("peakBytesInFlight", report.Counts.PeakBytesInFlight);
        json.WriteNumber("peakCallsInFlight", report.Counts.PeakCallsInFlight);
        json.WriteNumber("looks", report.Scans);
        json.WriteNumber("timesLost", report.TimesLost);
        json.WriteNumber("seconds", Math.Round(report.Took.TotalSeconds, 6));
        json.WriteBoolean("interrupted", interrupted);
        json.WriteObjects("failures", report.Failures(), WriteEntry);
        json.WriteObjects("forbidden", report.Forbidden(), WriteEntry);
        // without the many modaliases that no module has
        json.WriteObjects("aliases", report.Aliases.Where(alias => alias.Modules.Count > 0), alias =>
        {
            json.WriteString("modalias", alias.Modalias);
            json.WriteNumber("devices", alias.Devices);
            json.WriteString("firstDevice", alias.FirstDevice);
            json.WriteNumber("attempts", alias.Attempts);
            json.WriteObjects("modules", alias.Modules, json.WriteOutcome);
        });

        void WriteEntry((ModuleOutcome Outcome, AliasReport Alias) entry)
        {
            json.WriteObject("outcome", () => json.WriteOutcome(entry.Outcome));
            json.WriteString("modalias", entry.Alias.Modalias);
            json.WriteString("device", entry.Alias.FirstDevice);
        }
    });

    static void WarnOfFailures(ColdplugReport report, Terminal terminal)
    {
        foreach (var (outcome, alias) in report.Failures().Where(failure => !FoundNoHardware(failure)))
            terminal.Warn($"coldplug: {outcome.Module}, for {alias.FirstDevice}: {OutcomeText.ReasonOf(outcome)}");
    }

    static ColdplugReport Load(
        Session session, SysfsDevices devices, Arguments arguments, Terminal terminal, out bool interrupted)
    {
        using var interrupt = new Interrupt();
        var watcher = new LoadWatcher(
            terminal, arguments.Has(CommonOptions.Verbose), arguments.Has(CommonOptions.Quiet));
        var loader = session.CreateLoader(arguments, watcher);
        var coldplug = new Coldplug(session.Loop, devices, loader, s_quietTime, session.ReadRecord(arguments));
        watcher.Progress = () =>
        {
            var progress = coldplug.Progress;
            return $"{progress.Devices} devices, {progress.Distinct} modaliases, {progress.Waiting} waiting, ";
        };
        if (session.WithoutLocks is { } reason)
            watcher.Noted(reason);
        var report = session.Loop.Run(() => coldplug.RunAsync(interrupt.Token));
        watcher.Done();
        interrupted = interrupt.Token.IsCancellationRequested;
        return report;
    }

    static int Plan(ModuleCatalog catalog, string sys, Arguments arguments, Terminal terminal)
    {
        var loop = new LiveLoop();
        using var devices = new SysfsDevices(loop, sys);
        var survey = ColdplugSurvey.Of(devices.Enumerate());
        var planned = new PlannedDevices(survey.Devices, survey.Modaliases, survey.Requests.Count, devices.IsLive);
        var status = PlanOutput.Write(catalog, survey.Requests, arguments, terminal, planned);
        return HasAllDevices(devices, sys, terminal) ? status : ExitCode.Failure;
    }
}
