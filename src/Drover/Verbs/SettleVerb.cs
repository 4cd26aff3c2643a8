using System.Globalization;
using System.Text.Json;
using Drover.Cli;
using Drover.Linux;
using Drover.Output;

namespace Drover.Verbs;

/// <summary><c>drover settle</c>: waits for the daemon.</summary>
sealed class SettleVerb : Verb
{
    const int DefaultSeconds = 120;

    static readonly Option Within = new("timeout", "longest wait, in seconds", "SECONDS", $"{DefaultSeconds}", 't', ValueKind.Count);

    public override string Name => "settle";

    public override string Summary => "wait until the daemon has done what was asked for by now, and what followed";

    public override string Operands => "[MODULE|DEVPATH|MODALIAS]";

    public override string Details =>
        """
        Waits until all device events up to now, all requests of programs, and whatever devices came
        because of them are served; with an operand, for just that module, device or modalias. When
        the time is up it names what is still running, and for how long, and ends with 1.
        """;

    public override IReadOnlyList<Option> Options => [Within, CommonOptions.Socket, CommonOptions.Json];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover settle", "before whatever needs all devices"),
        new("drover settle --timeout 10 dm_crypt", "for one module"),
        new("drover settle /sys/class/net/eth0/device", "for one device: its path, links followed"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        if (arguments.Operands.Count > 1)
            throw new UsageException("waits for one module, device or modalias");
        var target = arguments.Operands.Count == 0 ? null : Resolved(arguments.Operands[0]);
        using var interrupt = new Interrupt();
        var reply = DaemonClient.Call("Settle", json =>
        {
            if (target is not null)
                json.WriteString("target", target);
            json.WriteNumber("patienceMs", (arguments.Count(Within) ?? DefaultSeconds) * 1000L);
        }, DaemonClient.SocketOf(arguments), interrupt.Stop);
        var settled = reply.GetProperty("settled").GetBoolean();
        if (arguments.Has(CommonOptions.Json))
            terminal.Out.WriteLine(reply.ToString());
        else if (!settled)
            Complain(reply, terminal);
        return settled ? ExitCode.Ok : ExitCode.Failure;
    }

    /// <summary>A device is known by where it is, not by a link to it.</summary>
    static string Resolved(string target) => target.StartsWith("/sys/", StringComparison.Ordinal) ? LinuxPath.Real(target) ?? target : target;

    static void Complain(JsonElement reply, Terminal terminal)
    {
        terminal.Complain("settle: the time is up");
        foreach (var running in reply.GetProperty("running").EnumerateArray())
            terminal.Complain($"  in the kernel for {Seconds(running)}: {running.GetProperty("module").GetString()}");
        foreach (var waiting in reply.GetProperty("waiting").EnumerateArray())
            terminal.Complain($"  waiting for {Seconds(waiting)}: {Table.Shorten(waiting.GetProperty("asked").GetString()!, 60)}{(waiting.GetProperty("asker").GetString() is { } asker ? $", for {asker}" : "")}");
    }

    internal static string Seconds(JsonElement timed) => (timed.GetProperty("ageUs").GetInt64() / 1e6).ToString("0.0 s", CultureInfo.InvariantCulture);
}
