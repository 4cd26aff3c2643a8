using System.Globalization;
using Drover.Cli;

namespace Drover.Report;

/// <summary>One figure of each recording, for tables. Immutable.</summary>
/// <param name="Values">One a recording, at least 0.</param>
/// <param name="Format">A value for people.</param>
sealed record Figure(string Name, IReadOnlyList<long> Values, Func<long, string> Format);

/// <summary>What is told of recordings, beside each other and in sentences. Stateless.</summary>
static class Figures
{
    public static List<Figure> Of(IReadOnlyList<Recording> recordings)
    {
        var figures = new List<Figure>
        {
            new("load calls", Each(recordings, recording => recording.TotalCalls), Count),
            new("of them in vain", Each(recordings, recording => recording.FailedCalls), Count),
            new("modules asked for", Each(recordings, recording => recording.Modules), Count),
            new("bytes in vain", Each(recordings, recording => recording.InVainBytes), ByteSize.Format),
            new("time", Each(recordings, recording => recording.LengthNs), Seconds),
        };
        if (!HaveCalls(recordings))
            return figures;
        figures.Add(new("time in the kernel, added up", Each(recordings, InKernelNs), Seconds));
        figures.Add(new("most in the kernel at once", Each(recordings, recording => SvgInKernel.MostAtOnce(recording.Calls)), Count));
        return figures;
    }

    /// <summary>What happened, in a sentence.</summary>
    public static string Sentence(Recording recording)
    {
        var vain = recording.FailedCalls == 0 ? "none in vain" : $"{Count(recording.FailedCalls)} of them in vain, with {ByteSize.Format(recording.InVainBytes)} read for nothing";
        return $"{recording.Name}{On(recording)} called the kernel {Count(recording.TotalCalls)} times for {Count(recording.Modules)} modules in {Seconds(recording.LengthNs)}, {vain}.";
    }

    /// <summary>The second beside the first, in a sentence.</summary>
    public static string Compare(Recording before, Recording after) =>
        $"{after.Name} made {Count(after.TotalCalls)} calls where {before.Name} made {Count(before.TotalCalls)}, read {ByteSize.Format(after.InVainBytes)} in vain instead of {ByteSize.Format(before.InVainBytes)}, "
        + $"and took {Seconds(after.LengthNs)} instead of {Seconds(before.LengthNs)}.";

    /// <summary>Calls by how they ended, success first: <c>34 ok, 434 EEXIST</c>.</summary>
    public static string ByResult(Recording recording)
    {
        var parts = new List<string>();
        foreach (var (result, calls) in recording.Results.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (calls > 0)
                parts.Add($"{Count(calls)} {(result == "0" ? "ok" : result)}");
        }
        return parts.Count > 0 ? string.Join(", ", parts) : "none";
    }

    /// <summary>Calls against CPUs, a line for each who loaded; null where all have as many CPUs, or nobody knows how many.</summary>
    public static LineChart? CallsAgainstCpus(IReadOnlyList<Recording> recordings)
    {
        var lines = new List<ChartLine>();
        foreach (var recording in recordings)
        {
            if (recording.Cpus is not (> 0 and var cpus))
                continue;
            var line = lines.Find(line => line.Name == recording.Name);
            if (line is null)
                lines.Add(line = new ChartLine(recording.Name, []));
            var at = 0;
            while (at < line.Points.Count && line.Points[at].At < cpus)
                at++;
            // of several runs with as many CPUs, the one with most calls
            if (at == line.Points.Count || line.Points[at].At > cpus)
                line.Points.Insert(at, new ChartPoint(cpus, recording.TotalCalls));
            else if (line.Points[at].Value < recording.TotalCalls)
                line.Points[at] = new ChartPoint(cpus, recording.TotalCalls);
        }
        var chart = new LineChart(lines, "load calls", "CPUs", Count, Count);
        return chart.Ats().Count < 2 ? null : chart;
    }

    public static bool HaveCalls(IReadOnlyList<Recording> recordings)
    {
        foreach (var recording in recordings)
        {
            if (recording.Calls.Count == 0)
                return false;
        }
        return true;
    }

    /// <summary>Two digits behind the point, as clocks of guests have.</summary>
    public static string Seconds(long ns) => (ns / 1e9).ToString("0.00 s", CultureInfo.InvariantCulture);

    public static string Count(long count) => count.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>Why a step of the critical path came when it did.</summary>
    public static string Reason(IReadOnlyList<PathStep> path, int step) => path[step].Reason switch
    {
        PathReason.Begins => "nothing recorded was in its way",
        PathReason.Needs => $"needs {path[step - 1].Call.Module}",
        PathReason.SameModule => $"another call was loading {path[step].Call.Module}",
        PathReason.Order => $"comes after {path[step - 1].Call.Module} in what one modalias stands for",
        _ => $"its worker was busy with {path[step - 1].Call.Module}",
    };

    static string On(Recording recording)
    {
        var cpus = recording.Cpus switch { null => "", 1 => " on 1 CPU", { } count => $" on {Count(count)} CPUs" };
        return recording.Kernel is { Length: > 0 } kernel ? $"{cpus} (kernel {kernel})" : cpus;
    }

    static long InKernelNs(Recording recording)
    {
        var total = 0L;
        foreach (var call in recording.Calls)
            total += call.TookNs;
        return total;
    }

    static long[] Each(IReadOnlyList<Recording> recordings, Func<Recording, long> value)
    {
        var values = new long[recordings.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = value(recordings[i]);
        return values;
    }
}
