using Drover.Modules;

namespace Drover.Loading;

/// <summary>Why a module stands in a plan.</summary>
public enum PlanReason
{
    /// <summary>A request named it, or an alias that stands for it.</summary>
    Asked,

    /// <summary>A hard dependency (modules.dep).</summary>
    DependencyOf,

    /// <summary>A softdep wants it before.</summary>
    BeforeOf,

    /// <summary>A softdep wants it after.</summary>
    AfterOf,
}

/// <summary>One module that would be loaded.</summary>
/// <param name="Module">Its node.</param>
/// <param name="Reason">Why it is here.</param>
/// <param name="For">The module that wants it, or, where it was asked for, what was asked.</param>
/// <param name="Request">The request that first needed it.</param>
/// <param name="IsLive">It is live already, and would cost no call.</param>
public sealed record PlanStep(PlannedModule Module, PlanReason Reason, string For, LoadRequest Request, bool IsLive);

/// <summary>What stands in a plan's way, or need not be loaded.</summary>
public sealed record PlanRemark(LoadRequest Request, ModuleOutcome Outcome);

/// <summary>
/// What a loader would do with some requests, without doing it: every module once, after all it waits for. The order is one that the loader could take; it
/// runs side by side whatever is ready.
/// </summary>
public sealed class LoadPlan
{
    readonly Planner _planner;
    readonly ModuleCatalog _catalog;
    readonly IKernel _kernel;
    readonly HashSet<string> _seen = [];
    readonly List<PlanStep> _steps = [];
    readonly List<PlanRemark> _remarks = [];

    LoadPlan(ModuleCatalog catalog, IKernel kernel) => (_catalog, _planner, _kernel) = (catalog, new Planner(catalog), kernel);

    /// <summary>The modules in an order in which they could be loaded.</summary>
    public IReadOnlyList<PlanStep> Steps => _steps;

    /// <summary>Requests, or parts of them, that lead to no load.</summary>
    public IReadOnlyList<PlanRemark> Remarks => _remarks;

    /// <summary>Plans the requests in their order.</summary>
    /// <exception cref="ModuleDataException">An index is corrupt.</exception>
    public static LoadPlan For(ModuleCatalog catalog, IKernel kernel, IEnumerable<LoadRequest> requests)
    {
        var plan = new LoadPlan(catalog, kernel);
        foreach (var request in requests)
            plan.Add(request);
        return plan;
    }

    void Add(LoadRequest request)
    {
        var found = FoundModule.All(_catalog, request.Asked);
        if (found.Count == 0)
            Remark(request, new ModuleOutcome(request.Asked, OutcomeKind.NotFound, Why: LoaderMessages.NotFound(request.Asked)));
        foreach (var module in found.DistinctBy(one => one.Name))
        {
            if (Blacklist.Holds(_catalog, request, module))
                Remark(request, new ModuleOutcome(module.Name, OutcomeKind.Blacklisted, Why: LoaderMessages.Blacklisted(module.Name)));
            else
                Visit(module, PlanReason.Asked, request.Asked, request);
        }
    }

    /// <summary>Depth first, with a stack of its own: a chain of dependencies may be as long as an index file allows.</summary>
    void Visit(FoundModule module, PlanReason reason, string by, LoadRequest request)
    {
        var left = new Stack<(FoundModule Module, PlanReason Reason, string For, PlannedModule? Ready)>([(module, reason, by, null)]);
        while (left.TryPop(out var next))
        {
            if (next.Ready is { } ready)
            {
                _steps.Add(new PlanStep(ready, next.Reason, next.For, request, _kernel.InitStateOf(ready.Name) is InitState.Live));
                continue;
            }
            if (!_seen.Add(next.Module.Name))
                continue;
            if (_catalog.Tree.IsBuiltIn(next.Module.Name))
            {
                Remark(request, new ModuleOutcome(next.Module.Name, OutcomeKind.BuiltIn));
                continue;
            }
            if (!_planner.TryPlan(next.Module, LoadScope.Full, file: null, out var planned, out var cycle))
            {
                Remark(request, cycle is null
                    ? new ModuleOutcome(next.Module.Name, OutcomeKind.NotFound, Why: LoaderMessages.NotFound(next.Module.Name))
                    : new ModuleOutcome(next.Module.Name, OutcomeKind.Failed, Errno.ELOOP, LoaderMessages.Cycle(cycle)));
                continue;
            }
            // pushed last, visited first
            foreach (var after in planned.After.Reverse())
                left.Push((after, PlanReason.AfterOf, planned.Name, null));
            left.Push((next.Module, next.Reason, next.For, planned));
            foreach (var hard in planned.HardDependencies.Reverse())
                left.Push((new FoundModule(hard, null), PlanReason.DependencyOf, planned.Name, null));
            foreach (var before in planned.Before.Reverse())
                left.Push((before, PlanReason.BeforeOf, planned.Name, null));
        }
    }

    void Remark(LoadRequest request, ModuleOutcome outcome) => _remarks.Add(new PlanRemark(request, outcome));
}
