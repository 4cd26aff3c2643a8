using System.Diagnostics.CodeAnalysis;

namespace Drover.Modules;

/// <summary>The kernel's names of modules and aliases (kmod: <c>modname_normalize</c>, <c>path_to_modname</c>, <c>alias_normalize</c>). Stateless; safe for any thread.</summary>
public static class ModuleName
{
    /// <summary>The module name of a path: its base name up to the first dot, with <c>-</c> as <c>_</c>.</summary>
    public static string FromPath(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Normalize(path.AsSpan(path.LastIndexOf('/') + 1), path);
    }

    /// <summary>A module name with <c>-</c> as <c>_</c>, cut at the first dot.</summary>
    public static string Normalize(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Normalize(name.AsSpan(), name);
    }

    /// <summary>An alias with <c>-</c> as <c>_</c> outside <c>[…]</c>; false when a bracket is unmatched.</summary>
    /// <remarks>A bracket ends at the very next <c>]</c>, also in <c>[]a]</c>, which therefore is unmatched: kmod counts here more simply than fnmatch does.</remarks>
    public static bool TryNormalizeAlias(string alias, [NotNullWhen(true)] out string? normalized)
    {
        ArgumentNullException.ThrowIfNull(alias);
        normalized = null;
        if (alias.AsSpan().IndexOfAny("-[]") < 0)
        {
            normalized = alias;
            return true;
        }
        char[] result = alias.ToCharArray();
        for (int i = 0; i < result.Length; i++)
        {
            switch (result[i])
            {
                case '-':
                    result[i] = '_';
                    break;
                case ']':
                    return false;
                case '[':
                    int close = alias.IndexOf(']', i);
                    if (close < 0) return false;
                    i = close;
                    break;
            }
        }
        normalized = new string(result);
        return true;
    }

    private static string Normalize(ReadOnlySpan<char> name, string whole)
    {
        int dot = name.IndexOf('.');
        if (dot >= 0) name = name[..dot];
        if (!name.Contains('-')) return name.Length == whole.Length ? whole : name.ToString();
        return string.Create(name.Length, name, static (to, from) => from.Replace(to, '-', '_'));
    }
}
