using System.Runtime.ExceptionServices;
using Drover.Modules.Patterns;
using Drover.Modules.Tree;

namespace Drover.Modules.Config;

/// <summary>The sources of a look-up, in order of search (kmod: <c>kmod_module_new_from_lookup</c>).</summary>
public enum LookupStep { None, ConfigAlias, Dependencies, Symbols, Commands, Aliases, BuiltIn, BuiltInAliases }

public static class LookupSteps
{
    /// <summary>The index that is the source; null for configuration and for none.</summary>
    public static string? IndexOf(LookupStep step) => step switch
    {
        LookupStep.Dependencies => "modules.dep",
        LookupStep.Symbols => "modules.symbols",
        LookupStep.Aliases => "modules.alias",
        LookupStep.BuiltIn => "modules.builtin",
        LookupStep.BuiltInAliases => "modules.builtin.alias",
        _ => null,
    };
}

/// <summary>The modules of a name or modalias.</summary>
/// <param name="Step">The source that was found; <see cref="LookupStep.None"/> if no source has it.</param>
/// <param name="Modules">Normalised module names in kmod's order, with duplicates.</param>
/// <param name="Rules">The configured aliases, one a module, if these are the source; else empty.</param>
public sealed record Resolution(LookupStep Step, IReadOnlyList<string> Modules, IReadOnlyList<AliasRule> Rules)
{
    public Resolution(LookupStep step, IReadOnlyList<string> modules) : this(step, modules, [])
    {
    }
}

/// <summary>Resolves names with a module tree and its configuration. Immutable; for one thread.</summary>
public sealed class ModuleCatalog
{
    static readonly Resolution s_none = new(LookupStep.None, []);

    public ModuleCatalog(ModuleTree tree, ModprobeConfig config)
    {
        Tree = tree;
        Config = config;
    }

    public ModuleTree Tree { get; }
    public ModprobeConfig Config { get; }

    /// <summary>What may be loaded; null for everything.</summary>
    public ModulePolicy? Policy { get; init; }

    /// <summary>As in kmod 30, a module's first softdep line counts alone, softdeps replace the install command, and an
    /// empty line of the administrator's is a line like others.</summary>
    public bool OldSoftdeps { get; init; }

    /// <summary>The same with another policy.</summary>
    public ModuleCatalog With(ModulePolicy? policy) =>
        new(Tree, Config) { Policy = policy, OldSoftdeps = OldSoftdeps };

    /// <summary>Finds all modules of a name or modalias, in the first source that has any.</summary>
    /// <remarks>None for an unmatched bracket (kmod: EINVAL). A configured alias's module may not exist.</remarks>
    /// <exception cref="ModuleDataException">An index is corrupt, and no other has the name.</exception>
    public Resolution Resolve(string alias)
    {
        ArgumentNullException.ThrowIfNull(alias);
        if (!ModuleName.TryNormalizeAlias(alias, out var name))
            return s_none;
        List<AliasRule>? rules = null; // no LINQ here: a coldplug looks up each of thousands of modaliases
        foreach (var rule in Config.Aliases)
        {
            if (Fnmatch.Matches(rule.Pattern, name))
                (rules ??= []).Add(rule);
        }
        if (rules is not null)
            return new Resolution(LookupStep.ConfigAlias, rules.ConvertAll(rule => rule.Module), rules);
        Exception? damage = null;
        for (var step = LookupStep.Dependencies; step <= LookupStep.BuiltInAliases; step++)
        {
            try
            {
                if (Find(step, name) is { Count: > 0 } found)
                    return new Resolution(step, found);
            }
            catch (Exception problem) when (ModuleTree.IsDamage(problem))
            {
                damage ??= problem; // the name may be in another index
            }
        }
        if (damage is not null)
            ExceptionDispatchInfo.Throw(damage);
        return s_none;
    }

    /// <summary>The modules of a name in one of the sources after the configured aliases.</summary>
    IReadOnlyList<string> Find(LookupStep step, string name)
    {
        var isNamed = step switch
        {
            // all modaliases have a colon, and no module name has one
            LookupStep.Dependencies => !name.Contains(':') && Tree.Find(name) is not null,
            LookupStep.Commands =>
                (Named(Config.InstallCommands, name) ?? Named(Config.RemoveCommands, name)) is not null,
            LookupStep.BuiltIn => Tree.IsBuiltIn(name),
            _ => false,
        };
        return isNamed ? [name] : step switch
        {
            LookupStep.Symbols when name.StartsWith("symbol:", StringComparison.Ordinal) => Tree.MatchSymbols(name),
            LookupStep.Aliases => Tree.MatchAliases(name),
            LookupStep.BuiltInAliases => Tree.MatchBuiltInAliases(name),
            _ => [],
        };
    }

    /// <summary>Options of a module and its normalised alias, or "" (kmod: <c>kmod_module_get_options</c>).</summary>
    public string OptionsOf(string module, string? alias)
    {
        var rules = Config.Options.Where(rule => rule.Module == module || rule.Module == alias).ToArray();
        return string.Join(' ', Array.FindAll(Array.ConvertAll(rules, rule => rule.Options), text => text.Length > 0));
    }

    /// <summary>Names (or aliases) to load before and after a module: see <see cref="OldSoftdeps"/>.</summary>
    public (IReadOnlyList<string> Pre, IReadOnlyList<string> Post) SoftDependenciesOf(string module)
    {
        ArgumentNullException.ThrowIfNull(module);
        List<string> pre = [], post = [];
        var rules = Config.SoftDependencies.Where(rule => Fnmatch.Matches(rule.Pattern, module)).ToArray();
        if (!OldSoftdeps && Array.Exists(rules, rule => rule.IsEmpty))
            rules = Array.FindAll(rules, rule => !rule.IsOfModule);
        foreach (var rule in rules)
        {
            pre.AddRange(rule.Pre);
            post.AddRange(rule.Post);
            if (OldSoftdeps)
                break;
        }
        return (pre, post);
    }

    /// <summary>The shell command that replaces loading the module: the first matching line; null if none.</summary>
    /// <remarks>A name found only by its own install or remove line uses it, not an earlier pattern.</remarks>
    /// <param name="module">Normalised name.</param>
    /// <param name="alias">The alias by which the module was found; null if by its own name.</param>
    /// <exception cref="ModuleDataException">An index is corrupt.</exception>
    public string? InstallCommandOf(string module, string? alias = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        if (Matching(Config.InstallCommands, module) is not { } first)
            return null;
        var named = IsFoundByCommand(module, alias) ? Named(Config.InstallCommands, module) : null;
        return (named ?? first).Command;
    }

    /// <summary>The shell command that replaces removing the module; null if none.</summary>
    /// <inheritdoc cref="InstallCommandOf"/>
    public string? RemoveCommandOf(string module, string? alias = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        if (Matching(Config.RemoveCommands, module) is not { } first)
            return null;
        // a look-up finds the install line first
        var isFound = IsFoundByCommand(module, alias) && Named(Config.InstallCommands, module) is null;
        return ((isFound ? Named(Config.RemoveCommands, module) : null) ?? first).Command;
    }

    public bool IsBlacklisted(string module) => Config.Blacklist.Any(rule => rule.Module == module);

    bool IsFoundByCommand(string module, string? alias) => alias is null && Tree.Find(module) is null;

    static CommandRule? Matching(IEnumerable<CommandRule> rules, string module) =>
        rules.FirstOrDefault(rule => Fnmatch.Matches(rule.Pattern, module));

    /// <summary>The line with this name: a look-up by name does not match patterns.</summary>
    static CommandRule? Named(IEnumerable<CommandRule> rules, string name)
    {
        foreach (var rule in rules)
        {
            if (rule.Pattern == name)
                return rule;
        }
        return null;
    }
}
