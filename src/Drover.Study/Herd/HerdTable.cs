using Drover.Model.Herds;
using Drover.Study.Drawing;

namespace Drover.Study.Herd;

static class HerdTable
{
    const int ChartWidth = 78; // fits into 80 columns

    /// <summary>A row a run.</summary>
    public static void Write(IReadOnlyList<HerdResult> results, Terminal terminal)
    {
        terminal.Out.WriteLine(HerdSummary.Introduce(results, sweep: null));
        terminal.Out.WriteLine();
        var table = new FittedTable("GATE", "HERD", "CALLS", "BY ERRNO", "WASTED", "PEAK", "SECONDS", "MISSING")
        {
            Optional = ["PEAK", "BY ERRNO", "MISSING"],
        };
        foreach (var result in results)
        {
            table.Add(
                HerdNames.Of(result.Options.Gate), HerdNames.Of(result.Options.Loader), Calls(result),
                HerdFigures.ByErrno(result), HerdFigures.Wasted(result), HerdFigures.Peak(result),
                HerdFigures.Seconds(result), HerdFigures.Missing(result));
        }
        table.WriteTo(terminal);
        var summary = HerdSummary.Of(results);
        if (summary.Count == 0)
            return;
        terminal.Out.WriteLine();
        foreach (var sentence in summary)
            terminal.Out.WriteLine(sentence);
    }

    /// <summary>One table per figure, with a row per point of the sweep; then the chart of waste.</summary>
    public static void WriteSweep(IReadOnlyList<HerdResult> results, Sweep sweep, Terminal terminal)
    {
        terminal.Out.WriteLine(HerdSummary.Introduce(results, sweep));
        WriteFigure("calls to the kernel", Calls);
        WriteFigure("wasted bytes", HerdFigures.Wasted);
        WriteFigure("seconds of the boot phase; in brackets the time of a boot that failed", HerdFigures.Seconds);
        WriteFigure("modules missing at the end", result =>
            result.Booted ? result.Missing.Count.ToString(CultureInfo.InvariantCulture) : "-");
        terminal.Out.WriteLine();
        TextLineChart.Write(sweep.WasteChart(results), ChartWidth, terminal.Out);

        void WriteFigure(string title, Func<HerdResult, string> cellOf)
        {
            terminal.Out.WriteLine();
            terminal.Out.WriteLine(title);
            var columns = results.ToLookup(result =>
                $"{HerdNames.Of(result.Options.Loader)} {HerdNames.Of(result.Options.Gate)}");
            var table = new FittedTable([sweep.Name, .. columns.Select(column => column.Key)]);
            foreach (var value in results.Select(result => sweep.ValueOf(result.Options)).Distinct().Order())
            {
                var cells = columns.Select(column =>
                    column.Where(result => sweep.ValueOf(result.Options) == value).Select(cellOf).FirstOrDefault(""));
                table.Add([sweep.Format(value), .. cells]);
            }
            table.WriteTo(terminal);
        }
    }

    static string Calls(HerdResult result) => HerdFigures.CallsOf(result).ToString(CultureInfo.InvariantCulture);
}
