using System.Diagnostics;
using Drover.Kernel;
using Drover.Modules;
using Drover.Modules.Config;

namespace Drover.Loading;

/// <summary>What the policy did to a module.</summary>
public enum PolicyAction
{
    /// <summary>It was not loaded.</summary>
    Forbade,

    /// <summary>It is loaded, and a <c>warn</c> line or a warn-only policy says so.</summary>
    Warned,

    /// <summary>It is loaded although the policy forbids it.</summary>
    Overridden,
}

/// <summary>Applies the policy of the current catalog to every load, of any caller: to a request and all that it needs
/// before anything of it is loaded, and to each module once more just before its call, because the policy may have
/// changed meanwhile. Owned by the event loop.</summary>
sealed class PolicyGuard(ILoaderObserver? observer)
{
    public ModulePolicy? Policy { get; set; }

    /// <summary>The outcome of a request that the policy forbids; else null.</summary>
    /// <param name="isLive">What is in the kernel is not loaded, so it is not forbidden.</param>
    public ModuleOutcome? Bar(
        Planner planner, in ModuleRequest request, PlannedModule plan, Func<string, bool> isLive)
    {
        if (Policy is null || request.OverridesPolicy || Policy.IsWarnOnly)
            return null;
        if (Forbids(Policy, request, plan.Path, out var answer))
            return Forbidden(plan.Name, LoaderMessages.Forbidden(answer));
        if (PolicyText.WhatBars(Policy, planner, plan.HardDependencies, request.Client, isLive) is not { } why)
            return null;
        return Forbidden(plan.Name, why);
    }

    /// <summary>The same for a module alone that is about to be loaded; reports what is loaded all the same.</summary>
    public ModuleOutcome? Bar(Flight flight)
    {
        if (Policy is null)
            return null;
        if (!Forbids(Policy, flight.First, flight.Plan.Path, out var answer))
        {
            if (answer.Effect is PolicyEffect.Warn)
                Warn(PolicyAction.Warned, LoaderMessages.Warned(answer));
        }
        else if (flight.First.OverridesPolicy)
        {
            Warn(PolicyAction.Overridden, LoaderMessages.Overridden(answer));
        }
        else if (Policy.IsWarnOnly)
        {
            Warn(PolicyAction.Warned, LoaderMessages.WouldForbid(answer));
        }
        else
        {
            return Forbidden(flight.Module, LoaderMessages.Forbidden(answer));
        }
        return null;

        void Warn(PolicyAction action, string why)
        {
            if (flight.Warning == why)
                return; // said at an earlier try
            flight.Warning = why;
            observer?.PolicyApplied(flight.First.Source, flight.Module, action, why);
        }
    }

    /// <summary>Whether the answer forbids the module. A module without a line of its own may be loaded with one that
    /// needs it and may.</summary>
    static bool Forbids(ModulePolicy policy, in ModuleRequest request, string path, out PolicyAnswer answer)
    {
        answer = policy.Ask(PolicyText.QuestionOf(request, path));
        var (last, by) = (answer, request.NeededBy);
        for (; last is { Effect: PolicyEffect.Forbid, IsDefault: true } && by is not null; by = by.First.NeededBy)
            last = policy.Ask(PolicyText.QuestionOf(by.First, by.Plan.Path));
        return last.Effect is PolicyEffect.Forbid;
    }

    static ModuleOutcome Forbidden(string module, string why) =>
        new(module, OutcomeKind.Forbidden, Errno.EPERM, why);
}

/// <summary>What the loader and <see cref="ModulePlan"/> ask a policy.</summary>
static class PolicyText
{
    public static PolicyQuestion QuestionOf(in ModuleRequest request, string path)
    {
        var asked = request.Asked is { } name && name != request.Module.Name
            && ModuleName.TryNormalizeAlias(name, out var alias) ? alias : null;
        return new(request.Module.Name, asked, path, request.Client, request.File is not null);
    }

    /// <summary>Why a module cannot be loaded because of those that it needs; null if it can.</summary>
    public static string? WhatBars(
        ModulePolicy policy, Planner planner, IReadOnlyList<string> needs, PolicyClient? client,
        Func<string, bool> isLive)
    {
        foreach (var needed in needs)
        {
            var path = planner.EntryOf(needed)?.Path ?? "";
            var answer = policy.Ask(new PolicyQuestion(needed, null, path, client));
            if (answer is { Effect: PolicyEffect.Forbid, IsDefault: false } && !isLive(needed))
                return LoaderMessages.NeedsForbidden(Chain(planner, needs, needed), answer);
        }
        return null;
    }

    /// <summary>The modules from a direct dependency to <paramref name="last"/>, as far as the index tells.</summary>
    static List<string> Chain(Planner planner, IReadOnlyList<string> among, string last)
    {
        var chain = new List<string>();
        while (true)
        {
            // the list of a module has all that it needs; the one that needs most of the rest comes first
            (string? next, IReadOnlyList<string> needs) = (null, []);
            foreach (var name in among.Where(name => name != last && !chain.Contains(name)))
            {
                var its = planner.HardDependenciesOf(name);
                if (its.Count > needs.Count && its.Contains(last))
                    (next, needs) = (name, its);
            }
            if (next is null)
                break;
            chain.Add(next);
            among = needs;
        }
        chain.Add(last);
        Debug.Assert(chain.Count == chain.Distinct().Count(), "a chain has each module once");
        return chain;
    }
}
