using System.Text;
using Drover.Modules;
using Drover.Study.Recordings;
using Drover.Study.Report;

namespace Drover.Study.Boot;

/// <summary><c>drover boot</c>: why a boot was slow, what waited for what, what would help.</summary>
sealed class BootVerb : Verb
{
    /// <summary>What 'drover install --watch' records.</summary>
    const string BootRecording = "/run/drover/boot.jsonl";

    const string ThisMachine = "this machine's";

    static readonly Option s_recording = new(
        "recording", "the module loads, as 'drover watch --json' or 'drover timeline --json' recorded them", "FILE",
        $"{BootRecording}, or the daemon's");
    static readonly Option s_systemd = new(
        "systemd", "systemd's times: the output of systemctl show; echo; systemctl show '*'", "FILE", ThisMachine);
    static readonly Option s_trace = new(
        "trace", "also write the boot as trace events for Perfetto or Chrome; - for standard output", "FILE");

    public override string Name => "boot";

    public override string Summary => "show why this boot was slow: what waited for which module, and what would help";

    public override string Operands => "";

    public override string Details =>
        """
        Puts systemd's times and the module loads on one clock: the phases of the boot, the units that waited
        for a device or a module, the slowest loads with their devices' names, the critical path, and the
        times without a load. Ends the boot where systemd does. First says what would save most, with the
        command to do it, or that nothing concerns modules. Changes nothing; needs no root.
        """;

    public override IReadOnlyList<Option> Options =>
        [s_recording, s_systemd, s_trace, CommonOptions.Socket, CommonOptions.Json];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover boot", "this boot"),
        new("drover boot --trace boot.json", "and as a file for https://ui.perfetto.dev"),
        new("drover boot --recording boot.jsonl --systemd units.txt --json", "an earlier boot, or another machine's"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        var systemd = arguments.Text(s_systemd) is { } units
            ? SystemdBoot.Parse(ByteText.Of(SystemFiles.Current.ReadAllBytes(units)))
            : SystemdBoot.OfThisMachine();
        if (arguments.Has(s_systemd) && systemd is { Units.Count: 0 })
            throw new CommandException($"{arguments.Text(s_systemd)} is not the output of 'systemctl show'");
        var recording = Loads(arguments);
        if (recording is null && systemd is null)
        {
            throw new CommandException(
                $"nothing is known of this boot: there is no daemon, no {BootRecording} and no systemd");
        }
        var report = new BootReport(new BootAnalysis(recording, systemd), new DeviceNames("/sys", DeviceNames.Places));
        if (arguments.Text(s_trace) is { } trace)
            WriteTrace(report, trace, terminal);
        if (arguments.Text(s_trace) == "-")
            return ExitCode.Ok;
        if (arguments.Has(CommonOptions.Json))
            report.WriteJson(terminal.Out);
        else
            report.WriteText(terminal);
        return ExitCode.Ok;
    }

    static Recording? Loads(Arguments arguments)
    {
        if (arguments.Text(s_recording) is { } file)
            return Only(RecordingFile.Load(file), file);
        if (!arguments.Has(CommonOptions.Socket) && SystemFiles.Current.IsFile(BootRecording))
            return Only(RecordingFile.Load(BootRecording), BootRecording);
        if (arguments.Has(s_systemd))
            return null;
        var text = TimelineVerb.TryRead(arguments);
        return text is null ? null : RecordingFile.Read(Encoding.UTF8.GetBytes(text), "the daemon's reply")[0];
    }

    static Recording Only(IReadOnlyList<Recording> recordings, string file) =>
        recordings is [{ Calls.Count: > 0 } recording]
            ? recording
            : throw new CommandException($"{file} contains no calls: use the output of 'drover watch --json'");

    static void WriteTrace(BootReport report, string path, Terminal terminal)
    {
        if (path == "-")
        {
            report.WriteTrace(terminal.Out);
            return;
        }
        using var writer = new StreamWriter(path) { NewLine = "\n" };
        report.WriteTrace(writer);
        terminal.Error.WriteLine($"{PlainText.Of(path)}: written");
    }
}
