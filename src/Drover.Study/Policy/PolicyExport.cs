using Drover.Loading;
using Drover.Modules.Config;

namespace Drover.Study.Policy;

/// <summary><c>drover policy export --modprobe.d</c>: the nearest that kmod understands. kmod has no allow list and no
/// patterns over modules, so each module of the index that the policy forbids gets a line; what kmod cannot say is a
/// comment that begins with "lost:".</summary>
static class PolicyExport
{
    /// <param name="catalog">With the policy as if it were not warn-only.</param>
    /// <param name="isWarnOnly">Whether it is.</param>
    public static IEnumerable<string> Lines(ModuleCatalog catalog, bool isWarnOnly)
    {
        yield return $"# The policy, as far as kmod can follow it, for {catalog.Tree.Directory}:";
        yield return "# 'drover policy export' wrote it. Export again after each change of the policy or the kernel.";
        if (catalog.Policy is not { } policy)
            yield break;
        foreach (var line in policy.Lines.Where(line => WhatIsLost(line) is not null))
            yield return $"# lost: {PlainText.Of(line.ToString())}: {WhatIsLost(line)}";
        if (isWarnOnly)
            yield return "# lost: the policy is warn-only; kmod would stop these modules";
        foreach (var line in policy.Preferences)
        {
            yield return $"# lost: {line.Preferred} is preferred, so kmod never loads {line.Over} for a device";
            yield return $"blacklist {line.Over}";
        }
        foreach (var line in policy.Lines.Where(line => IsOfAliases(line) && line.Effect is PolicyEffect.Forbid))
        {
            if (WhatIsLost(line) is null)
                yield return $"alias {line.Name} off";
        }
        foreach (var text in Forbidden(catalog, policy))
            yield return text;
    }

    /// <summary>Lines for each module of the index that the policy forbids by name, path or default.</summary>
    static IEnumerable<string> Forbidden(ModuleCatalog catalog, ModulePolicy policy)
    {
        var planner = new Planner(catalog);
        var answers = new SortedDictionary<string, PolicyAnswer>(StringComparer.Ordinal);
        var brought = new HashSet<string>();
        foreach (var name in catalog.Tree.Names())
        {
            var answer = policy.Ask(new PolicyQuestion(name, null, catalog.Tree.Find(name)!.Path));
            answers[name] = answer;
            if (answer.Effect is not PolicyEffect.Forbid && !answer.IsDefault)
            {
                var plan = ModulePlan.Of(planner, new FoundModule(name, null), _ => InitState.Absent);
                brought.UnionWith(plan.Steps.Select(step => step.Name));
            }
        }
        foreach (var (name, answer) in answers)
        {
            if (answer.Effect is not PolicyEffect.Forbid || (answer.IsDefault && brought.Contains(name)))
                continue;
            if (!answer.IsDefault)
                yield return $"# {PlainText.Of(answer.Line!.ToString())}";
            var (pre, post) = catalog.SoftDependenciesOf(name);
            if (pre.Count + post.Count > 0)
                yield return $"# lost: {name} has softdeps, and kmod ignores the install line of such a module";
            yield return $"blacklist {name}";
            yield return $"install {name} /bin/false";
        }
    }

    /// <summary>Whether its pattern is one of modaliases: module names have no colon.</summary>
    static bool IsOfAliases(PolicyLine line) => line.Name?.Contains(':') == true;

    /// <summary>What kmod cannot say of a line; null if it can.</summary>
    static string? WhatIsLost(PolicyLine line) => line switch
    {
        { WhenBooted: true } => "kmod knows no seal",
        { IsOfClient: true } => "kmod does not know the requester",
        { NeedsFile: true } => "kmod does not look at signatures; this export has the modules of today",
        { Effect: PolicyEffect.Warn } => "kmod loads it without a message",
        { Effect: PolicyEffect.Allow } when IsOfAliases(line) => "kmod cannot allow by modalias",
        { Path: not null } when IsOfAliases(line) => "kmod cannot forbid some modules of a modalias only",
        _ => null,
    };
}
