using System.Globalization;
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
            WriteJson(steps, remarks, devices, terminal.Out);
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

    static void WriteJson(IReadOnlyList<PlanStep> steps, IReadOnlyList<PlanRemark> remarks, PlannedDevices? devices, TextWriter writer) => Json.Write(writer, json =>
    {
        if (devices is null)
        {
            json.WriteNull("devices");
        }
        else
        {
            json.WriteObject("devices", () =>
            {
                json.WriteNumber("devices", devices.Devices);
                json.WriteNumber("modaliases", devices.Modaliases);
                json.WriteNumber("distinct", devices.Distinct);
                json.WriteBoolean("areHere", devices.AreHere);
            });
        }
        json.WriteObjects("steps", steps, step =>
        {
            json.WriteString("module", step.Module.Name);
            json.WriteString("path", step.Module.Path);
            json.WriteString("why", WhyOf(step.Reason));
            json.WriteString("for", step.For);
            json.WriteString("device", step.Request.Asker);
            json.WriteBoolean("isLive", step.IsLive);
        });

        // what was asked for and leads to no load
        json.WriteObjects("remarks", remarks, remark =>
        {
            json.WriteString("asked", remark.Request.Asked);
            json.WriteString("device", remark.Request.Asker);
            json.WriteObject("outcome", () => json.WriteOutcome(remark.Outcome));
        });
    });

    static string WhyOf(PlanReason reason) => reason switch
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
