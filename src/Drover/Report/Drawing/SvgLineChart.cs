using System.Globalization;
using System.Numerics;

namespace Drover.Report;

/// <summary>Draws values along an axis: a cross where the boot failed. Stateless.</summary>
static class SvgLineChart
{
    const int Left = 80;
    const int PlotWidth = 780;
    const int Top = 14;
    const int PlotHeight = 360;

    /// <summary>Below the logarithmic part, which has no zero.</summary>
    const int ZeroBand = 30;

    const int LegendLine = 20;
    const int Colours = 8;
    const int MostTicks = 9;

    /// <summary>Less than this between two labels of the axis, and they touch.</summary>
    const int LabelWidth = 52;

    public static void Write(HtmlWriter html, LineChart chart)
    {
        var (lines, ats) = (chart.Lines, chart.Ats());
        var scale = ValueScale.Of(chart);
        double XOf(long at) => Left + (LineChart.ShareOf(at, ats[0], ats[^1]) * PlotWidth);
        var bottom = Top + PlotHeight + 42;
        var height = bottom + (lines.Count * LegendLine);

        html.Line($"<div class=\"wide\"><svg viewBox=\"0 0 {Left + PlotWidth + 40} {height}\" width=\"{Left + PlotWidth + 40}\" height=\"{height}\" role=\"img\" aria-label=\"{chart.Values} against {chart.Along}\">");
        foreach (var tick in scale.Ticks)
            html.Line($"<line class=\"grid\" x1=\"{Left}\" y1=\"{scale.YOf(tick)}\" x2=\"{Left + PlotWidth}\" y2=\"{scale.YOf(tick)}\"/><text x=\"{Left - 8}\" y=\"{scale.YOf(tick) + 4}\" text-anchor=\"end\">{(tick == 0 ? "0" : chart.FormatValue(tick))}</text>");
        var free = 0.0;
        foreach (var at in ats)
        {
            html.Line($"<line class=\"grid\" x1=\"{XOf(at)}\" y1=\"{Top}\" x2=\"{XOf(at)}\" y2=\"{Top + PlotHeight}\"/>");
            if (XOf(at) < free)
                continue;
            html.Line($"<text x=\"{XOf(at)}\" y=\"{Top + PlotHeight + 16}\" text-anchor=\"middle\">{chart.FormatAt(at)}</text>");
            free = XOf(at) + LabelWidth;
        }
        for (var line = 0; line < lines.Count; line++)
            WriteLine(html, chart, line, XOf, scale, bottom + (line * LegendLine));
        html.Raw("</svg></div>");
        if (chart.HasFailures)
            html.Raw("<p class=\"dim\">A cross: the boot failed.</p>");
    }

    static void WriteLine(HtmlWriter html, LineChart chart, int index, Func<long, double> xOf, ValueScale scale, int legendY)
    {
        var line = chart.Lines[index];
        var dashed = index >= Colours ? " dashed" : "";
        var points = string.Join(' ', line.Points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{xOf(point.At):0.#},{scale.YOf(point.Value):0.#}")));
        html.Line($"<g class=\"c{index % Colours}\"><polyline class=\"line{dashed}\" points=\"{points}\"/>");
        foreach (var point in line.Points)
        {
            var (x, y) = (xOf(point.At), scale.YOf(point.Value));
            var title = $"{line.Name}: {chart.FormatValue(point.Value)} at {chart.FormatAt(point.At)} {chart.Along}{(point.Booted ? "" : "; the boot failed")}";
            if (point.Booted)
                html.Line($"<circle class=\"dot\" cx=\"{x}\" cy=\"{y}\" r=\"2.5\"><title>{title}</title></circle>");
            else
                html.Line($"<path class=\"cross\" d=\"M{x - 5} {y - 5}L{x + 5} {y + 5}M{x - 5} {y + 5}L{x + 5} {y - 5}\"><title>{title}</title></path>");
        }
        html.Line($"<line class=\"line{dashed}\" x1=\"{Left}\" y1=\"{legendY}\" x2=\"{Left + 26}\" y2=\"{legendY}\"/><text x=\"{Left + 34}\" y=\"{legendY + 4}\">{line.Name}</text></g>");
    }

    /// <summary>Values to heights: logarithmic above a band for zero where they span a decade, else linear from zero. Immutable.</summary>
    sealed record ValueScale(bool IsLog, int LowestPower, int Powers, long Most)
    {
        public static ValueScale Of(LineChart chart)
        {
            if (chart.Range() is not var (least, most))
                return new ValueScale(IsLog: false, 0, 0, 1);
            var lowest = BitOperations.Log2((ulong)least);
            return new ValueScale(LineChart.IsLog(least, most), lowest, BitOperations.Log2((ulong)most) + 1 - lowest, most);
        }

        /// <summary>Zero, then round values.</summary>
        public IEnumerable<long> Ticks
        {
            get
            {
                yield return 0;
                if (IsLog)
                {
                    var step = Math.Max(1, (Powers + MostTicks - 1) / MostTicks);
                    for (var power = 0; power <= Powers; power += step)
                        yield return 1L << (LowestPower + power);
                    yield break;
                }
                for (var quarter = 1; quarter <= 4 && Most >= 4; quarter++)
                    yield return Most / 4 * quarter;
            }
        }

        public double YOf(long value)
        {
            if (value <= 0)
                return Top + PlotHeight;
            return IsLog
                ? Top + ((PlotHeight - ZeroBand) * (1 - ((Math.Log2(value) - LowestPower) / Powers)))
                : Top + (PlotHeight * (1 - ((double)value / Most)));
        }
    }
}
