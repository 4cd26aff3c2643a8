using System.Globalization;
using System.Text.Json;
using Drover.Cli;
using Drover.Output;

namespace Drover.Verbs;

/// <summary><c>drover status</c>: what the daemon does, and has done.</summary>
sealed class StatusVerb : Verb
{
    public override string Name => "status";

    /// <summary>On a terminal.</summary>
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    static readonly Option Once = new("once", "print it once; so it is where nobody watches, too", Short: '1');

    public override string Summary => "what the daemon does now, and what it has saved since its start";

    public override string Operands => "";

    public override string Details => "On a terminal it is kept up to date until Ctrl-C. Anybody may ask. A load that hangs in the kernel is the first line of RUNNING.";

    public override IReadOnlyList<Option> Options => [Once, CommonOptions.Socket, CommonOptions.Json];

    public override IReadOnlyList<Example> Examples => [new("drover status", ""), new("drover status --once", ""), new("drover status --json", "for machines")];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        var socket = DaemonClient.SocketOf(arguments);
        if (arguments.Has(CommonOptions.Json))
            terminal.Out.WriteLine(Ask(socket).ToString());
        else if (arguments.Has(Once) || terminal.Screen is null)
            Print(Ask(socket), terminal.Out);
        else
            Watch(socket, terminal);
        return ExitCode.Ok;
    }

    static JsonElement Ask(string socket) => DaemonClient.Call("Status", null, socket);

    /// <summary>Until Ctrl-C, or until the daemon goes.</summary>
    static void Watch(string socket, Terminal terminal)
    {
        using var interrupt = new Interrupt();
        var screen = new Screen(terminal);
        do
            screen.Show((writer, _) => Print(Ask(socket), writer));
        while (!interrupt.Stop.WaitHandle.WaitOne(Pause));
    }

    static void Print(JsonElement status, TextWriter writer)
    {
        var counts = status.GetProperty("counts");
        var table = new Table();
        table.Add("kernel", status.GetProperty("release").GetString()!);
        table.Add("up", (status.GetProperty("uptimeUs").GetInt64() / 1e6).ToString("0 s", CultureInfo.InvariantCulture));
        table.Add("settled", status.GetProperty("settled").GetBoolean() ? "yes" : "no");
        table.Add("devices", Number(status, "devices"));
        table.Add("events", $"{Number(status, "events")}, last SEQNUM {Number(status, "seqnum")}, lost {Number(status, "timesLost")} times");
        table.Add("requests", $"{Number(counts, "requests")}, for {Number(counts, "asked")} modules");
        table.Add("loads", $"{Number(counts, "calls")}{LoadReport.InBrackets(counts.GetProperty("callsByErrno").EnumerateObject().Select(one => (one.Name, one.Value.GetInt64())))}");
        table.Add("converged", Number(counts, "converged"));
        table.Add("loaded", ByteSize.Format(counts.GetProperty("loadedFileBytes").GetInt64()));
        table.Add("wasted", ByteSize.Format(counts.GetProperty("wastedFileBytes").GetInt64()));
        table.Add("reloads", Number(status, "reloads"));
        table.WriteTo(writer);
        if (status.GetProperty("running").GetArrayLength() > 0)
        {
            var running = new Table("RUNNING", "FOR");
            foreach (var load in status.GetProperty("running").EnumerateArray())
                running.Add(load.GetProperty("module").GetString()!, SettleVerb.Seconds(load));
            writer.WriteLine();
            running.WriteTo(writer);
        }
        if (status.GetProperty("waitingCount").GetInt64() is > 0 and var waiting)
            writer.WriteLine($"\n{waiting} requests wait for an answer");
    }

    static string Number(JsonElement of, string name) => of.GetProperty(name).GetInt64().ToString(CultureInfo.InvariantCulture);
}
