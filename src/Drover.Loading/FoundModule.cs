using Drover.Modules;
using Drover.Modules.Config;

namespace Drover.Loading;

/// <summary>A module as a look-up finds it. Like kmod, it treats one module found through two aliases as two.</summary>
/// <param name="Name">Normalised name.</param>
/// <param name="Alias">The alias that led to it, normalised; null for its own name.</param>
/// <param name="Rule">The configured alias line that matched, or null.</param>
public readonly record struct FoundModule(string Name, string? Alias, AliasRule? Rule = null)
{
    /// <summary>The modules of a name, with duplicates, in kmod's order (<c>kmod_module_new_from_lookup</c>).</summary>
    /// <exception cref="ModuleDataException">An index is corrupt.</exception>
    public static IReadOnlyList<FoundModule> All(ModuleCatalog catalog, string name)
    {
        var resolution = catalog.Resolve(name);
        var found = new FoundModule[resolution.Modules.Count];
        if (found.Length == 0)
            return found;
        var isAlias = resolution.Step is LookupStep.Aliases or LookupStep.Symbols or LookupStep.BuiltInAliases;
        var alias = isAlias && ModuleName.TryNormalizeAlias(name, out var normalized) ? normalized : null;
        for (var i = 0; i < found.Length; i++)
        {
            found[i] = resolution.Step is LookupStep.ConfigAlias
                ? new FoundModule(resolution.Modules[i], resolution.Rules[i].Pattern, resolution.Rules[i])
                : new FoundModule(resolution.Modules[i], alias);
        }
        return found;
    }

    /// <summary>A blacklist line keeps a request from loading it. The blacklist applies to aliases; to names only where
    /// the request says so; never to dependencies (kmod: <c>KMOD_PROBE_APPLY_BLACKLIST</c>).</summary>
    public bool IsBlocked(ModuleCatalog catalog, bool applyBlacklist) =>
        (applyBlacklist || Alias is not null) && catalog.IsBlacklisted(Name);
}
