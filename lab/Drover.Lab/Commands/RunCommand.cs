using System.CommandLine;
using Drover.Lab.Guest;
using Drover.Lab.Prepare;
using Drover.Lab.Runs;
using static Drover.Lab.Commands.LabOptions;

namespace Drover.Lab.Commands;

static class RunCommand
{
    /// <summary>Options for drover with --scenario: with one job, a call's time is its module's own.</summary>
    const string OneJob = "--jobs 1";

    static readonly ValueOption<GuestSystem> s_system = SystemOf(GuestSystem.Names);
    static readonly ValueOption<Architecture> s_architecture = new(
        "--arch", string.Join('|', OptionNames.Of<Architecture>()), "as behind a system's name",
        OptionNames.Parse<Architecture>);
    static readonly ValueOption<int> s_seed = new(
        "--seed", "N", "another run: of the random generator, address randomisation and the start's phase",
        Number(1, 1000), "1");
    static readonly ValueOption<int> s_cpus = Cpus();
    static readonly ValueOption<GuestLoader> s_loader = new(
        "--loader", string.Join('|', Loaders), """
            drover: drover coldplug;
            daemon: drover daemon --own-modprobe and udev without module loads, then drover settle;
            udev: systemd-udevd, udevadm trigger, udevadm settle;
            modprobe: find /sys/devices -name modalias … | sort -u | xargs modprobe -abq;
            list: modprobe -abq with exactly the modules of a udev run
            """, OptionNames.Parse<GuestLoader>, required: true);
    static readonly ValueOption<Gate?> s_gate = new(
        "--gate", string.Join('|', Gates), "of the gates kernel: what a second load of a file meets",
        text => OptionNames.Parse<Gate>(text));
    static readonly ValueOption<IReadOnlyList<string>> s_devices = new(
        "--devices", "NAME,…", "more devices, by QEMU's names ('qemu-system-x86_64 -device help')", List(Name), "");
    static readonly ValueOption<string[]> s_qemuArguments = new(
        "--qemu-args", "OPTIONS", "more options for QEMU, as one word: '-d in_asm -D /tmp/code'",
        text => text.Split(' ', StringSplitOptions.RemoveEmptyEntries), "");
    static readonly ValueOption<string> s_boot = new(
        "--boot", "FILE", "a recording of an earlier boot for the first audit: watch.jsonl of --watch --raw", Any);
    static readonly ValueOption<string> s_record = new(
        "--record", "FILE", "the record of an earlier boot, for drover and daemon: boot-record of --raw", Any);
    static readonly ValueOption<string> s_scenario = new(
        "--scenario", "FILE", "write the guest as a scenario of the model, with its calls' times; for loader drover",
        Path.GetFullPath);
    static readonly ValueOption<int?> s_slowdown = new(
        "--slowdown", "N", """
            how much slower the guest's CPU is than a real one by its clock, for --scenario (default 3 with --clock
            instructions: an instruction is a nanosecond there; 20 with --clock host)
            """, text => Number(1, 1000)(text));
    static readonly Option<bool>
        s_watch = new("--watch") { Description = "compare drover watch, next to the loader, with the trace" },
        s_audit = new("--audit") { Description = "compare drover audit, before and after the loader, with the calls" },
        s_guest = new("--guest") { Description = "keep the guest's times, for --scenario" };

    public static LabCommand Create() => new(
        "run", "Boots a real kernel in QEMU, lets one loader do the coldplug, and reports the kernel's trace of it.",
        """
        lab/run --system debian13 --cpus 32 --loader udev
        lab/run --system gates --arch arm64 --gate exclusive --cpus 32 --loader drover --json /tmp/run.json
        lab/run --system sid --cpus 2 --loader drover --clock host --threads multi
        lab/run --system debian12 --cpus 8 --loader drover --devices ich9-usb-ehci1,qemu-xhci --scenario /tmp/pc.json
        """,
        "the guest sent its results; the report has the loader's status (123 if a module of the one-liner failed)",
        "the guest sent no results",
        RunAsync, s_system, s_architecture, s_cpus, s_loader, s_gate, GuestClock, GuestThreads, s_seed, FullBoots,
        Memory, Json, TimeLimit, Binary, StudyBinary, DroverArguments,
        s_devices, s_qemuArguments, s_record, s_watch, s_audit, s_boot, s_scenario, s_slowdown, s_guest, Raw, Verbose);

    static async Task<int> RunAsync(ParseResult line, LabHost host)
    {
        var (system, loader) = (s_system.Of(line), s_loader.Of(line));
        if (line.GetResult(s_architecture) is not null)
            system = system with { Architecture = s_architecture.Of(line) };
        var own = system.KernelGate;
        var gate = s_gate.Of(line) ?? own;
        if (!system.IsGates && gate != own)
            throw LabException.Usage($"the gate of {system} is {own.OptionName()}; --gate is for --system gates");
        var (scenario, boot) = (s_scenario.Of(line), s_boot.Of(line));
        if (boot is not null && !line.GetValue(s_audit))
            throw LabException.Usage("--boot is for --audit");
        if (scenario is null && (s_slowdown.Of(line) is not null || line.GetValue(s_guest)))
            throw LabException.Usage("--slowdown and --guest are for --scenario");
        if (scenario is not null && loader != GuestLoader.Drover)
            throw LabException.Usage("--scenario is for --loader drover");

        var settings = Settings(line);
        settings = settings with
        {
            DroverArguments = scenario is null ? settings.DroverArguments : $"{settings.DroverArguments} {OneJob}",
            Devices = s_devices.Of(line),
            QemuArguments = s_qemuArguments.Of(line),
            Watch = line.GetValue(s_watch),
            Audit = line.GetValue(s_audit),
            Scenario = scenario is not null,
            EarlierBoot = boot is null ? null : ReadFile("--boot", boot),
            BootRecord = s_record.Of(line) is { } record ? ReadFile("--record", record) : null,
        };
        using var laboratory = new Laboratory(settings, host);
        var report = await laboratory.RunAsync(new Point(system, gate, s_cpus.Of(line), loader), s_seed.Of(line));
        if (Json.Of(line) is { } json)
            ReportFile.Write(json, report);
        if (scenario is not null)
        {
            var study = settings.StudyFor(system with { Architecture = GuestSystem.HostArchitecture });
            await WriteScenarioAsync(line, host, report, scenario, study);
        }
        Console.Write(RunReportText.Of(report));
        if (report.DroverErrors is { } errors)
            Console.Error.Write(errors);
        return 0;
    }

    static int DefaultSlowdown(Clock clock) => clock == Clock.Instructions ? 3 : 20;

    static string ReadFile(string option, string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw LabException.Usage($"{option}: {problem.Message}");
        }
    }

    /// <summary>Adds the times of the guest's calls to its scenario, with drover-study on this machine.</summary>
    static async Task WriteScenarioAsync(
        ParseResult line, LabHost host, RunReport report, string file, string studyBinary)
    {
        if (report.Scenario is not ['{', ..] recorded)
            throw new LabException($"drover scenario recorded nothing in the guest: {report.Scenario?.Trim()}");
        using var work = host.Work();
        var (scenario, timings) = (work.File("scenario.json"), work.File("timings.json"));
        await File.WriteAllTextAsync(scenario, recorded);
        ReportFile.Write(timings, report);
        await host.RunAsync(studyBinary,
        [
            "scenario", "--from", scenario, "--timings", timings,
            "--name", $"the lab's {report.Kernel} kernel, {report.Cpus} CPUs",
            "--description",
            $"A guest of QEMU ({GuestSystem.Parse(report.Kernel).Architecture.Machine}, TCG, {report.Memory}) "
                + $"with kernel {report.KernelRelease}, recorded by lab/run --scenario.",
            "--slowdown", (s_slowdown.Of(line) ?? DefaultSlowdown(GuestClock.Of(line))).ToString(), "--output", file,
            .. Enumerable.Repeat("--guest", line.GetValue(s_guest) ? 1 : 0),
        ]);
    }
}
