namespace Drover.Report;

/// <summary>A point of a chart.</summary>
/// <param name="At">CPUs, or bytes of memory; above 0.</param>
/// <param name="Value">Bytes or calls; at least 0.</param>
/// <param name="Booted">Of a boot that failed the value is how far it came.</param>
readonly record struct ChartPoint(long At, long Value, bool Booted = true);

/// <summary>A line of a chart. Changed by whoever makes it, until it is drawn.</summary>
/// <param name="Points">Ascending.</param>
sealed record ChartLine(string Name, List<ChartPoint> Points);

/// <summary>Values along an axis, as an SVG and as a text draw them. Immutable.</summary>
/// <param name="Values">What is shown: <c>wasted bytes</c>.</param>
/// <param name="Along">Along what: <c>CPUs</c>.</param>
/// <param name="FormatValue">A value for people.</param>
/// <param name="FormatAt">A place on the axis for people.</param>
sealed record LineChart(IReadOnlyList<ChartLine> Lines, string Values, string Along, Func<long, string> FormatValue, Func<long, string> FormatAt)
{
    /// <summary>From this ratio on an axis is logarithmic.</summary>
    const double LogFrom = 8;

    /// <summary>Every place on the axis where some line has a point, ascending.</summary>
    public List<long> Ats()
    {
        var ats = new List<long>();
        foreach (var line in Lines)
        {
            foreach (var point in line.Points)
            {
                if (!ats.Contains(point.At))
                    ats.Add(point.At);
            }
        }
        ats.Sort();
        return ats;
    }

    /// <summary>Some boot failed.</summary>
    public bool HasFailures
    {
        get
        {
            foreach (var line in Lines)
            {
                foreach (var point in line.Points)
                {
                    if (!point.Booted)
                        return true;
                }
            }
            return false;
        }
    }

    /// <summary>The least and the most of the values above 0; null where there is none.</summary>
    public (long Least, long Most)? Range()
    {
        (long Least, long Most)? range = null;
        foreach (var line in Lines)
        {
            foreach (var point in line.Points)
            {
                if (point.Value > 0)
                    range = range is { } known ? (Math.Min(known.Least, point.Value), Math.Max(known.Most, point.Value)) : (point.Value, point.Value);
            }
        }
        return range;
    }

    /// <summary>Values this far apart are shown on a logarithmic axis; both above 0.</summary>
    public static bool IsLog(long least, long most) => (double)most / least >= LogFrom;

    /// <summary>Where on the axis a place is, 0 to 1; all above 0.</summary>
    public static double ShareOf(long at, long from, long to)
    {
        if (from == to)
            return 0;
        return IsLog(from, to) ? Math.Log((double)at / from) / Math.Log((double)to / from) : (double)(at - from) / (to - from);
    }
}
