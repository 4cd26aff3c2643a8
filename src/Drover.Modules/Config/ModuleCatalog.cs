using System.Text;
using Drover.Modules.Patterns;

namespace Drover.Modules;

/// <summary>The source that answered a look-up, in the order in which they are asked (kmod: <c>kmod_module_new_from_lookup</c>).</summary>
public enum LookupStep { None, ConfigAlias, Dependencies, Symbols, Commands, Aliases, BuiltIn, BuiltInAliases }

/// <summary>What a name or modalias stands for.</summary>
/// <param name="Step">Which source answered; <see cref="LookupStep.None"/> when none did.</param>
/// <param name="Modules">Normalised module names in kmod's order, duplicates kept.</param>
/// <param name="Rules">The configured aliases that answered, one a module; empty unless they did.</param>
public sealed record Resolution(LookupStep Step, IReadOnlyList<string> Modules, IReadOnlyList<AliasRule> Rules)
{
    public Resolution(LookupStep step, IReadOnlyList<string> modules)
        : this(step, modules, [])
    {
    }
}

/// <summary>A module tree and its configuration: what names mean and what belongs to a module. Immutable; for one thread.</summary>
public sealed class ModuleCatalog
{
    private static readonly Resolution s_none = new(LookupStep.None, []);

    public ModuleCatalog(ModuleTree tree, ModprobeConfig config)
    {
        Tree = tree;
        Config = config;
    }

    public ModuleTree Tree { get; }

    public ModprobeConfig Config { get; }

    /// <summary>All that a name or modalias stands for; the first source with a result wins.</summary>
    /// <remarks>A name with an unmatched bracket stands for nothing (kmod: EINVAL). A module of a configured alias need not exist.</remarks>
    /// <exception cref="ModuleDataException">An index is corrupt.</exception>
    public Resolution Resolve(string asked)
    {
        ArgumentNullException.ThrowIfNull(asked);
        if (!ModuleName.TryNormalizeAlias(asked, out string? name)) return s_none;
        List<AliasRule> configured = [];
        foreach (AliasRule rule in Config.Aliases)
        {
            if (Fnmatch.Matches(rule.Pattern, name)) configured.Add(rule);
        }
        if (configured.Count > 0) return new Resolution(LookupStep.ConfigAlias, configured.ConvertAll(rule => rule.Module), configured);
        // no module's name has a colon, and all modaliases have
        if (!name.Contains(':') && Tree.Find(name) is not null) return new Resolution(LookupStep.Dependencies, [name]);
        if (name.StartsWith("symbol:", StringComparison.Ordinal) && Tree.MatchSymbols(name) is { Count: > 0 } bySymbol) return new Resolution(LookupStep.Symbols, bySymbol);
        if ((Named(Config.InstallCommands, name) ?? Named(Config.RemoveCommands, name)) is not null) return new Resolution(LookupStep.Commands, [name]);
        if (Tree.MatchAliases(name) is { Count: > 0 } byAlias) return new Resolution(LookupStep.Aliases, byAlias);
        if (Tree.IsBuiltIn(name)) return new Resolution(LookupStep.BuiltIn, [name]);
        if (Tree.MatchBuiltInAliases(name) is { Count: > 0 } byBuiltIn) return new Resolution(LookupStep.BuiltInAliases, byBuiltIn);
        return s_none;
    }

    /// <summary>Options lines of a module, and of the alias through which it was asked, joined by a blank; empty if none (kmod: <c>kmod_module_get_options</c>).</summary>
    /// <remarks>Asked through a configured alias, a module has the options of that alias as the configuration writes it, its pattern.</remarks>
    public string OptionsFor(string module, string? askedAlias = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        return OptionsOf(module, askedAlias is not null && ModuleName.TryNormalizeAlias(askedAlias, out string? normalized) ? AliasOf(module, normalized) : null);
    }

    /// <summary>Options lines of a module, and of the very alias, normalised, that it is known by; empty if none.</summary>
    public string OptionsOf(string module, string? alias)
    {
        string? first = null;
        StringBuilder? all = null;
        foreach (OptionsRule rule in Config.Options)
        {
            if (rule.Module != module && (alias is null || rule.Module != alias)) continue;
            if (rule.Options.Length == 0) continue;
            if (first is null) first = rule.Options;
            else (all ??= new StringBuilder(first)).Append(' ').Append(rule.Options);
        }
        return all?.ToString() ?? first ?? "";
    }

    /// <summary>Only the first softdep line of a module counts, as in kmod 30.</summary>
    public bool FirstSoftdepOnly { get; init; }

    /// <summary>Names (possibly aliases) to load before and after a module: of all matching lines, unless <see cref="FirstSoftdepOnly"/>.</summary>
    public (IReadOnlyList<string> Pre, IReadOnlyList<string> Post) SoftDependenciesOf(string module)
    {
        ArgumentNullException.ThrowIfNull(module);
        List<string>? pre = null, post = null;
        foreach (SoftDependencyRule rule in Config.SoftDependencies)
        {
            if (!Fnmatch.Matches(rule.Pattern, module)) continue;
            (pre ??= []).AddRange(rule.Pre);
            (post ??= []).AddRange(rule.Post);
            if (FirstSoftdepOnly) break;
        }
        return (pre ?? [], post ?? []);
    }

    /// <summary>The shell command that stands in for loading the module, or null; the first matching line.</summary>
    /// <remarks>What no index knows, and was found because a line has that very name, has that line's command, though a pattern stand before it.</remarks>
    /// <param name="module">Normalised name.</param>
    /// <param name="askedAlias">The alias that led to it; null where its own name did.</param>
    /// <exception cref="ModuleDataException">An index is corrupt.</exception>
    public string? InstallCommandOf(string module, string? askedAlias = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        if (Matching(Config.InstallCommands, module) is not { } first) return null;
        return (IsFoundByCommand(module, askedAlias) ? Named(Config.InstallCommands, module) ?? first : first).Command;
    }

    /// <summary>The shell command that stands in for removing the module, or null; as above, where no install line has its name.</summary>
    public string? RemoveCommandOf(string module, string? askedAlias = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        if (Matching(Config.RemoveCommands, module) is not { } first) return null;
        bool isFound = IsFoundByCommand(module, askedAlias) && Named(Config.InstallCommands, module) is null;
        return (isFound ? Named(Config.RemoveCommands, module) ?? first : first).Command;
    }

    public bool IsBlacklisted(string module)
    {
        foreach (BlacklistRule rule in Config.Blacklist)
        {
            if (rule.Module == module) return true;
        }
        return false;
    }

    /// <summary>The alias kmod remembers in a module that was found by name: a configured pattern, or the name itself.</summary>
    private string AliasOf(string module, string name)
    {
        foreach (AliasRule rule in Config.Aliases)
        {
            if (rule.Module == module && Fnmatch.Matches(rule.Pattern, name)) return rule.Pattern;
        }
        return name;
    }

    private bool IsFoundByCommand(string module, string? askedAlias) => askedAlias is null && Tree.Find(module) is null;

    private static CommandRule? Matching(IReadOnlyList<CommandRule> rules, string module)
    {
        foreach (CommandRule rule in rules)
        {
            if (Fnmatch.Matches(rule.Pattern, module)) return rule;
        }
        return null;
    }

    /// <summary>The line of this very name: in a look-up the names of commands are no patterns.</summary>
    private static CommandRule? Named(IReadOnlyList<CommandRule> rules, string name)
    {
        foreach (CommandRule rule in rules)
        {
            if (rule.Pattern == name) return rule;
        }
        return null;
    }
}
