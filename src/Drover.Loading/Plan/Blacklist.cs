using Drover.Modules;

namespace Drover.Loading;

/// <summary>Whom a blacklist line stops: what an alias stands for, never a dependency, and a module's own name only where the request wants that (kmod: <c>KMOD_PROBE_APPLY_BLACKLIST</c>).</summary>
static class Blacklist
{
    public static bool Holds(ModuleCatalog catalog, LoadRequest request, string module) =>
        (request.ApplyBlacklist || AliasOf(request, module) is not null) && catalog.IsBlacklisted(module);

    /// <summary>The alias through which a module was asked for, or null where it was its own name.</summary>
    public static string? AliasOf(LoadRequest request, string module) => request.Found is { } found ? found.Alias
        : request.File is not null || module == ModuleName.Normalize(request.Asked) ? null : request.Asked;
}
