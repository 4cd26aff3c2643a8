using System.Globalization;
using Drover.Cli;
using Drover.Model;

namespace Drover.Verbs.Herd;

/// <summary>What a sweep varies.</summary>
enum SweepAxis { Cpus, Memory }

/// <summary>One thing varied, and its values: CPUs, or bytes of memory; ascending, each once. Immutable.</summary>
sealed record Sweep(SweepAxis Axis, IReadOnlyList<long> Values)
{
    /// <summary>More points than this are a mistake: a range has at most 53.</summary>
    const int MostPoints = 64;

    /// <summary>Most CPUs of a run (<see cref="HerdOptions.Cpus"/>); the kernel's NR_CPUS on x86 with MAXSMP.</summary>
    public const int MostCpus = 8192;

    /// <summary>4 PiB: physical addresses of x86 have 52 bits.</summary>
    public const long MostMemoryBytes = 1L << 52;

    const string Forms = "cpus=1..4096, cpus=1,8,64 or memory=256M..8G";

    /// <summary>Reads <c>cpus=1..4096</c> (both ends and the powers of two between), <c>cpus=1,8,64</c>, <c>memory=256M..8G</c>.</summary>
    /// <exception cref="UsageException">It is none of these, or out of range.</exception>
    public static Sweep Parse(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? text : text[..equals];
        SweepAxis axis = name switch
        {
            "cpus" => SweepAxis.Cpus,
            "memory" => SweepAxis.Memory,
            _ => throw new UsageException($"--sweep takes {Forms}, not '{text}'{Nearest.Hint(name, ["cpus", "memory"])}"),
        };
        var range = equals < 0 ? "" : text[(equals + 1)..];
        var dots = range.IndexOf("..", StringComparison.Ordinal);
        var values = dots < 0
            ? [.. range.Split(',').Select(value => ParseValue(axis, value, text)).Distinct().Order()]
            : Between(ParseValue(axis, range[..dots], text), ParseValue(axis, range[(dots + 2)..], text), text);
        return values.Count <= MostPoints ? new Sweep(axis, values) : throw new UsageException($"--sweep takes at most {MostPoints} values, not {values.Count}");
    }

    /// <summary>The same run at another point.</summary>
    public HerdOptions At(HerdOptions options, long value) => Axis is SweepAxis.Cpus ? options with { Cpus = (int)value } : options with { MemoryBytes = value };

    /// <summary>Where on the axis a run is.</summary>
    public long ValueOf(HerdOptions options) => Axis is SweepAxis.Cpus ? options.Cpus : options.MemoryBytes;

    /// <summary>A value for people.</summary>
    public string Format(long value) => Axis is SweepAxis.Cpus ? value.ToString(CultureInfo.InvariantCulture) : ByteSize.Format(value);

    /// <summary>What the axis is called.</summary>
    public string Name => Axis is SweepAxis.Cpus ? "CPUs" : "memory";

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
            return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var cpus) && cpus is >= 1 and <= MostCpus
                ? cpus
                : throw new UsageException($"--sweep {text}: '{value}' is no number of CPUs from 1 to {MostCpus}; write {Forms}");
        }
        return ByteSize.TryParse(value, out var bytes) && bytes is > 0 and <= MostMemoryBytes
            ? bytes
            : throw new UsageException($"--sweep {text}: '{value}' is no size such as 256M; write {Forms}");
    }
}
