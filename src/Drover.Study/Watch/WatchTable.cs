using Drover.Linux.Files;
using Drover.Linux.Tracing;
using Drover.Study.Drawing;
using Drover.Study.Recordings;

namespace Drover.Study.Watch;

static class WatchTable
{
    const int MaxDeviceColumns = 60;

    /// <summary>The final report: all modules, then the totals, which end up next to the prompt.</summary>
    public static void Write(Terminal terminal, WatchTally tally, WatchOrder order, CallJoiner joiner)
    {
        if (tally.Modules(order) is { Count: > 0 } modules)
        {
            TableOf(modules).WriteTo(terminal);
            terminal.Out.WriteLine();
        }
        if (tally.Requests.Count > 0)
        {
            TableOf(tally.Requests).WriteTo(terminal);
            terminal.Out.WriteLine();
        }
        WriteTotals(terminal.Out, tally.Totals(joiner));
    }

    /// <summary>A page of the live screen: the totals, then the modules.</summary>
    public static void WriteScreen(
        TextWriter writer, WatchTally tally, WatchOrder order, CallJoiner joiner, TerminalSize size)
    {
        WriteTotals(writer, tally.Totals(joiner));
        if (tally.Modules(order) is not { Count: > 0 } modules)
            return;
        writer.WriteLine();
        TableOf(modules.Take(size.Rows)).WriteTo(writer, size.Columns - 1);
    }

    public static string Summary(WatchTotals totals)
    {
        var waited = totals.Waited > 0 ? $"{totals.Waited} waited for another's, " : "";
        var removals = totals.Removals > 0 ? $", {totals.Removals} removals" : "";
        var vain = ByteSize.Format(totals.InVainBytes);
        return $"{totals.Calls} calls, {totals.Loads} loads, {waited}{vain} read in vain, "
            + $"{Seconds(totals.TookUs)} of workers' time{removals}";
    }

    public static string Line(TracedCall call) => PlainText.Of(
        $"{Seconds(call.StartUs)} {call.Module ?? RecordedCall.UnknownModule}: {WatchedModule.ResultOf(call)}, "
        + $"{ByteSize.Format(call.ReadBytes ?? 0)}, {call.TookUs / 1000.0:0.0} ms, "
        + $"{WatchCall.NameOf(call.Syscall)} by {CallerOf(call)}");

    public static string Line(TracedRequest request) => PlainText.Of(
        $"{Seconds(request.TimeUs)} {request.Name}: the kernel asks for a {Autoload.KindOf(request.Name)}, "
        + $"for {AskerOf(request)}");

    static void WriteTotals(TextWriter writer, WatchTotals totals)
    {
        writer.WriteLine(Summary(totals));
        if (totals.LostEvents > 0)
            writer.WriteLine($"{totals.LostEvents} events of the trace were lost: counts are too low");
        if (totals.Unnamed > 0)
            writer.WriteLine($"{totals.Unnamed} calls have no name");
        if (totals.CutOffCalls > 0)
            writer.WriteLine($"{totals.CutOffCalls} calls are not counted: their start was before the watch, or lost");
        if (totals.UnreadLines > 0)
            writer.WriteLine($"{totals.UnreadLines} lines of the trace could not be read");
    }

    static FittedTable TableOf(IEnumerable<WatchedModule> modules)
    {
        var table = new FittedTable("MODULE", "CALLS", "IN VAIN", "TIME", "FIRST", "LAST", "ENDED", "ASKED BY")
        {
            Optional = ["LAST", "FIRST", "TIME", "ASKED BY"],
        };
        foreach (var module in modules)
        {
            table.Add(
                module.Name, module.Calls.ToString(CultureInfo.InvariantCulture),
                ByteSize.Format(module.InVainBytes), Seconds(module.TookUs), Seconds(module.First!.StartUs),
                Seconds(module.LastUs), Counts(module.Results), CallersOf(module));
        }
        return table;
    }

    static FittedTable TableOf(IEnumerable<WatchedRequests> all)
    {
        var table = new FittedTable("THE KERNEL ASKS FOR", "KIND", "TIMES", "FIRST", "FIRST FOR")
        {
            Optional = ["FIRST", "KIND"],
        };
        foreach (var requests in all)
        {
            table.Add(
                requests.First.Name, Autoload.KindOf(requests.First.Name),
                requests.Times.ToString(CultureInfo.InvariantCulture), Seconds(requests.First.TimeUs),
                AskerOf(requests.First));
        }
        return table;
    }

    static string AskerOf(TracedRequest request) =>
        $"{request.Comm} ({(request.Pid > 0 ? request.Pid : request.Tid)})";

    static string CallersOf(WatchedModule module)
    {
        var programs = Counts(module.Programs);
        if (module.First is not { Device: { } first })
            return $"{programs}, first {CallerOf(module.First!)}";
        var device = PlainTable.Shorten(first, MaxDeviceColumns);
        return module.Devices == 1
            ? $"{programs}, for {device}"
            : $"{programs}, for {module.Devices} devices, first {device}";
    }

    static string CallerOf(TracedCall call)
    {
        var device = call.Device is null ? "" : $" for {call.Device}";
        return $"{call.Comm} ({(call.Pid > 0 ? call.Pid : call.Tid)}){device}";
    }

    static string Counts(Dictionary<string, long> counts) => string.Join(", ", counts
        .OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal)
        .Select(pair => $"{pair.Value} {pair.Key}"));

    static string Seconds(long us) => (us / 1e6).ToString("0.00 s", CultureInfo.InvariantCulture);
}
