namespace Drover.Modules;

/// <summary>The source that answered a look-up, in the order in which they are asked (kmod: <c>kmod_module_new_from_lookup</c>).</summary>
public enum LookupStep { None, ConfigAlias, Dependencies, Symbols, Commands, Aliases, BuiltIn, BuiltInAliases }

/// <summary>What a name or modalias stands for.</summary>
/// <param name="Step">Which source answered; <see cref="LookupStep.None"/> when none did.</param>
/// <param name="Modules">Normalised module names in kmod's order, duplicates kept.</param>
public sealed record Resolution(LookupStep Step, IReadOnlyList<string> Modules);

/// <summary>A module tree and its configuration: what names mean and what belongs to a module. Immutable; for one thread.</summary>
public sealed class ModuleCatalog
{
    public ModuleCatalog(ModuleTree tree, ModprobeConfig config)
    {
        Tree = tree;
        Config = config;
    }

    public ModuleTree Tree { get; }

    public ModprobeConfig Config { get; }

    /// <summary>All that a name or modalias stands for; the first source with a result wins.</summary>
    /// <exception cref="ModuleDataException">An index is corrupt.</exception>
    public Resolution Resolve(string asked) => throw new NotSupportedException();

    /// <summary>Options lines of a module, and of the alias through which it was asked, joined by a blank; empty if none (kmod: <c>kmod_module_get_options</c>).</summary>
    public string OptionsFor(string module, string? askedAlias = null) => throw new NotSupportedException();

    /// <summary>Names (possibly aliases) to load before and after a module: of the first matching line in kmod 30, of all here.</summary>
    public (IReadOnlyList<string> Pre, IReadOnlyList<string> Post) SoftDependenciesOf(string module) => throw new NotSupportedException();

    /// <summary>The shell command that stands in for loading the module, or null; the first matching line.</summary>
    public string? InstallCommandOf(string module) => throw new NotSupportedException();

    public bool IsBlacklisted(string module) => throw new NotSupportedException();
}
