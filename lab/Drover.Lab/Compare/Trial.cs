using Drover.Lab.Guest;
using Drover.Lab.Report;

namespace Drover.Lab.Compare;

/// <summary>One run of a comparison: a point, and which repetition of it.</summary>
sealed record Trial(Point Point, int Run)
{
    public string FileName =>
        $"{Point.Kernel}-{Point.Gate.ToString().ToLowerInvariant()}-c{Point.Cpus}-{Point.Loader.ToString().ToLowerInvariant()}-r{Run}.json";

    /// <summary>
    /// Round after round over all points (A B C, A B C, …), so that a machine that grows slower or busier hits every loader alike. udev leads its
    /// round: what it ends with is the others' measure, and list's input.
    /// </summary>
    public static IReadOnlyList<Trial> Plan(IReadOnlyList<string> kernels, IReadOnlyList<Gate> gates, IReadOnlyList<int> cpus, IReadOnlyList<Loader> loaders, int runs)
    {
        var points =
            from kernel in kernels
            from gate in kernel == Kernels.Gates ? gates : [Kernels.DefaultGate(kernel)]
            from count in cpus
            from loader in loaders.OrderBy(loader => loader != Loader.Udev)
            select new Point(kernel, gate, count, loader);
        var ordered = points.Distinct().ToList();
        return Enumerable.Range(1, runs).SelectMany(run => ordered.Select(point => new Trial(point, run))).ToList();
    }

    /// <summary>Whether a saved report is this trial's, under the same conditions, of the same binary where the binary matters.</summary>
    public bool IsAnsweredBy(RunReport report, RunSettings settings, string? binarySha256) =>
        report.Kernel == Point.Kernel
        && report.Memory == settings.Memory
        && report.Cpus == Point.Cpus
        && string.Equals(report.Gate, Point.Gate.ToString(), StringComparison.OrdinalIgnoreCase)
        && string.Equals(report.Loader, Point.Loader.ToString(), StringComparison.OrdinalIgnoreCase)
        && (Point.Loader is not (Loader.Drover or Loader.Daemon) || report.BinarySha256 == binarySha256);
}
