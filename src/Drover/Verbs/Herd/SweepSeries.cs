using Drover.Model;

namespace Drover.Verbs.Herd;

/// <summary>A point of a chart.</summary>
/// <param name="At">CPUs, or bytes of memory.</param>
readonly record struct SweepPoint(long At, long WastedBytes, bool Booted);

/// <summary>A line of a chart: waste along a sweep. Immutable.</summary>
/// <param name="Name">Who it is; several where they waste the same at every point.</param>
sealed record SweepSeries(string Name, IReadOnlyList<SweepPoint> Points)
{
    /// <summary>From this ratio on an axis is logarithmic.</summary>
    const double LogFrom = 8;

    /// <summary>Values this far apart are shown on a logarithmic axis; both above 0.</summary>
    public static bool IsLog(long least, long most) => (double)most / least >= LogFrom;

    /// <summary>Where on the axis of a sweep a value is, 0 to 1; all above 0.</summary>
    public static double ShareOf(long at, long from, long to)
    {
        if (from == to)
            return 0;
        return IsLog(from, to) ? Math.Log((double)at / from) / Math.Log((double)to / from) : (double)(at - from) / (to - from);
    }

    /// <summary>A line a gate and herd, in the order of the runs; lines that lie on each other become one.</summary>
    public static List<SweepSeries> Of(IEnumerable<HerdResult> results, Sweep sweep)
    {
        var lines = new List<(HerdKind Herd, List<GateKind> Gates, List<SweepPoint> Points)>();
        foreach (var line in results.GroupBy(result => (result.Options.Herd, result.Options.Gate)))
        {
            List<SweepPoint> points = [.. line.Select(result => new SweepPoint(sweep.ValueOf(result.Options), result.WastedBytes, result.Booted)).OrderBy(point => point.At)];
            var same = lines.FindIndex(other => other.Herd == line.Key.Herd && other.Points.SequenceEqual(points));
            if (same < 0)
                lines.Add((line.Key.Herd, [line.Key.Gate], points));
            else
                lines[same].Gates.Add(line.Key.Gate);
        }
        return [.. lines.Select(line => new SweepSeries(NameOf(line.Herd, line.Gates), line.Points))];
    }

    static string NameOf(HerdKind herd, List<GateKind> gates) =>
        gates.Count == 1 ? HerdNames.LabelOf(herd, gates[0]) : $"{HerdNames.Of(herd)}, gates {string.Join(", ", gates.Select(HerdNames.Of))}";
}
