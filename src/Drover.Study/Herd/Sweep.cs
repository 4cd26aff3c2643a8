using Drover.Model.Herds;
using Drover.Model.Kernel;
using Drover.Study.Drawing;
using Drover.Study.Scenarios;

namespace Drover.Study.Herd;

/// <summary>The quantity that a sweep varies.</summary>
enum SweepAxis { Cpus, Memory }

/// <summary>A series of runs that differ in one quantity.</summary>
/// <param name="Values">CPUs, or bytes of memory; ascending, each once.</param>
sealed record Sweep(SweepAxis Axis, IReadOnlyList<long> Values)
{
    const int MaxPoints = 64; // a range has at most 53 powers of two
    public const int MaxCpus = 8192; // the limit of HerdOptions.Cpus; NR_CPUS of an x86 kernel with MAXSMP
    const string Forms = "cpus=1..4096, cpus=1,8,64 or memory=256M..8G";

    /// <summary>Reads <c>cpus=1..4096</c> (ends and powers of two), <c>cpus=1,8,64</c>, <c>memory=1G..8G</c>.</summary>
    /// <exception cref="UsageException">It has another form, or is out of range.</exception>
    public static Sweep Parse(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? text : text[..equals];
        var axis = name switch
        {
            "cpus" => SweepAxis.Cpus,
            "memory" => SweepAxis.Memory,
            _ => throw new UsageException(
                $"--sweep takes {Forms}, not '{text}'{Nearest.Hint(name, ["cpus", "memory"])}"),
        };
        var range = equals < 0 ? "" : text[(equals + 1)..];
        var dots = range.IndexOf("..", StringComparison.Ordinal);
        long ValueOf(string value) => ParseValue(axis, value, text);
        var values = dots < 0
            ? [.. range.Split(',').Select(ValueOf).Distinct().Order()]
            : Between(ValueOf(range[..dots]), ValueOf(range[(dots + 2)..]), text);
        return values.Count <= MaxPoints
            ? new Sweep(axis, values)
            : throw new UsageException($"--sweep takes at most {MaxPoints} values, not {values.Count}");
    }

    public HerdOptions At(HerdOptions options, long value) =>
        Axis is SweepAxis.Cpus ? options with { Cpus = (int)value } : options with { MemoryBytes = value };

    public long ValueOf(HerdOptions options) => Axis is SweepAxis.Cpus ? options.Cpus : options.MemoryBytes;

    public string Format(long value) =>
        Axis is SweepAxis.Cpus ? value.ToString(CultureInfo.InvariantCulture) : ByteSize.Format(value);

    public string Name => Axis is SweepAxis.Cpus ? "CPUs" : "memory";

    /// <summary>Wasted bytes along the sweep.</summary>
    public LineChart WasteChart(IEnumerable<HerdResult> results) =>
        Chart(results, "wasted bytes", result => result.WastedBytes, ByteSize.Format);

    /// <summary>Wasted bytes, load calls and seconds along the sweep.</summary>
    public LineChart[] Charts(IReadOnlyList<HerdResult> results) =>
    [
        WasteChart(results),
        Chart(results, "load calls", HerdFigures.CallsOf, calls => calls.ToString("#,0", CultureInfo.InvariantCulture)),
        Chart(
            results, "seconds of the boot phase", result => (long)(result.BootSeconds * 1e6),
            us => (us / 1e6).ToString("0.00 s", CultureInfo.InvariantCulture)),
    ];

    /// <summary>A line a gate and herd; equal lines of a herd become one.</summary>
    LineChart Chart(
        IEnumerable<HerdResult> results, string values, Func<HerdResult, long> valueOf, Func<long, string> format)
    {
        var lines = new List<(LoaderKind Herd, List<GateKind> Gates, List<ChartPoint> Points)>();
        foreach (var line in results.GroupBy(result => (result.Options.Loader, result.Options.Gate)))
        {
            var points = line
                .Select(result => new ChartPoint(ValueOf(result.Options), valueOf(result), result.Booted))
                .OrderBy(point => point.At).ToList();
            var same = lines.FindIndex(other => other.Herd == line.Key.Loader && other.Points.SequenceEqual(points));
            if (same < 0)
                lines.Add((line.Key.Loader, [line.Key.Gate], points));
            else
                lines[same].Gates.Add(line.Key.Gate);
        }
        return new LineChart(
            [.. lines.Select(line => new ChartLine(NameOf(line.Herd, line.Gates), line.Points))],
            values, Name, format, Format);

        static string NameOf(LoaderKind herd, List<GateKind> gates) => gates.Count == 1
            ? HerdNames.LabelOf(herd, gates[0])
            : $"{HerdNames.Of(herd)}, gates {string.Join(", ", gates.Select(HerdNames.Of))}";
    }

    static List<long> Between(long from, long to, string text)
    {
        if (from > to)
            throw new UsageException($"--sweep {text}: the range goes down; write the smaller end first");
        var values = new List<long> { from };
        for (var power = 1L; power < to; power <<= 1)
        {
            if (power > from)
                values.Add(power);
        }
        if (to > from)
            values.Add(to);
        return values;
    }

    static long ParseValue(SweepAxis axis, string value, string text)
    {
        if (axis is SweepAxis.Cpus)
        {
            return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var cpus)
                && cpus is >= 1 and <= MaxCpus
                ? cpus
                : throw new UsageException(
                    $"--sweep {text}: '{value}' is not a number of CPUs from 1 to {MaxCpus}; write {Forms}");
        }
        return ByteSize.TryParse(value, out var bytes) && ScenarioSource.IsMemory(bytes)
            ? bytes
            : throw new UsageException($"--sweep {text}: '{value}' is not a size from 1M to 4P; write {Forms}");
    }
}
