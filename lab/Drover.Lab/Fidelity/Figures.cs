using Drover.Lab.Compare;
using Drover.Lab.Report;
using Drover.Model;

namespace Drover.Lab.Fidelity;

/// <summary>What is compared of a point, medians of its runs: calls by what became of them, bytes, modules.</summary>
/// <param name="Succeeded">Calls that returned 0; under the idempotent gate those that waited for another one, too.</param>
/// <param name="Refused">Calls that ended in ETXTBSY.</param>
/// <param name="Duplicates">Calls that ended in EEXIST or EBUSY.</param>
/// <param name="Failed">All other calls: drivers without hardware.</param>
/// <param name="WastedBytes">"Virtual mem wasted bytes".</param>
/// <param name="Live">Modules live at the end.</param>
sealed record Figures(double Succeeded, double Refused, double Duplicates, double Failed, double WastedBytes, double Live)
{
    public static Figures Of(IReadOnlyCollection<RunReport> runs) => new(
        Median(runs, run => run.Calls.GetValueOrDefault("0")),
        Median(runs, run => run.Calls.GetValueOrDefault("ETXTBSY")),
        Median(runs, run => run.Calls.GetValueOrDefault("EEXIST") + run.Calls.GetValueOrDefault("EBUSY")),
        Median(runs, run => run.TotalCalls - run.Calls.GetValueOrDefault("0") - run.Calls.GetValueOrDefault("ETXTBSY") - run.Calls.GetValueOrDefault("EEXIST") - run.Calls.GetValueOrDefault("EBUSY")),
        Median(runs, run => run.WastedBytes),
        Median(runs, run => run.Live.Count));

    public static Figures Of(IReadOnlyCollection<HerdResult> runs) => new(
        Median(runs, run => Calls(run, Loading.Errno.None)),
        Median(runs, run => Calls(run, Loading.Errno.ETXTBSY)),
        Median(runs, run => Calls(run, Loading.Errno.EEXIST) + Calls(run, Loading.Errno.EBUSY)),
        Median(runs, run => run.Calls.Values.Sum() - Calls(run, Loading.Errno.None) - Calls(run, Loading.Errno.ETXTBSY) - Calls(run, Loading.Errno.EEXIST) - Calls(run, Loading.Errno.EBUSY)),
        Median(runs, run => run.WastedBytes),
        Median(runs, run => run.Live.Count));

    static long Calls(HerdResult run, Loading.Errno error) => run.Calls.GetValueOrDefault(error);

    static double Median<T>(IEnumerable<T> runs, Func<T, double> value) => Spread.Of(runs.Select(value)).Median;
}
