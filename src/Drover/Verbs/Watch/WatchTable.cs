using System.Globalization;
using Drover.Cli;
using Drover.Linux.Tracing;
using Drover.Output;

namespace Drover.Verbs;

/// <summary>A watch for a person. Stateless.</summary>
static class WatchTable
{
    const int DeviceColumns = 60;

    /// <summary>At the end: every module, then the totals, where a reader of so many lines finds them.</summary>
    public static void Write(TextWriter writer, WatchTally tally, CallJoiner joiner)
    {
        if (tally.Modules() is { Count: > 0 } modules)
        {
            WriteModules(writer, modules);
            writer.WriteLine();
        }
        WriteTotals(writer, tally, joiner);
    }

    /// <summary>While it goes on: the totals, then the costliest modules.</summary>
    /// <param name="most">Rows that can be seen.</param>
    public static void WriteSoFar(TextWriter writer, WatchTally tally, CallJoiner joiner, int most)
    {
        WriteTotals(writer, tally, joiner);
        if (tally.Modules() is { Count: > 0 } modules)
        {
            writer.WriteLine();
            WriteModules(writer, modules.Take(most));
        }
    }

    /// <summary>All of it in a line.</summary>
    public static string Totals(WatchTally tally) =>
        $"{tally.Calls} calls, {tally.Loads} loads, {(tally.Waited > 0 ? $"{tally.Waited} waited for another's, " : "")}{ByteSize.Format(tally.InVainBytes)} read in vain, {Seconds(tally.TookUs)} of workers' time"
        + (tally.Removals > 0 ? $", {tally.Removals} removals" : "");

    /// <summary>One call, as it ended.</summary>
    public static string Line(TracedCall call) => PlainText.Of(
        $"{Seconds(call.StartUs)} {call.Module ?? WatchTally.Nameless}: {WatchedModule.EndOf(call)}, {ByteSize.Format(call.ReadBytes ?? 0)}, {call.TookUs / 1000.0:0.0} ms, {WatchRecording.NameOf(call.Syscall)} by {Asker(call)}");

    /// <summary>Where the figures are not the whole truth.</summary>
    static IEnumerable<string> Doubts(WatchTally tally, CallJoiner joiner)
    {
        if (joiner.LostEvents > 0)
            yield return $"{joiner.LostEvents} events of the trace were lost: counts are too low";
        if (tally.Unnamed > 0)
            yield return $"{tally.Unnamed} calls have no name";
        if (joiner.CutOffCalls > 0)
            yield return $"{joiner.CutOffCalls} calls had begun before the watch, or their beginning was lost: they are not counted";
        if (joiner.UnreadLines > 0)
            yield return $"{joiner.UnreadLines} lines of the trace could not be read";
    }

    static void WriteModules(TextWriter writer, IEnumerable<WatchedModule> modules)
    {
        var table = new Table("MODULE", "CALLS", "IN VAIN", "TIME", "FIRST", "LAST", "ENDED", "ASKED BY");
        foreach (var module in modules)
        {
            table.Add(
                PlainText.Of(module.Name), Count(module.Calls), ByteSize.Format(module.InVainBytes), Seconds(module.TookUs), Seconds(module.FirstUs), Seconds(module.LastUs),
                Counts(module.Ends), PlainText.Of(AskersOf(module)));
        }
        table.WriteTo(writer);
    }

    static void WriteTotals(TextWriter writer, WatchTally tally, CallJoiner joiner)
    {
        writer.WriteLine(Totals(tally));
        foreach (var doubt in Doubts(tally, joiner))
            writer.WriteLine(doubt);
    }

    static string AskersOf(WatchedModule module)
    {
        var askers = Counts(module.Askers);
        return module.First is not { Device: { } device } ? $"{askers}, first {Asker(module.First!)}"
            : module.Devices == 1 ? $"{askers}, for {Table.Shorten(device, DeviceColumns)}"
            : $"{askers}, for {module.Devices} devices, first {Table.Shorten(device, DeviceColumns)}";
    }

    static string Asker(TracedCall call) => $"{call.Comm} ({(call.Pid > 0 ? call.Pid : call.Tid)}){(call.Device is { } device ? $" for {device}" : "")}";

    static string Counts(Dictionary<string, long> counts) =>
        string.Join(", ", counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Value} {pair.Key}"));

    static string Count(long count) => count.ToString(CultureInfo.InvariantCulture);

    static string Seconds(long us) => (us / 1e6).ToString("0.00 s", CultureInfo.InvariantCulture);
}
