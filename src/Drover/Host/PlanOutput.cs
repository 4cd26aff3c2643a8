using System.Globalization;
using Drover.CommandLine;
using Drover.Kernel;
using Drover.Linux.ProcFs;
using Drover.Loading;
using Drover.Modules.Config;
using Drover.Text;

namespace Drover.Host;

/// <summary>What <c>--dry-run</c> prints: the plan, and what leads to no load.</summary>
static class PlanOutput
{
    /// <summary>Longest text in the column FOR, unless --verbose.</summary>
    const int ShortFor = 48;

    /// <param name="isStrict">A module that the policy or a blacklist leaves out is a failure.</param>
    /// <returns>The exit status: failure where something could not be planned.</returns>
    public static int Write(
        ModuleCatalog catalog, IReadOnlyCollection<LoadRequest> requests, Arguments arguments, Terminal terminal,
        PlannedDevices? devices = null, bool isStrict = false)
    {
        // modules that are live here say nothing about another machine
        Func<string, InitState> stateOf = devices is { AreHere: false } ? _ => InitState.Absent : SysModule.InitStateOf;
        // most devices have a modalias without a module; an operand without one is an error
        var plan = ModulePlan.Of(new Planner(catalog), requests, stateOf, remarkNotFound: devices is null);
        var (steps, remarks) = (plan.Steps, plan.Remarks);
        if (arguments.Has(CommonOptions.Json))
            WriteJson(steps, remarks, devices, terminal.Out);
        else
            Print(steps, remarks, devices, arguments.Has(CommonOptions.Verbose) ? int.MaxValue : ShortFor, terminal);
        return remarks.Any(remark => isStrict ? !remark.Outcome.IsAvailable : IsFailure(remark))
            ? ExitCode.Failure
            : ExitCode.Ok;
    }

    static bool IsFailure(PlanRemark remark) => remark.Outcome.Kind is OutcomeKind.Failed or OutcomeKind.NotFound;

    static void Print(
        IReadOnlyList<PlanStep> steps, IReadOnlyList<PlanRemark> remarks, PlannedDevices? devices, int widthOfFor,
        Terminal terminal)
    {
        if (steps.Count > 0)
        {
            string[] headings = ["#", "MODULE", "NOW", "WHY", "FOR"];
            var table = new PlainTable(devices is null ? headings : [.. headings, "DEVICE"]);
            for (var i = 0; i < steps.Count; i++)
            {
                var step = steps[i];
                string[] cells =
                [
                    (i + 1).ToString(CultureInfo.InvariantCulture), step.Name, NowOf(step),
                    WhyOf(step.Reason), PlainTable.Shorten(step.For, widthOfFor),
                ];
                table.Add(devices is null ? cells : [.. cells, step.Request!.Requester!]);
            }
            table.WriteTo(terminal.Out);
        }
        foreach (var step in steps.Where(step => step is { Command: not null, IsLive: false }))
            terminal.Out.WriteLine($"-  {step.Name}: its install command runs in its place: {step.Command}");
        foreach (var remark in remarks)
        {
            if (IsFailure(remark) || remark.Outcome.Kind is OutcomeKind.Forbidden)
                terminal.Warn(OutcomeText.LineOf(remark.Outcome));
            else
                terminal.Out.WriteLine($"-  {OutcomeText.LineOf(remark.Outcome)}");
        }
        var live = steps.Count(step => step.IsLive);
        var seen = devices is null
            ? ""
            : $"{devices.Devices} devices, {devices.Modaliases} modaliases ({devices.Distinct} distinct): ";
        terminal.Out.WriteLine($"{seen}{steps.Count - live} modules to load, {live} live already");
    }

    static string NowOf(PlanStep step) => step switch
    {
        { IsLive: true } => "live",
        { Command: not null } => "command",
        _ => "to load",
    };

    static void WriteJson(
        IReadOnlyList<PlanStep> steps, IReadOnlyList<PlanRemark> remarks, PlannedDevices? devices, TextWriter writer) =>
        Json.Write(writer, json =>
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
            json.WriteString("module", step.Name);
            json.WriteString("path", step.Path ?? "");
            json.WriteString("why", WhyOf(step.Reason));
            json.WriteString("for", step.For);
            json.WriteString("device", devices is null ? null : step.Request!.Requester);
            json.WriteBoolean("isLive", step.IsLive);
            json.WriteString("command", step.Command);
        });
        json.WriteObjects("remarks", remarks, remark =>
        {
            json.WriteString("asked", remark.Request.Name);
            json.WriteString("device", devices is null ? null : remark.Request.Requester);
            json.WriteObject("outcome", () => json.WriteOutcome(remark.Outcome));
        });
    });

    static string WhyOf(PlanReason reason) => reason switch
    {
        PlanReason.Requested => "asked",
        PlanReason.DependencyOf => "dependency",
        PlanReason.BeforeOf => "softdep pre",
        PlanReason.AfterOf => "softdep post",
        _ => throw new ArgumentOutOfRangeException(nameof(reason)),
    };
}

/// <param name="AreHere">They are this machine's.</param>
sealed record PlannedDevices(int Devices, int Modaliases, int Distinct, bool AreHere);
