using Drover.Cli;
using Drover.Model;
using Drover.Report;

namespace Drover.Verbs.Herd;

/// <summary>Waste along a sweep: a line a gate and herd, in the order of the runs; lines that lie on each other become one. Stateless.</summary>
static class SweepChart
{
    public static LineChart Of(IEnumerable<HerdResult> results, Sweep sweep)
    {
        var lines = new List<(HerdKind Herd, List<GateKind> Gates, List<ChartPoint> Points)>();
        foreach (var line in results.GroupBy(result => (result.Options.Herd, result.Options.Gate)))
        {
            List<ChartPoint> points = [.. line.Select(result => new ChartPoint(sweep.ValueOf(result.Options), result.WastedBytes, result.Booted)).OrderBy(point => point.At)];
            var same = lines.FindIndex(other => other.Herd == line.Key.Herd && other.Points.SequenceEqual(points));
            if (same < 0)
                lines.Add((line.Key.Herd, [line.Key.Gate], points));
            else
                lines[same].Gates.Add(line.Key.Gate);
        }
        return new LineChart([.. lines.Select(line => new ChartLine(NameOf(line.Herd, line.Gates), line.Points))], "wasted bytes", sweep.Name, ByteSize.Format, sweep.Format);
    }

    static string NameOf(HerdKind herd, List<GateKind> gates) =>
        gates.Count == 1 ? HerdNames.LabelOf(herd, gates[0]) : $"{HerdNames.Of(herd)}, gates {string.Join(", ", gates.Select(HerdNames.Of))}";
}
