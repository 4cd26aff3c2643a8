using System.Globalization;
using System.Text.Json;
using Drover.Cli;
using Drover.Output;

namespace Drover.Verbs;

/// <summary><c>drover status</c>: what the daemon does, and has done.</summary>
sealed class StatusVerb : Verb
{
    public override string Name => "status";

    public override string Summary => "what the daemon does now, and what it has saved since its start";

    public override string Operands => "";

    public override string Details => "Anybody may ask. A load that hangs in the kernel is the first line of RUNNING.";

    public override IReadOnlyList<Option> Options => [CommonOptions.Socket, CommonOptions.Json];

    public override IReadOnlyList<Example> Examples => [new("drover status", ""), new("drover status --json", "for machines")];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        if (arguments.Operands.Count > 0)
            throw new UsageException($"takes no arguments, and got '{arguments.Operands[0]}'");
        var status = DaemonClient.Call("Status", null, DaemonClient.SocketOf(arguments));
        if (arguments.Has(CommonOptions.Json))
            terminal.Out.WriteLine(status.ToString());
        else
            Print(status, terminal.Out);
        return ExitCode.Ok;
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
        table.Add("loads", $"{Number(counts, "calls")}{ByErrno(counts)}");
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

    static string ByErrno(JsonElement counts)
    {
        var calls = counts.GetProperty("callsByErrno").EnumerateObject().Select(one => $"{one.Value.GetInt64()} × {(one.Name == "0" ? "loaded" : one.Name)}").ToList();
        return calls.Count > 0 ? $"  ({string.Join(", ", calls)})" : "";
    }
}
