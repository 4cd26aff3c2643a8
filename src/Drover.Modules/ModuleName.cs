using System.Diagnostics.CodeAnalysis;

namespace Drover.Modules;

/// <summary>Normalises names (kmod: <c>modname_normalize</c>, <c>path_to_modname</c> and others).</summary>
public static class ModuleName
{
    static readonly string[] s_endings = [".ko", ".ko.gz", ".ko.xz", ".ko.zst"];

    /// <summary>Whether a path has the ending of a module file (kmod: <c>kmod_exts</c>).</summary>
    public static bool IsFileName(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Array.Exists(s_endings, ending => path.EndsWith(ending, StringComparison.Ordinal));
    }

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
    /// <remarks>A bracket ends at the next <c>]</c>, so <c>[]a]</c> is unmatched: as in kmod, not fnmatch.</remarks>
    public static bool TryNormalizeAlias(string alias, [NotNullWhen(true)] out string? normalized)
    {
        ArgumentNullException.ThrowIfNull(alias);
        normalized = null;
        if (alias.AsSpan().IndexOfAny("-[]") < 0)
        {
            normalized = alias;
            return true;
        }
        var result = alias.ToCharArray();
        for (var i = 0; i < result.Length; i++)
        {
            switch (result[i])
            {
                case '-':
                    result[i] = '_';
                    break;
                case ']':
                    return false;
                case '[':
                    var close = alias.IndexOf(']', i);
                    if (close < 0)
                        return false;
                    i = close;
                    break;
            }
        }
        normalized = new string(result);
        return true;
    }

    static string Normalize(ReadOnlySpan<char> name, string whole)
    {
        var dot = name.IndexOf('.');
        if (dot >= 0)
            name = name[..dot];
        if (!name.Contains('-'))
            return name.Length == whole.Length ? whole : name.ToString();
        return string.Create(name.Length, name, static (to, from) => from.Replace(to, '-', '_'));
    }
}
