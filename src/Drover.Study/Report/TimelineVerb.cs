using System.Text;
using System.Text.Json;
using Drover.Linux.ProcFs;
using Drover.Study.Recordings;

namespace Drover.Study.Report;

sealed class TimelineVerb : Verb
{
    public override string Name => "timeline";
    public override string Summary => "show when the daemon loaded what, who waited for what, and the critical path";
    public override string Operands => "";

    public override string Details =>
        """
        For each module that the daemon has tried to load: when it was first requested, how long it waited
        for its dependencies and for its turn, how long it was in the kernel. Does not need root. Prints
        text, a page (--html), or a recording for 'drover report' (--json).
        """;

    public override IReadOnlyList<Option> Options =>
        [ReportVerb.Html, CommonOptions.Socket, CommonOptions.Json with { Help = "a recording: one JSON object" }];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover timeline", "bars of characters, and the critical path"),
        new("drover timeline --html boot.html", "a page with the boot as a Gantt chart"),
        new("drover timeline --json > boot.json", "for 'drover report', to compare with another boot"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        if (arguments.Text(ReportVerb.Html) is { Length: 0 })
            throw new UsageException("--html needs the name of a file");
        if (arguments.Has(ReportVerb.Html) && arguments.Has(CommonOptions.Json))
            throw new UsageException("--html and --json exclude each other");
        var socket = DaemonClient.SocketOf(arguments);
        var text = DaemonClient.Call("Status", null, socket, status =>
            DaemonClient.Call("Modules", null, socket, modules => ToJson(status, modules)));
        if (arguments.Has(CommonOptions.Json))
        {
            terminal.Out.Write(text);
            return ExitCode.Ok;
        }
        try
        {
            var recordings = RecordingFile.Read(Encoding.UTF8.GetBytes(text), "the daemon's reply");
            ReportVerb.Write(recordings, "drover timeline", arguments, terminal);
        }
        catch (RecordingException problem)
        {
            throw new CommandException($"{problem.Message}: is the daemon of another version?");
        }
        return ExitCode.Ok;
    }

    static string ToJson(JsonElement status, JsonElement modules)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        Json.Write(writer, json =>
        {
            json.WriteString("release", DaemonClient.TextOf(status, "release"));
            json.WriteNumber("cpus", Machine.CountCpus());
            json.WritePropertyName("timeline");
            modules.GetProperty("modules").WriteTo(json);
        });
        return writer.ToString();
    }
}
