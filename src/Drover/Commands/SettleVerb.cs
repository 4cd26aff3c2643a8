using System.Globalization;
using System.Text.Json;
using Drover.CommandLine;
using Drover.Linux.Files;
using Drover.Text;

namespace Drover.Commands;

/// <summary><c>drover settle</c>: waits for the daemon.</summary>
sealed class SettleVerb : Verb
{
    const int DefaultSeconds = 120;

    /// <summary>Longer modaliases are cut in messages.</summary>
    const int MaxAliasLength = 60;

    static readonly Option s_timeout =
        new("timeout", "wait at most SECONDS", "SECONDS", $"{DefaultSeconds}", 't', ValueKind.Count);

    public override string Name => "settle";

    public override string Summary => "wait until the daemon has served all events and requests up to now";

    public override string Operands => "[MODULE|DEVPATH|MODALIAS]";

    public override string Details =>
        """
        Waits until the daemon has served all device events up to now, all requests of programs, and all
        devices that appeared as a result; with an operand, only those of this module, device or modalias.
        If the timeout expires, prints the loads and requests that are unfinished, and exits with status 1.
        """;

    public override IReadOnlyList<Option> Options => [s_timeout, CommonOptions.Socket, CommonOptions.Json];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover settle", "before a program that needs all devices"),
        new("drover settle --timeout 10 dm_crypt", "wait for one module"),
        new("drover settle /sys/class/net/eth0/device", "wait for one device; links are resolved"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        if (arguments.Operands.Count > 1)
            throw new UsageException("more than one module, device or modalias");
        var target = arguments.Operands.Count == 0 ? null : Resolve(arguments.Operands[0]);
        using var interrupt = new Interrupt();
        var (settled, text, unfinished) = DaemonClient.Call("Settle", json =>
        {
            if (target is not null)
                json.WriteString("target", target);
            json.WriteNumber("patienceMs", (arguments.Count(s_timeout) ?? DefaultSeconds) * 1000L);
        }, DaemonClient.SocketOf(arguments), Read, interrupt.Token);
        if (arguments.Has(CommonOptions.Json))
            terminal.Out.WriteLine(text);
        else if (!settled)
            unfinished.ForEach(terminal.Warn);
        return settled ? ExitCode.Ok : ExitCode.Failure;
    }

    internal static string Seconds(JsonElement timed) =>
        (timed.GetProperty("ageUs").GetInt64() / 1e6).ToString("0.0 s", CultureInfo.InvariantCulture);

    /// <summary>The daemon knows a device by its real path below /sys/devices.</summary>
    static string Resolve(string target) =>
        target.StartsWith("/sys/", StringComparison.Ordinal) ? LinuxPath.Real(target) ?? target : target;

    static (bool Settled, string Text, List<string> Unfinished) Read(JsonElement reply)
    {
        var unfinished = new List<string> { "settle: timed out" };
        foreach (var running in reply.GetProperty("running").EnumerateArray())
            unfinished.Add($"  loading for {Seconds(running)}: {DaemonClient.TextOf(running, "module")}");
        foreach (var waiting in reply.GetProperty("waiting").EnumerateArray())
        {
            var request = PlainTable.Shorten(DaemonClient.TextOf(waiting, "asked"), MaxAliasLength);
            var requester = waiting.GetProperty("asker").GetString() is { } name ? $", for {name}" : "";
            unfinished.Add($"  waiting for {Seconds(waiting)}: {request}{requester}");
        }
        return (reply.GetProperty("settled").GetBoolean(), reply.ToString(), unfinished);
    }
}
