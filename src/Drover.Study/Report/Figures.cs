using Drover.Study.Drawing;
using Drover.Study.Recordings;

namespace Drover.Study.Report;

/// <summary>A figure of each recording, for tables.</summary>
/// <param name="Values">One a recording, at least 0.</param>
sealed record Figure(string Name, IReadOnlyList<long> Values, Func<long, string> Format);

/// <summary>The failed calls of a module, and their bytes, in each recording.</summary>
sealed record ModuleWaste(string Module, IReadOnlyList<long> Bytes, IReadOnlyList<long> Calls)
{
    public const int MaxRows = 15; // the largest number of rows; the last one sums up the others

    /// <summary>Modules with failed calls, most bytes first. The sums are those of the recordings.</summary>
    public static List<ModuleWaste> Of(IReadOnlyList<Recording> recordings)
    {
        var all = recordings
            .SelectMany((recording, index) => recording.Calls.Select(call => (Call: call, Recording: index)))
            .Where(one => one.Call.State is CallState.Failed).GroupBy(one => one.Call.Module)
            .Select(module => Sum(module.Key, module.Select(one => (one.Recording, one.Call.InVainBytes, 1L))))
            .OrderByDescending(module => module.Bytes.Sum())
            .ThenBy(module => module.Module, StringComparer.Ordinal).ToList();
        if (all.Count <= MaxRows)
            return all;
        var others = all[(MaxRows - 1)..];
        var sums = others.SelectMany(other => other.Bytes.Select((bytes, index) => (index, bytes, other.Calls[index])));
        return [.. all[..(MaxRows - 1)], Sum($"{others.Count} others", sums)];

        ModuleWaste Sum(string name, IEnumerable<(int Recording, long Bytes, long Calls)> parts)
        {
            var (bytes, calls) = (new long[recordings.Count], new long[recordings.Count]);
            foreach (var part in parts)
            {
                bytes[part.Recording] += part.Bytes;
                calls[part.Recording] += part.Calls;
            }
            return new ModuleWaste(name, bytes, calls);
        }
    }
}

static class Figures
{
    public static List<Figure> Of(IReadOnlyList<Recording> recordings)
    {
        List<Figure> figures =
        [
            Each("load calls", recording => recording.TotalCalls, Count),
            Each("of them in vain", recording => recording.FailedCalls, Count),
            Each("modules asked for", recording => recording.Modules, Count),
            Each(Of(recording => recording.Loss), recording => recording.InVainBytes, ByteSize.Format),
            Each($"time: {Of(recording => recording.Span)}", recording => recording.LengthNs, Seconds),
        ];
        if (!HaveCalls(recordings))
            return figures;
        return
        [
            .. figures,
            Each("time in the kernel, added up", recording => recording.Calls.Sum(call => call.TookNs), Seconds),
            Each("most in the kernel at once", MostAtOnce, Count),
        ];

        static long MostAtOnce(Recording recording) =>
            GanttRows.MostAtOnce(recording.Calls.Select(call => (call.StartNs, call.EndNs)));

        string Of(Func<Recording, string> name) => string.Join(" | ", recordings.Select(name).Distinct());

        Figure Each(string name, Func<Recording, long> value, Func<long, string> format) =>
            new(name, [.. recordings.Select(value)], format);
    }

    public static string Sentence(Recording recording)
    {
        var cpus = recording.Cpus switch { null => "", 1 => " on 1 CPU", { } count => $" on {Count(count)} CPUs" };
        var kernel = recording.Kernel is { Length: > 0 } release ? $" (kernel {release})" : "";
        var vain = recording.FailedCalls == 0
            ? "none in vain"
            : $"{Count(recording.FailedCalls)} of them in vain ({recording.Loss}: "
                + $"{ByteSize.Format(recording.InVainBytes)})";
        return $"{recording.Name}{cpus}{kernel} called the kernel {Count(recording.TotalCalls)} times for "
            + $"{Count(recording.Modules)} modules, {vain}; {recording.Span}: {Seconds(recording.LengthNs)}.";
    }

    /// <summary>What can be compared: calls always, bytes and times where both recordings count the same.</summary>
    public static string Compare(Recording before, Recording after)
    {
        var calls = $"{after.Name} made {Count(after.TotalCalls)} calls where {before.Name} made "
            + $"{Count(before.TotalCalls)}";
        var bytes = before.Loss == after.Loss
            ? $"; {after.Loss}: {ByteSize.Format(after.InVainBytes)} instead of {ByteSize.Format(before.InVainBytes)}"
            : "";
        var time = before.Span == after.Span && after.Span != Recording.FirstToLastCall
            ? $"; {after.Span}: {Seconds(after.LengthNs)} instead of {Seconds(before.LengthNs)}"
            : "";
        return $"{calls}{bytes}{time}.";
    }

    /// <summary>The number of calls by result, success first: <c>34 ok, 434 EEXIST</c>.</summary>
    public static string ByResult(Recording recording)
    {
        var parts = recording.Results
            .Where(result => result.Value > 0).OrderBy(result => result.Key, StringComparer.Ordinal)
            .Select(result => $"{Count(result.Value)} {(result.Key == "0" ? "ok" : result.Key)}");
        return string.Join(", ", parts.DefaultIfEmpty("none"));
    }

    /// <summary>Calls against CPUs, a line a loader; null if fewer than two numbers of CPUs are known.</summary>
    public static LineChart? CallsAgainstCpus(IReadOnlyList<Recording> recordings)
    {
        // of several runs with the same number of CPUs, the one with most calls
        var lines = recordings
            .Where(recording => recording.Cpus > 0).GroupBy(recording => recording.Name)
            .Select(line => new ChartLine(line.Key, line.GroupBy(run => run.Cpus!.Value)
                .Select(runs => new ChartPoint(runs.Key, runs.Max(run => run.TotalCalls)))
                .OrderBy(point => point.At).ToList()));
        var chart = new LineChart([.. lines], "load calls", "CPUs", Count, Count);
        return chart.Places.Count < 2 ? null : chart;
    }

    public static bool HaveCalls(IReadOnlyList<Recording> recordings) =>
        recordings.All(recording => recording.Calls.Count > 0);

    /// <summary>With two decimals, the precision of a guest's clock.</summary>
    public static string Seconds(long ns) => (ns / 1e9).ToString("0.00 s", CultureInfo.InvariantCulture);
    public static string Count(long count) => count.ToString("#,0", CultureInfo.InvariantCulture);

    public static string Reason(IReadOnlyList<PathStep> path, int step) => path[step].Reason switch
    {
        PathReason.Begins => "nothing recorded was in its way",
        PathReason.Needs => $"needs {path[step - 1].Call.Module}",
        PathReason.SameModule => $"another call was loading {path[step].Call.Module}",
        PathReason.Order => $"comes after {path[step - 1].Call.Module} in the same modalias",
        _ => $"its worker was busy with {path[step - 1].Call.Module}",
    };
}
