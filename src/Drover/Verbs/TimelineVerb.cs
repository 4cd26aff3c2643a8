using System.Text;
using System.Text.Json;
using Drover.Cli;
using Drover.Output;
using Drover.Report;

namespace Drover.Verbs;

/// <summary><c>drover timeline</c>: what the daemon loaded when, and what that waited for.</summary>
sealed class TimelineVerb : Verb
{
    public override string Name => "timeline";

    public override string Summary => "show when the daemon loaded what, who waited for what, and the critical path";

    public override string Operands => "";

    public override string Details =>
        """
        Of each module that the daemon has loaded, or tried to: when it was first asked for, how long it waited
        for what it depends on and for its turn, how long it was in the kernel. Anybody may ask. As text, as
        a page (--html), or as a recording for 'drover report' (--json).
        """;

    public override IReadOnlyList<Option> Options => [ReportVerb.Html, CommonOptions.Socket, CommonOptions.Json with { Help = "a recording: one JSON object" }];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover timeline", "bars of characters, and the critical path"),
        new("drover timeline --html boot.html", "a page, with the boot as a Gantt chart"),
        new("drover timeline --json > boot.json", "for 'drover report', beside another boot"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        if (arguments.Text(ReportVerb.Html) is { Length: 0 })
            throw new UsageException("--html needs the name of a file");
        if (arguments.Has(ReportVerb.Html) && arguments.Has(CommonOptions.Json))
            throw new UsageException("--html and --json are two forms of the same: leave one out");
        var socket = DaemonClient.SocketOf(arguments);
        var text = new StringWriter { NewLine = "\n" };
        WriteJson(DaemonClient.Call("Status", null, socket), DaemonClient.Call("Modules", null, socket), text);
        if (arguments.Has(CommonOptions.Json))
        {
            terminal.Out.Write(text.ToString());
            return ExitCode.Ok;
        }
        try
        {
            // as a report would read it
            ReportVerb.Write(RecordingFile.Read(Encoding.UTF8.GetBytes(text.ToString()), "the daemon's answer"), "drover timeline", arguments, terminal);
        }
        catch (RecordingException problem)
        {
            throw new CannotException($"{problem.Message}: is the daemon of another version?");
        }
        return ExitCode.Ok;
    }

    static void WriteJson(JsonElement status, JsonElement modules, TextWriter writer) => Json.Write(writer, json =>
    {
        json.WriteString("release", status.GetProperty("release").GetString());
        json.WriteNumber("cpus", Linux.Machine.CountCpus());
        json.WritePropertyName("timeline");
        modules.GetProperty("modules").WriteTo(json);
    });
}
