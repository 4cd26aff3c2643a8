using System.Globalization;
using System.Text.Json;
using Drover.CommandLine;
using Drover.Host;
using Drover.Text;

namespace Drover.Commands;

/// <summary><c>drover status</c>: the daemon's state and counters.</summary>
sealed class StatusVerb : Verb
{
    static readonly Option s_once =
        new("once", "print the status once; the default if standard output is not a terminal", Short: '1');

    const int MaxWaiting = 10; // requests listed

    /// <summary>Between two updates on a terminal.</summary>
    static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    public override string Name => "status";

    public override string Summary => "show what the daemon does, and its counters since its start";

    public override string Operands => "";

    public override string Details =>
        """
        On a terminal, updates the status every second until Ctrl-C. Root is not needed. RUNNING lists the
        loads in the kernel, a load that hangs first, WAITING the oldest requests without an outcome; both
        with who asked: a device, a program, or the kernel and the process that it served.
        --metrics succeeds without a daemon, and then says that there is none.
        """;

    public override IReadOnlyList<Option> Options =>
        [s_once, CommonOptions.Socket, CommonOptions.Json, CommonOptions.Metrics];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover status", "watch the daemon until Ctrl-C"),
        new("drover status --once", "print the status and exit"),
        new("drover status --json", "the same as JSON, for scripts"),
        new("drover status --metrics -", "the counters for Prometheus (docs/fleet.md)"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        var socket = DaemonClient.SocketOf(arguments);
        if (MetricsFile.Of(arguments) is { } file)
            MetricsFile.Write(file, Metrics(socket), terminal);
        else if (arguments.Has(CommonOptions.Json))
            terminal.Out.WriteLine(Read(socket, Check));
        else if (arguments.Has(s_once) || terminal.Screen is null)
            terminal.Out.Write(Read(socket, Print));
        else
            Watch(socket, terminal);
        return ExitCode.Ok;
    }

    static string Metrics(string socket) => DaemonClient.IsThere(socket)
        ? DaemonClient.Call("Metrics", null, socket, reply => DaemonClient.TextOf(reply, "text"))
        : Control.Metrics.WithoutDaemon();

    static string Read(string socket, Func<JsonElement, string> print) =>
        DaemonClient.Call("Status", null, socket, print);

    /// <summary>Until Ctrl-C, or until the daemon exits.</summary>
    static void Watch(string socket, Terminal terminal)
    {
        using var interrupt = new Interrupt();
        var screen = new Screen(terminal);
        do
            screen.Show((writer, _) => writer.Write(Read(socket, Print)));
        while (!interrupt.Token.WaitHandle.WaitOne(s_interval));
    }

    /// <summary>The reply itself, if it has what <see cref="Print"/> needs.</summary>
    static string Check(JsonElement status)
    {
        _ = Print(status);
        return status.ToString();
    }

    static string Print(JsonElement status)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        var counts = status.GetProperty("counts");
        var calls = counts.GetProperty("callsByErrno").EnumerateObject()
            .Select(call => (call.Name, call.Value.GetInt64()));
        var table = new PlainTable();
        table.Add("kernel", DaemonClient.TextOf(status, "release"));
        var up = status.GetProperty("uptimeUs").GetInt64() / 1e6;
        table.Add("up", up.ToString("0 s", CultureInfo.InvariantCulture));
        table.Add("settled", status.GetProperty("settled").GetBoolean() ? "yes" : "no");
        table.Add("devices", Number(status, "devices"));
        var (events, seqnum, lost) = (Number(status, "events"), Number(status, "seqnum"), Number(status, "timesLost"));
        table.Add("events", $"{events}, last SEQNUM {seqnum}, lost {lost} times");
        table.Add("requests", $"{Number(counts, "requests")}, for {Number(counts, "asked")} modules");
        table.Add("calls", $"{Number(counts, "calls")}{LoadReport.InBrackets(calls)}");
        table.Add("converged", Number(counts, "converged"));
        table.Add("loaded", ByteSize.Format(counts.GetProperty("loadedFileBytes").GetInt64()));
        table.Add("wasted", ByteSize.Format(counts.GetProperty("wastedFileBytes").GetInt64()));
        table.Add("reloads", Number(status, "reloads"));
        table.WriteTo(writer);
        if (status.GetProperty("running").GetArrayLength() > 0)
        {
            var running = new PlainTable("RUNNING", "FOR", "ASKED BY");
            foreach (var load in status.GetProperty("running").EnumerateArray())
                running.Add(DaemonClient.TextOf(load, "module"), SettleVerb.Seconds(load), AskerOf(load));
            writer.WriteLine();
            running.WriteTo(writer);
        }
        if (status.GetProperty("waitingCount").GetInt64() is > 0 and var waiting)
        {
            var oldest = new PlainTable("WAITING", "FOR", "ASKED BY");
            foreach (var request in status.GetProperty("waiting").EnumerateArray().Take(MaxWaiting))
                oldest.Add(DaemonClient.TextOf(request, "asked"), SettleVerb.Seconds(request), AskerOf(request));
            writer.WriteLine();
            oldest.WriteTo(writer);
            if (waiting > MaxWaiting)
                writer.WriteLine($"{waiting} requests are waiting");
        }
        return writer.ToString();
    }

    static string AskerOf(JsonElement of) =>
        of.TryGetProperty("asker", out var asker) && asker.ValueKind is JsonValueKind.String
            ? asker.GetString()!
            : "";

    static string Number(JsonElement of, string name) =>
        of.GetProperty(name).GetInt64().ToString(CultureInfo.InvariantCulture);
}
