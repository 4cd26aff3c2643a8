using System.Globalization;
using System.Text;

namespace Drover.Lab.Fidelity;

/// <summary>One point: the real kernel's figures and the model's.</summary>
sealed record FidelityRow(string Gate, int Cpus, int Runs, Figures Real, Figures Model)
{
    const double Tolerance = 0.3;

    /// <summary>Figures where the model is further from life than ± 30 %, or where what must be equal is not.</summary>
    public IReadOnlyList<string> Misses { get; } =
    [
        .. new[]
        {
            // who waits at the idempotent gate succeeds, too: how many do is chance on the real kernel as well
            Gate == "idempotent" ? Near("calls that succeed", Real.Succeeded, Model.Succeeded) : Equal("calls that succeed", Real.Succeeded, Model.Succeeded),
            Equal("modules live", Real.Live, Model.Live),
            Near("ETXTBSY", Real.Refused, Model.Refused),
            Near("EEXIST + EBUSY", Real.Duplicates, Model.Duplicates),
            Near("wasted bytes", Real.WastedBytes, Model.WastedBytes),
        }.OfType<string>(),
    ];

    static string? Equal(string what, double real, double model) => real.Equals(model) ? null : what;

    static string? Near(string what, double real, double model) => Math.Abs(model - real) <= Tolerance * real ? null : what;
}

/// <summary>Life and model side by side, as a Markdown table.</summary>
static class FidelityTable
{
    static readonly string[] Head = ["gate", "CPUs", "runs", "0", "ETXTBSY", "EEXIST + EBUSY", "other", "wasted, MB", "live", "further off than 30 %"];

    public static string Of(IEnumerable<FidelityRow> rows)
    {
        var cells = rows.Select(Cells).Prepend(Head).ToList();
        var widths = Enumerable.Range(0, Head.Length).Select(column => cells.Max(row => row[column].Length)).ToList();
        var text = new StringBuilder("each cell: the real kernel's median / the model's\n\n");
        for (var i = 0; i < cells.Count; i++)
        {
            text.Append("| ").AppendJoin(" | ", cells[i].Select((cell, column) => cell.PadRight(widths[column]))).AppendLine(" |");
            if (i == 0)
                text.Append('|').AppendJoin('|', widths.Select(width => new string('-', width + 2))).AppendLine("|");
        }
        return text.ToString();
    }

    static string[] Cells(FidelityRow row) =>
    [
        row.Gate, $"{row.Cpus}", $"{row.Runs}",
        Pair(row.Real.Succeeded, row.Model.Succeeded), Pair(row.Real.Refused, row.Model.Refused), Pair(row.Real.Duplicates, row.Model.Duplicates),
        Pair(row.Real.Failed, row.Model.Failed),
        string.Create(CultureInfo.InvariantCulture, $"{row.Real.WastedBytes / 1e6:0.00} / {row.Model.WastedBytes / 1e6:0.00}"),
        Pair(row.Real.Live, row.Model.Live),
        string.Join(", ", row.Misses),
    ];

    static string Pair(double real, double model) => string.Create(CultureInfo.InvariantCulture, $"{real:0} / {model:0}");
}
