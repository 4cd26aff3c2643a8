using System.Globalization;
using System.Text.Json.Serialization;
using Drover.Cli;
using Drover.Linux;
using Drover.Loading;
using Drover.Modules;
using Drover.Output;

namespace Drover.Verbs;

/// <summary>What <c>--dry-run</c> prints: the plan, and what leads to no load.</summary>
static class PlanOutput
{
    /// <summary>Longest text in the column FOR, unless --verbose.</summary>
    const int ShortFor = 48;

    /// <returns>The exit status: failure where something could not be planned.</returns>
    public static int Write(ModuleCatalog catalog, IReadOnlyCollection<LoadRequest> requests, Arguments arguments, Terminal terminal, PlannedDevices? devices = null)
    {
        using var loop = new LiveLoop();
        using var kernel = new LinuxKernel(new KernelThreads(loop));
        var plan = LoadPlan.For(catalog, kernel, requests);
        // what is live here says nothing about another machine
        var steps = devices is { AreHere: false } ? [.. plan.Steps.Select(step => step with { IsLive = false })] : plan.Steps;
        // a device whose modalias nobody knows is the rule, a name that somebody typed should mean something
        var remarks = plan.Remarks.Where(remark => devices is null || remark.Outcome.Kind is not OutcomeKind.NotFound).ToList();
        if (arguments.Has(CommonOptions.Json))
            Json.Write(PlanReport.Of(steps, remarks, devices), PlanJson.Default.PlanReport, terminal.Out);
        else
            Print(steps, remarks, devices, arguments.Has(CommonOptions.Verbose) ? int.MaxValue : ShortFor, terminal);
        return remarks.Exists(remark => remark.Outcome.Kind is OutcomeKind.Failed or OutcomeKind.NotFound) ? ExitCode.Failure : ExitCode.Ok;
    }

    static void Print(IReadOnlyList<PlanStep> steps, IReadOnlyList<PlanRemark> remarks, PlannedDevices? devices, int widthOfFor, Terminal terminal)
    {
        if (steps.Count > 0)
        {
            var table = devices is null ? new Table("#", "MODULE", "NOW", "WHY", "FOR") : new Table("#", "MODULE", "NOW", "WHY", "FOR", "DEVICE");
            for (var i = 0; i < steps.Count; i++)
            {
                var step = steps[i];
                string[] cells =
                [
                    (i + 1).ToString(CultureInfo.InvariantCulture), step.Module.Name, step.IsLive ? "live" : "to load", WhyOf(step.Reason), Table.Shorten(step.For, widthOfFor),
                ];
                table.Add(devices is null ? cells : [.. cells, step.Request.Asker!]);
            }
            table.WriteTo(terminal.Out);
        }
        foreach (var remark in remarks)
        {
            if (remark.Outcome.Kind is OutcomeKind.Failed or OutcomeKind.NotFound)
                terminal.Complain(OutcomeText.LineOf(remark.Outcome));
            else
                terminal.Out.WriteLine($"-  {OutcomeText.LineOf(remark.Outcome)}");
        }
        var live = steps.Count(step => step.IsLive);
        var seen = devices is null ? "" : $"{devices.Devices} devices, {devices.Modaliases} modaliases ({devices.Distinct} distinct): ";
        terminal.Out.WriteLine($"{seen}{steps.Count - live} modules to load, {live} live already");
    }

    public static string WhyOf(PlanReason reason) => reason switch
    {
        PlanReason.Asked => "asked",
        PlanReason.DependencyOf => "dependency",
        PlanReason.BeforeOf => "softdep pre",
        PlanReason.AfterOf => "softdep post",
        _ => throw new ArgumentOutOfRangeException(nameof(reason)),
    };
}

/// <summary>The devices behind a plan.</summary>
/// <param name="AreHere">They are this machine's.</param>
sealed record PlannedDevices(int Devices, int Modaliases, int Distinct, bool AreHere);

/// <summary>What <c>--dry-run --json</c> prints.</summary>
sealed record PlanReport(PlannedDevices? Devices, IReadOnlyList<PlanStepReport> Steps, IReadOnlyList<PlanRemarkReport> Remarks)
{
    public static PlanReport Of(IEnumerable<PlanStep> steps, IEnumerable<PlanRemark> remarks, PlannedDevices? devices) => new(
        devices,
        [.. steps.Select(step => new PlanStepReport(step.Module.Name, step.Module.Path, PlanOutput.WhyOf(step.Reason), step.For, step.Request.Asker, step.IsLive))],
        [.. remarks.Select(remark => new PlanRemarkReport(remark.Request.Asked, remark.Request.Asker, OutcomeReport.Of(remark.Outcome)))]);
}

/// <param name="Why">asked, dependency, softdep pre, softdep post.</param>
/// <param name="For">The module that wants it, or what was asked.</param>
/// <param name="Device">The first device that needs it, or null.</param>
sealed record PlanStepReport(string Module, string Path, string Why, string For, string? Device, bool IsLive);

/// <summary>Something asked for that leads to no load.</summary>
sealed record PlanRemarkReport(string Asked, string? Device, OutcomeReport Outcome);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(PlanReport))]
sealed partial class PlanJson : JsonSerializerContext;
