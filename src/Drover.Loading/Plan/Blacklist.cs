using Drover.Modules;

namespace Drover.Loading;

/// <summary>Whom a blacklist line stops: what an alias stands for, never a dependency, and a module's own name only where the request wants that (kmod: <c>KMOD_PROBE_APPLY_BLACKLIST</c>).</summary>
static class Blacklist
{
    public static bool Holds(ModuleCatalog catalog, LoadRequest request, FoundModule found) =>
        (request.ApplyBlacklist || found.Alias is not null) && catalog.IsBlacklisted(found.Name);
}
