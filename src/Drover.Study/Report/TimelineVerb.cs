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
        for its dependencies and for its turn, how long it was in the kernel. Shows the boot: the loads up to
        the first 10 s in which nothing was loading or waiting; --since, --until and --all show others. Does
        not need root. Prints text, a page (--html), or a recording for 'drover report' (--json).
        """;

    static readonly Option s_since = new(
        "since", "leave out loads that were requested before TIME after the first request", "TIME", "0",
        Kind: ValueKind.Time);
    static readonly Option s_until = new(
        "until", "leave out loads that were requested later than TIME after the first request", "TIME",
        "the end of the boot", Kind: ValueKind.Time);
    static readonly Option s_all = new("all", "show the loads after the boot as well");

    /// <summary>The pause that ends a boot. Disks that start one after another take less.</summary>
    static readonly TimeSpan s_pause = TimeSpan.FromSeconds(10);

    public override IReadOnlyList<Option> Options =>
    [
        ReportVerb.Html, s_since, s_until, s_all, CommonOptions.Socket,
        CommonOptions.Json with { Help = "a recording: one JSON object" },
    ];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover timeline", "bars of characters, and the critical path"),
        new("drover timeline --html boot.html", "a page with the boot as a Gantt chart"),
        new("drover timeline --since 30s --all", "what was loaded later than 30 s after the first request"),
        new("drover timeline --json > boot.json", "for 'drover report', to compare with another boot"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        if (arguments.Has(ReportVerb.Html) && arguments.Has(CommonOptions.Json))
            throw new UsageException("--html and --json exclude each other");
        if (arguments.Has(s_all) && arguments.Has(s_until))
            throw new UsageException("--all and --until exclude each other");
        if (arguments.Time(s_since) > arguments.Time(s_until))
            throw new UsageException("--since is later than --until");
        var socket = DaemonClient.SocketOf(arguments);
        var text = Read(socket, modules => Select(modules, arguments, terminal));
        try
        {
            var recordings = RecordingFile.Read(text, "the daemon's reply");
            if (arguments.Has(CommonOptions.Json))
                terminal.Out.Write(text);
            else
                ReportVerb.Write(recordings, "drover timeline", arguments, terminal);
        }
        catch (RecordingException problem)
        {
            throw new CommandException($"{problem.Message}: is the daemon of another version?");
        }
        return ExitCode.Ok;
    }

    /// <summary>The daemon's loads as a recording; null if no daemon answers.</summary>
    public static string? TryRead(Arguments arguments)
    {
        var socket = DaemonClient.SocketOf(arguments);
        return DaemonClient.IsThere(socket) ? Read(socket, modules => modules) : null;
    }

    static string Read(string socket, Func<List<JsonElement>, List<JsonElement>> select) =>
        DaemonClient.Call("Status", null, socket, status => DaemonClient.Call("Modules", null, socket, modules =>
            ToJson(status, select([.. modules.GetProperty("modules").EnumerateArray()]))));

    /// <summary>The modules that the options select; says which loads are left out.</summary>
    static List<JsonElement> Select(List<JsonElement> modules, Arguments arguments, Terminal terminal)
    {
        var loads = modules.Select(module => (Module: module, Load: LoadOf(module)))
            .Where(module => module.Load is not null).Select(module => (module.Module, Load: module.Load!.Value))
            .OrderBy(module => module.Load.FromUs).ToList();
        if (loads.Count == 0)
            return modules;
        var first = loads[0].Load.FromUs;
        var since = first + (long)(arguments.Time(s_since)?.TotalMicroseconds ?? 0);
        var until = arguments.Has(s_all) ? long.MaxValue
            : arguments.Time(s_until) is { } limit ? first + (long)limit.TotalMicroseconds
            : EndOfBoot(loads.Select(module => module.Load));
        var left = loads.Where(module => module.Load.FromUs < since || module.Load.FromUs > until).ToList();
        if (left.Count == 0)
            return modules;
        var at = left.Select(module => module.Load.FromUs - first).ToList();
        var options = arguments.Has(s_since) || arguments.Has(s_until) ? "" : "; --all shows them";
        terminal.Warn(string.Create(
            CultureInfo.InvariantCulture,
            $"timeline: {left.Count} of {loads.Count} loads are left out, requested {at.Min() / 1e6:0.0} s to ")
            + string.Create(CultureInfo.InvariantCulture, $"{at.Max() / 1e6:0.0} s after the first{options}"));
        return [.. modules.Except(left.Select(module => module.Module))];
    }

    /// <summary>The end of the last load before the first pause.</summary>
    /// <param name="loads">Ascending by their start.</param>
    static long EndOfBoot(IEnumerable<(long FromUs, long ToUs)> loads)
    {
        var end = long.MaxValue;
        foreach (var (from, to) in loads)
        {
            if (end != long.MaxValue && from - end > (long)s_pause.TotalMicroseconds)
                break;
            end = end == long.MaxValue ? to : Math.Max(end, to);
        }
        return end;
    }

    /// <summary>From the request to the end of the first load; null for a module without a call.</summary>
    static (long FromUs, long ToUs)? LoadOf(JsonElement module)
    {
        if (module.GetProperty("first") is not { ValueKind: JsonValueKind.Object } first
            || Number("calledAtUs") is not { } called)
        {
            return null;
        }
        return (Number("wantedAtUs") ?? called, Number("endedAtUs") ?? called);

        long? Number(string name) =>
            first.TryGetProperty(name, out var number) && number.TryGetInt64(out var value) ? value : null;
    }

    static string ToJson(JsonElement status, List<JsonElement> modules)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        Json.Write(writer, json =>
        {
            json.WriteNumber("version", VersionConverter.Supported);
            json.WriteString("release", DaemonClient.TextOf(status, "release"));
            json.WriteNumber("cpus", Machine.CountCpus());
            json.WritePropertyName("timeline");
            json.WriteStartArray();
            foreach (var module in modules)
                module.WriteTo(json);
            json.WriteEndArray();
            var live = SysModule.Live("/sys/module/") ?? new HashSet<string>();
            json.WriteStrings("liveModules", live.Order(StringComparer.Ordinal));
        });
        return writer.ToString();
    }
}
