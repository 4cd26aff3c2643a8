using System.Globalization;
using Drover.Model;
using Drover.Output;
using Drover.Report;

namespace Drover.Verbs.Herd;

/// <summary>What <c>drover herd</c> prints for people: what is shown, the figures, what to see in them.</summary>
static class HerdTable
{
    /// <summary>Runs at one point: a line a run.</summary>
    public static void Write(IReadOnlyList<HerdResult> results, TextWriter writer)
    {
        writer.WriteLine(HerdReading.Introduce(results, sweep: null));
        writer.WriteLine();
        var table = new Table("GATE", "HERD", "CALLS", "BY ERRNO", "WASTED", "PEAK", "SECONDS", "MISSING");
        foreach (var result in results)
        {
            table.Add(
                HerdNames.Of(result.Options.Gate), HerdNames.Of(result.Options.Herd), RunCells.CallsOf(result).ToString(CultureInfo.InvariantCulture), RunCells.ByErrno(result),
                RunCells.Wasted(result), RunCells.Peak(result), RunCells.Seconds(result), RunCells.Missing(result));
        }
        table.WriteTo(writer);
        var reading = HerdReading.Of(results);
        if (reading.Count == 0)
            return;
        writer.WriteLine();
        foreach (var sentence in reading)
            writer.WriteLine(sentence);
    }

    /// <summary>Runs along a sweep: a table a figure, a line a point; then the chart of waste.</summary>
    public static void WriteSweep(IReadOnlyList<HerdResult> results, Sweep sweep, int width, TextWriter writer)
    {
        writer.WriteLine(HerdReading.Introduce(results, sweep));
        WriteFigure("calls to the kernel", result => RunCells.CallsOf(result).ToString(CultureInfo.InvariantCulture));
        WriteFigure("wasted bytes", RunCells.Wasted);
        WriteFigure("seconds of the boot phase; in brackets how far a boot came that failed", RunCells.Seconds);
        WriteFigure("modules missing at the end", result => result.Booted ? result.Missing.Count.ToString(CultureInfo.InvariantCulture) : "-");
        writer.WriteLine();
        TextLineChart.Write(SweepChart.Of(results, sweep), width, writer);

        void WriteFigure(string title, Func<HerdResult, string> cellOf)
        {
            writer.WriteLine();
            writer.WriteLine(title);
            var lines = results.GroupBy(result => (result.Options.Herd, result.Options.Gate)).Select(line => line.ToDictionary(result => sweep.ValueOf(result.Options))).ToList();
            var table = new Table([sweep.Name, .. lines.Select(line => HeadingOf(line.Values.First()))]);
            foreach (var value in results.Select(result => sweep.ValueOf(result.Options)).Distinct().Order())
                table.Add([sweep.Format(value), .. lines.Select(line => line.TryGetValue(value, out var result) ? cellOf(result) : "")]);
            table.WriteTo(writer);
        }
    }

    static string HeadingOf(HerdResult result) => $"{HerdNames.Of(result.Options.Herd)} {HerdNames.Of(result.Options.Gate)}";
}
