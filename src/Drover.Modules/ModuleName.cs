using System.Diagnostics.CodeAnalysis;

namespace Drover.Modules;

/// <summary>The kernel's names of modules and aliases (kmod: <c>modname_normalize</c>, <c>path_to_modname</c>, <c>alias_normalize</c>).</summary>
public static class ModuleName
{
    /// <summary>The module name of a path: its base name up to the first dot, with <c>-</c> as <c>_</c>.</summary>
    public static string FromPath(string path) => throw new NotSupportedException();

    /// <summary>A module name with <c>-</c> as <c>_</c>, cut at the first dot.</summary>
    public static string Normalize(string name) => throw new NotSupportedException();

    /// <summary>An alias with <c>-</c> as <c>_</c> outside <c>[…]</c>; false when a bracket is unmatched.</summary>
    public static bool TryNormalizeAlias(string alias, [NotNullWhen(true)] out string? normalized) => throw new NotSupportedException();
}
