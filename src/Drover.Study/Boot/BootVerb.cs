using Drover.Modules;
using Drover.Study.Files;
using Drover.Study.Recordings;
using Drover.Study.Report;

namespace Drover.Study.Boot;

/// <summary><c>drover boot</c>: why a boot was slow, what waited for what, what would help.</summary>
sealed class BootVerb : Verb
{
    const string ThisMachine = "this machine's";
    const int MaxTextBytes = 64 << 20; // systemd's times of some thousand units are 5 MB

    static readonly Option s_recording = new(
        "recording", "the module loads, as 'drover watch --json' or 'drover timeline --json' recorded them", "FILE",
        $"{CommonOptions.BootRecording}, or the daemon's");
    static readonly Option s_systemd = new(
        "systemd", "systemd's times, as --save wrote them", "FILE", ThisMachine);
    static readonly Option s_save = new(
        "save", "write systemd's times of this boot to a file, for --systemd; - for standard output", "FILE");
    static readonly Option s_html = ReportVerb.Html;
    static readonly Option s_trace = new(
        "trace", "also write the boot as trace events for Perfetto or Chrome; - for standard output", "FILE");

    public override string Name => "boot";

    public override string Summary => "show why this boot was slow: what waited for which module, and what would help";

    public override string Operands => "";

    public override string Details =>
        """
        Puts systemd's times and the module loads on one clock: the phases of the boot, the units that waited
        for a device or a module, the slowest loads with their devices' names, the critical path, the times
        without a load, and the last boots of the journal. Ends the boot where systemd does. First says what
        would save most, with the command to do it, or that nothing concerns modules. Prints text, a page
        (--html) or JSON. Changes nothing; needs no root.
        """;

    public override IReadOnlyList<Option> Options =>
        [s_recording, s_systemd, s_save, s_html, s_trace, CommonOptions.Socket, CommonOptions.Json];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover boot", "this boot"),
        new("drover boot --trace boot.json", "and as a file for https://ui.perfetto.dev"),
        new("drover boot --html boot.html", "a page: phases, units and loads on one time axis"),
        new("drover boot --save units.txt", "keep systemd's part of this boot; /run/drover/boot.jsonl has the loads"),
        new("drover boot --recording boot.jsonl --systemd units.txt --json", "an earlier boot, or another machine's"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        Check(arguments);
        if (arguments.Has(s_save))
        {
            var text = SystemdBoot.TextOfThisMachine() ?? throw new CommandException("systemd does not run here");
            using var kept = OutputFile.Open(arguments, s_save, terminal)!;
            kept.Fill(writer => writer.Write(text));
            return ExitCode.Ok;
        }
        var report = new BootReport(Analyse(arguments), DeviceNames.OfThisMachine());
        using var page = OutputFile.Open(arguments, s_html, terminal);
        using var trace = OutputFile.Open(arguments, s_trace, terminal);
        trace?.Fill(report.WriteTrace);
        page?.Fill(report.WritePage);
        if (trace is { IsStandardOutput: true } || page is { IsStandardOutput: true })
            return ExitCode.Ok;
        if (arguments.Has(CommonOptions.Json))
            report.WriteJson(terminal.Out);
        else if (page is null)
            report.WriteText(terminal);
        return ExitCode.Ok;
    }

    /// <summary>What is known of a boot of this machine; null for nothing.</summary>
    public static BootAnalysis? OfThisMachine()
    {
        var systemd = SystemdBoot.TextOfThisMachine() is { } text ? SystemdBoot.Parse(text) : null;
        var recording = Loads(Arguments.Parse([], []));
        return recording is null && systemd is null ? null : new BootAnalysis(recording, systemd);
    }

    void Check(Arguments arguments)
    {
        var others = Options.Except([s_save]);
        if (arguments.Has(s_save) && others.FirstOrDefault(arguments.Has) is { } other)
            throw new UsageException($"--save only writes systemd's times: leave out --{other.Name}");
    }

    static BootAnalysis Analyse(Arguments arguments)
    {
        var systemd = arguments.Text(s_systemd) is { } file
            ? SystemdBoot.Parse(ByteText.Of(InputFile.ReadAllBytes(file, MaxTextBytes)))
            : SystemdBoot.TextOfThisMachine() is { } text ? SystemdBoot.Parse(text) : null;
        if (arguments.Has(s_systemd) && systemd is { Units.Count: 0 })
        {
            throw new CommandException(
                $"{InputFile.NameOf(arguments.Text(s_systemd)!)}: no units: use what 'drover boot --save' or "
                + "'systemctl show' wrote");
        }
        var recording = Loads(arguments);
        return recording is null && systemd is null
            ? throw new CommandException(
                $"nothing is known of this boot: there is no daemon, no {CommonOptions.BootRecording} and no systemd; "
                + "the daemon and 'drover install --watch' record the next ones, --recording FILE shows another")
            : new BootAnalysis(recording, systemd);
    }

    static Recording? Loads(Arguments arguments)
    {
        if (arguments.Text(s_recording) is { } file)
            return Only(RecordingFile.Load(file), file);
        if (!arguments.Has(CommonOptions.Socket) && SystemFiles.Current.IsFile(CommonOptions.BootRecording))
            return Only(RecordingFile.Load(CommonOptions.BootRecording), CommonOptions.BootRecording);
        if (arguments.Has(s_systemd))
            return null;
        if (arguments.Has(CommonOptions.Socket) && !DaemonClient.IsThere(DaemonClient.SocketOf(arguments)))
            throw new CommandException($"no daemon answers at {DaemonClient.SocketOf(arguments)}");
        var text = TimelineVerb.TryRead(arguments);
        return text is null ? null : RecordingFile.Read(text, "the daemon's reply")[0];
    }

    static Recording Only(IReadOnlyList<Recording> recordings, string file) =>
        recordings is [{ Calls.Count: > 0 } recording]
            ? recording
            : throw new CommandException($"{file} contains no calls: use the output of 'drover watch --json'");
}
