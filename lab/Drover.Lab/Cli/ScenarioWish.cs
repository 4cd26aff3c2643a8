using System.Globalization;
using Drover.Lab.Guest;
using Drover.Lab.Prepare;
using Drover.Lab.Report;

namespace Drover.Lab.Cli;

/// <summary><c>lab/run --scenario</c>: the guest as a scenario of the model, with the times its calls took.</summary>
sealed record ScenarioWish(string File, string Binary, int Slowdown, bool AsGuest)
{
    /// <summary>Only then is a call's time its module's own.</summary>
    public const string OneAfterAnother = "--jobs 1";

    /// <summary>A usual guess for TCG beside the CPU it runs on.</summary>
    const int DefaultSlowdown = 20, MaximumSlowdown = 1000;

    /// <summary>Null where no scenario is asked for.</summary>
    public static ScenarioWish? Read(ArgumentReader arguments, Loader loader, string binary)
    {
        var slowdown = arguments.Number("--slowdown", 1, MaximumSlowdown, fallback: 0);
        var asGuest = arguments.Flag("--guest");
        if (arguments.Text("--scenario") is not { } file)
            return slowdown == 0 && !asGuest ? null : throw ArgumentReader.Wrong("--slowdown and --guest belong to --scenario");
        return loader == Loader.Drover
            ? new(Path.GetFullPath(file), binary, slowdown == 0 ? DefaultSlowdown : slowdown, asGuest)
            : throw ArgumentReader.Wrong("--scenario is recorded by the loader drover");
    }

    /// <summary>The same binary that recorded the scenario in the guest adds the times here.</summary>
    public async Task WriteAsync(RunReport report, CancellationToken stop)
    {
        if (report.Scenario is not ['{', ..] recorded)
            throw new LabException($"drover scenario recorded nothing in the guest: {report.Scenario?.Trim() ?? "is it the binary of this tree?"}");
        using var work = new LabCache().Work();
        var (scenario, timings) = (work.File("scenario.json"), work.File("timings.json"));
        await System.IO.File.WriteAllTextAsync(scenario, recorded, stop);
        report.Write(timings);
        List<string> arguments =
        [
            "scenario", "--from", scenario, "--timings", timings, "--name", $"the lab's {report.Kernel} kernel, {report.Cpus} CPUs",
            "--description", $"A guest of QEMU (q35, TCG, {report.Memory}) with kernel {report.KernelRelease}, recorded by lab/run --scenario.",
            "--slowdown", Slowdown.ToString(CultureInfo.InvariantCulture), "--output", File,
        ];
        if (AsGuest)
            arguments.Add("--guest");
        await Command.RunAsync(Binary, arguments, stop);
    }
}
