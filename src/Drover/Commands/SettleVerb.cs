using System.Globalization;
using System.Text.Json;
using Drover.CommandLine;
using Drover.Control;
using Drover.Host;
using Drover.Kernel;
using Drover.Linux.Files;
using Drover.Linux.ProcFs;
using Drover.Loading;
using Drover.Modules.Tree;
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
        devices that appeared as a result; with an operand, only those of this module, device or modalias,
        and exits with status 1 and the reason if no module of it is loaded then.
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
        var socket = DaemonClient.SocketOf(arguments);
        var patience = TimeSpan.FromSeconds(arguments.Count(s_timeout) ?? DefaultSeconds);
        using var interrupt = new Interrupt();
        var (settled, text, unfinished) = DaemonClient.Call("Settle", json =>
        {
            if (target is not null)
                json.WriteString("target", target);
            json.WritePatience(patience);
        }, socket, Read, patience + DaemonClient.ReplyLimit, interrupt.Token);
        if (arguments.Has(CommonOptions.Json))
            terminal.Out.WriteLine(text);
        else if (!settled)
            unfinished.ForEach(terminal.Warn);
        if (!settled || target is null)
            return settled ? ExitCode.Ok : ExitCode.Failure;
        var problems = ProblemsOf(target, socket, interrupt.Token);
        foreach (var problem in problems)
            terminal.Warn($"settle: {problem}");
        return problems.Count == 0 ? ExitCode.Ok : ExitCode.Failure;
    }

    /// <summary>Why a target that has settled is of no use, a line for each of its modules; none if it is.</summary>
    static List<string> ProblemsOf(string target, string socket, CancellationToken cancellationToken)
    {
        // what a device needs is what its modalias stands for; without one, nothing
        var name = IsDevice(target) ? ModaliasOf(target) : target;
        if (name.Length == 0)
            return [];
        var names = DaemonClient.Call(
            "Resolve", json => json.WriteString("name", name), socket,
            resolved => resolved.GetProperty("modules").EnumerateArray().Select(module => $"{module}").ToList(),
            cancellationToken: cancellationToken);
        if (names.Count == 0)
            return IsDevice(target) ? [] : [$"{target}: no module, alias or built-in module has this name"];
        var outcomes = DaemonClient.Call(
            "Modules", null, socket,
            modules => modules.GetProperty("modules").EnumerateArray()
                .Select(record => OutcomeJson.TryRead(record.GetProperty("last"))).OfType<ModuleOutcome>()
                .DistinctBy(outcome => outcome.Module).ToDictionary(outcome => outcome.Module),
            cancellationToken: cancellationToken);
        var tree = ModuleTree.OpenOrEmpty(ModuleSource.DirectoryOf(null, Machine.KernelRelease()));
        var failures = names.Where(module => !IsAvailable(module)).ToList();
        // of several drivers for one device, those without hardware do not count
        return
        [
            .. failures.Where(module => failures.Count == names.Count || OutcomeOf(module)?.Error is not Errno.ENODEV)
                .Select(module => OutcomeOf(module) is { } outcome
                    ? OutcomeText.LineOf(outcome)
                    : $"{module}: it is not loaded, and nothing has requested it"),
        ];

        ModuleOutcome? OutcomeOf(string module) => outcomes.GetValueOrDefault(module);

        bool IsAvailable(string module) =>
            OutcomeOf(module)?.IsAvailable == true || SysModule.InitStateOf(module) is InitState.Live
            || tree.IsBuiltIn(module);
    }

    static string ModaliasOf(string device)
    {
        var file = $"/sys{device}/modalias";
        return File.Exists(file) ? File.ReadAllText(file).TrimEnd('\n') : "";
    }

    internal static string Seconds(JsonElement timed) =>
        (timed.GetProperty("ageUs").GetInt64() / 1e6).ToString("0.0 s", CultureInfo.InvariantCulture);

    /// <summary>The daemon knows a device by its real path below /sys.</summary>
    /// <exception cref="CommandException">There is no such device.</exception>
    static string Resolve(string target)
    {
        const string Sys = "/sys";
        if (!IsDevice(target))
            return target;
        var path = target.StartsWith("/devices/", StringComparison.Ordinal) ? Sys + target : target;
        return LinuxPath.Real(path) is { } real && real.StartsWith($"{Sys}/devices/", StringComparison.Ordinal)
            ? real[Sys.Length..]
            : throw new CommandException($"{target}: there is no such device; name one by its path in {Sys}");
    }

    static bool IsDevice(string target) => target.StartsWith('/');

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
