using System.Diagnostics;
using Drover.Kernel;
using Drover.Modules;
using Drover.Modules.Config;

namespace Drover.Loading;

public enum PlanReason
{
    /// <summary>A request names it, or an alias that stands for it.</summary>
    Requested,

    /// <summary>A hard dependency (modules.dep).</summary>
    DependencyOf,

    /// <summary>A softdep "pre".</summary>
    BeforeOf,

    /// <summary>A softdep "post".</summary>
    AfterOf,
}

/// <summary>One step of a plan: a module, or the install command in its place.</summary>
/// <param name="For">The module that needs it or, for a requested one, the requested name.</param>
public sealed record PlanStep(FoundModule Module, PlanReason Reason, string For)
{
    public string Name => Module.Name;

    /// <summary>Its file; null for a module without one, such as a built-in.</summary>
    public string? Path { get; init; }

    /// <summary>The install command that replaces the load, or null.</summary>
    public string? Command { get; init; }

    public string Options { get; init; } = "";

    /// <summary>Its failure fails the plan: the target or one of its hard dependencies.</summary>
    public bool IsRequired { get; init; }

    /// <summary>It is the module that the plan is for.</summary>
    public bool IsTarget { get; init; }

    public bool IsBuiltIn { get; init; }

    /// <summary>It was live when the plan was made.</summary>
    public bool IsLive { get; init; }

    public bool IsInKernel => IsBuiltIn || IsLive;

    /// <summary>The request that first needed it, in a plan for requests.</summary>
    public LoadRequest? Request { get; init; }
}

/// <summary>A request, or a part of it, that leads to no load.</summary>
public sealed record PlanRemark(LoadRequest Request, ModuleOutcome Outcome);

/// <summary>The modules that a load brings, in kmod's order (kmod: <c>kmod_module_get_probe_list</c>): each after its
/// hard dependencies and softdeps "pre". <c>modprobe</c> and <c>drover load --dry-run</c> print it; the loader runs the
/// nodes of the same <see cref="Planner"/>, in parallel where no edge orders them.</summary>
public sealed class ModulePlan
{
    /// <summary>Longest chain of softdeps that lead to softdeps; it fits the stack.</summary>
    const int MaxDepth = 1000;

    readonly Planner _planner;
    readonly Func<string, InitState> _stateOf;
    readonly List<PlanStep> _steps = [];
    readonly List<PlanRemark> _remarks = [];
    readonly List<ModuleOutcome> _forbidden = [];
    bool _remarkNotFound;

    // of the target that is being added
    LoadRequest? _request;
    readonly HashSet<FoundModule> _visited = [];
    readonly HashSet<FoundModule> _required = [];
    readonly HashSet<FoundModule> _withoutCommand = [];

    ModulePlan(Planner planner, Func<string, InitState> stateOf) => (_planner, _stateOf) = (planner, stateOf);

    public IReadOnlyList<PlanStep> Steps => _steps;

    /// <summary>Only in a plan for requests.</summary>
    public IReadOnlyList<PlanRemark> Remarks => _remarks;

    /// <summary>The modules that the policy keeps out: the target, which then has no steps, or softdeps.</summary>
    public IReadOnlyList<ModuleOutcome> Forbidden => _forbidden;

    /// <summary>Why the policy keeps a module out; null if it does not.</summary>
    public string? WhyForbidden(string module) => _forbidden.Find(outcome => outcome.Module == module)?.Why;

    /// <summary>The plan for one module. As in kmod, a module found in several ways has several steps.</summary>
    /// <param name="request">Its file, scope and requester count, and its name for the policy.</param>
    /// <exception cref="ModuleDataException">An index is corrupt, or a chain of softdeps is too long.</exception>
    public static ModulePlan Of(
        Planner planner, FoundModule target, Func<string, InitState> stateOf, LoadRequest? request = null)
    {
        var plan = new ModulePlan(planner, stateOf);
        plan.Add(target with { Rule = null }, request ?? new LoadRequest(target.Name), target.Name);
        return plan;
    }

    /// <summary>The plan for requests in their order: every module once.</summary>
    /// <param name="remarkNotFound">Remark on names without a module; most modaliases have none.</param>
    /// <exception cref="ModuleDataException">As above.</exception>
    public static ModulePlan Of(
        Planner planner, IEnumerable<LoadRequest> requests, Func<string, InitState> stateOf, bool remarkNotFound)
    {
        var plan = new ModulePlan(planner, stateOf) { _remarkNotFound = remarkNotFound };
        var seen = new HashSet<string>();
        foreach (var request in requests)
            plan.Add(request, seen);
        return plan;
    }

    void Add(LoadRequest request, HashSet<string> seen)
    {
        var found = FoundModule.All(_planner.Catalog, request.Name);
        if (found.Count == 0)
        {
            NotFound(request.Name);
            return;
        }
        foreach (var target in found.DistinctBy(module => module.Name))
        {
            var first = _steps.Count;
            if (target.WhyLeftOut(_planner.Catalog, found, request.ApplyBlacklist) is { } why)
                Remark(OutcomeKind.Blacklisted, target.Name, why: why);
            else if (!seen.Contains(target.Name) && !IsCyclic(target.Name))
                Add(target with { Rule = null }, request, request.Name);
            _remarks.AddRange(_forbidden.Where(module => seen.Add(module.Module))
                .Select(module => new PlanRemark(request, module)));
            _forbidden.Clear();
            var added = _steps[first..];
            _steps.RemoveRange(first, added.Count);
            foreach (var step in added.Where(step => seen.Add(step.Name) && !IsLeftOut(step)))
                _steps.Add(step with { Request = request });
        }

        bool IsCyclic(string module)
        {
            if (_planner.FindHardCycle(module) is not { } cycle)
                return false;
            if (seen.Add(module))
                Remark(OutcomeKind.Failed, module, Errno.ELOOP, LoaderMessages.Cycle(cycle));
            return true;
        }

        bool IsLeftOut(PlanStep step)
        {
            if (step.Path is not null || step.Command is not null)
                return !step.IsTarget && !step.IsBuiltIn && IsCyclic(step.Name);
            if (step.IsBuiltIn && step.IsRequired)
                Remark(OutcomeKind.BuiltIn, step.Name);
            else if (step.IsRequired)
                NotFound(step.Name);
            return true;
        }

        void NotFound(string module)
        {
            if (_remarkNotFound)
                Remark(OutcomeKind.NotFound, module, why: LoaderMessages.NotFound(module));
        }

        void Remark(OutcomeKind kind, string module, Errno error = Errno.None, string? why = null) =>
            _remarks.Add(new PlanRemark(request, new ModuleOutcome(module, kind, error, why)));
    }

    void Add(FoundModule target, LoadRequest request, string name)
    {
        Debug.Assert(target.Rule is null, "modules are compared by name and alias");
        var (file, ignoreCommand) = (request.File, request.Scope is not LoadScope.Full);
        if (IsForbidden(target, request, isTarget: true))
            return;
        _request = request;
        _visited.Clear();
        _required.Clear();
        _withoutCommand.Clear();
        var first = _steps.Count;
        Visit(target, PlanReason.Requested, name, isRequired: true, ignoreCommand, depth: 0);
        for (var i = first; i < _steps.Count; i++)
            _steps[i] = Complete(_steps[i], target, file);
    }

    /// <summary>What depends on the whole list: kmod looks at these after it has built it.</summary>
    PlanStep Complete(PlanStep step, FoundModule target, string? file)
    {
        var (catalog, module) = (_planner.Catalog, step.Module);
        var isTarget = module == target;
        return step with
        {
            Path = isTarget && file is not null ? file : _planner.EntryOf(module.Name)?.Path,
            Command = _withoutCommand.Contains(module) ? null : catalog.InstallCommandOf(module.Name, module.Alias),
            Options = catalog.OptionsOf(module.Name, module.Alias),
            IsRequired = _required.Contains(module),
            IsTarget = isTarget,
            IsBuiltIn = catalog.Tree.IsBuiltIn(module.Name),
            IsLive = _stateOf(module.Name) is InitState.Live,
        };
    }

    void Visit(FoundModule module, PlanReason reason, string by, bool isRequired, bool ignoreCommand, int depth)
    {
        if (depth > MaxDepth)
            throw new ModuleDataException("modprobe.d", 0, $"softdep chain longer than {MaxDepth}");
        if (!_visited.Add(module))
            return;
        var dependencies = _planner.HardDependenciesOf(module.Name);
        if (isRequired)
        {
            _required.Add(module);
            _required.UnionWith(dependencies.Select(name => new FoundModule(name, null)));
        }
        foreach (var dependency in dependencies)
            AddWithSoftdeps(new FoundModule(dependency, null), PlanReason.DependencyOf, module.Name, depth);
        if (ignoreCommand)
        {
            _steps.Add(new PlanStep(module, reason, by));
            _withoutCommand.Add(module);
        }
        else
        {
            AddWithSoftdeps(module, reason, by, depth);
        }
    }

    void AddWithSoftdeps(FoundModule module, PlanReason reason, string by, int depth)
    {
        var (before, after) = _planner.SoftdepsOf(module.Name);
        foreach (var soft in before.Where(IsAllowed))
            Visit(soft, PlanReason.BeforeOf, module.Name, isRequired: false, ignoreCommand: false, depth + 1);
        _steps.Add(new PlanStep(module, reason, by));
        // in kmod 30, softdeps replace the command (modprobe.d(5))
        if (_planner.Catalog.OldSoftdeps && before.Count + after.Count > 0)
            _withoutCommand.Add(module);
        foreach (var soft in after.Where(IsAllowed))
            Visit(soft, PlanReason.AfterOf, module.Name, isRequired: false, ignoreCommand: false, depth + 1);

        bool IsAllowed(FoundModule soft) => !IsForbidden(soft, _request!, isTarget: false);
    }

    /// <summary>The policy forbids a module, or one that it needs; it is noted once.</summary>
    /// <remarks>What an allowed module brings along needs no line of its own.</remarks>
    bool IsForbidden(FoundModule module, LoadRequest request, bool isTarget)
    {
        if (_planner.Catalog.Policy is not { IsWarnOnly: false } policy || request.OverridesPolicy)
            return false;
        var one = new ModuleRequest(request, module, default, default)
        {
            Asked = isTarget && request.File is null ? request.Name : module.Alias,
            File = isTarget ? request.File : null,
        };
        var entry = _planner.EntryOf(module.Name);
        if (entry is null && one.File is null && (request.Scope is not LoadScope.Full
            || _planner.Catalog.InstallCommandOf(module.Name, module.Alias) is null))
        {
            return false; // nothing to load
        }
        var answer = policy.Ask(PolicyText.QuestionOf(one, one.File ?? entry?.Path ?? ""));
        var needed = request.Scope is LoadScope.Alone ? [] : _planner.HardDependenciesOf(module.Name);
        var why = answer.Effect is PolicyEffect.Forbid && (isTarget || !answer.IsDefault)
            ? LoaderMessages.Forbidden(answer)
            : PolicyText.WhatBars(policy, _planner, needed, request.Client, IsLive);
        // what is in the kernel is asked last: that is a look into sysfs
        if (why is null || _planner.Catalog.Tree.IsBuiltIn(module.Name) || IsLive(module.Name))
            return false;
        if (_forbidden.All(known => known.Module != module.Name))
            _forbidden.Add(new ModuleOutcome(module.Name, OutcomeKind.Forbidden, Errno.EPERM, why));
        return true;

        bool IsLive(string name) => _stateOf(name) is InitState.Live;
    }
}
