using Drover.Kernel;
using Drover.Lab.Compare;
using Drover.Lab.Reading;
using Drover.Lab.Runs;
using Drover.Model.Herds;
using Drover.Model.Scenarios;

namespace Drover.Lab.Fidelity;

/// <summary>The compared figures of a point, medians of its runs.</summary>
/// <param name="Succeeded">Calls that returned 0; at the idempotent gate also those that waited for another.</param>
/// <param name="Refused">Calls that ended in ETXTBSY.</param>
/// <param name="Duplicates">Calls that ended in EEXIST or EBUSY.</param>
/// <param name="Failed">All other calls: drivers without hardware.</param>
/// <param name="Seconds">Of the coldplug. Not judged.</param>
sealed record FidelityFigures(
    double Succeeded, double Refused, double Duplicates, double Failed, double WastedBytes, double Live, double Seconds)
{
    /// <summary>The real runs' figures, without modules that the scenario lacks: no device requests them, the kernel
    /// itself does.</summary>
    public static FidelityFigures Of(IReadOnlyCollection<RunReport> runs, Scenario scenario)
    {
        var known = scenario.Modules.Select(module => module.Name).ToHashSet(StringComparer.Ordinal);
        return Of(
            runs.Select(run => (Run: run, Calls: run.TracedCalls.Where(IsOfScenario).ToList())).ToList(),
            (run, error) => run.Calls.Count(
                call => call.Result == (error == Errno.None ? "0" : error.ToString())),
            run => run.Calls.Count, run => run.Run.WastedBytes, run => run.Run.Live.Count(known.Contains),
            run => run.Run.ColdplugSeconds);

        bool IsOfScenario(ModuleCall call) => call.Module is null || known.Contains(call.Module);
    }

    public static FidelityFigures Of(IReadOnlyCollection<HerdResult> runs) => Of(
        runs, (run, error) => run.Calls.GetValueOrDefault(error), run => run.Calls.Values.Sum(), run => run.WastedBytes,
        run => run.Live.Count, run => run.BootSeconds);

    static FidelityFigures Of<T>(
        IReadOnlyCollection<T> runs, Func<T, Errno, double> calls, Func<T, double> total, Func<T, double> wasted,
        Func<T, double> live, Func<T, double> seconds)
    {
        return new(
            Median(Succeeded), Median(Refused), Median(Duplicates),
            Median(run => total(run) - Succeeded(run) - Refused(run) - Duplicates(run)), Median(wasted), Median(live),
            Median(seconds));

        double Succeeded(T run) => calls(run, Errno.None);
        double Refused(T run) => calls(run, Errno.ETXTBSY);
        double Duplicates(T run) => calls(run, Errno.EEXIST) + calls(run, Errno.EBUSY);
        double Median(Func<T, double> value) => Spread.Of(runs.Select(value)).Median;
    }
}

/// <summary>One point: the real kernel's figures and the model's.</summary>
sealed record FidelityRow(string Gate, int Cpus, int Runs, FidelityFigures Real, FidelityFigures Model)
{
    const double Tolerance = 0.15;

    static readonly string[] s_head =
    ["gate", "CPUs", "runs", "0", "ETXTBSY", "EEXIST + EBUSY", "other", "wasted, MB", "live", "further off than 15 %"];

    /// <summary>Figures where the model is off by more than 15 %, or not equal where it must be.</summary>
    public IReadOnlyList<string> Misses { get; } =
    [
        .. new[]
        {
            // calls that wait at the idempotent gate also succeed: their number is chance on the real kernel as well
            Gate == "idempotent"
                ? Near("calls that succeed", Real.Succeeded, Model.Succeeded)
                : Equal("calls that succeed", Real.Succeeded, Model.Succeeded),
            Equal("modules live", Real.Live, Model.Live),
            Near("ETXTBSY", Real.Refused, Model.Refused),
            Near("EEXIST + EBUSY", Real.Duplicates, Model.Duplicates),
            Near("wasted bytes", Real.WastedBytes, Model.WastedBytes),
        }.OfType<string>(),
    ];

    public static string Table(IEnumerable<FidelityRow> rows) =>
        "each cell: the real kernel's median / the model's\n\n"
        + MarkdownTable.Format(s_head, rows.Select(row => row.Cells()));

    string[] Cells() =>
    [
        Gate, $"{Cpus}", $"{Runs}", Pair(Real.Succeeded, Model.Succeeded), Pair(Real.Refused, Model.Refused),
        Pair(Real.Duplicates, Model.Duplicates), Pair(Real.Failed, Model.Failed),
        $"{Real.WastedBytes / 1e6:0.00} / {Model.WastedBytes / 1e6:0.00}", Pair(Real.Live, Model.Live),
        string.Join(", ", Misses),
    ];

    static string Pair(double real, double model) => $"{real:0} / {model:0}";
    static string? Equal(string what, double real, double model) => real.Equals(model) ? null : what;

    static string? Near(string what, double real, double model) =>
        Math.Abs(model - real) <= Tolerance * real ? null : what;
}
