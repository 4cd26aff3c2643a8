using System.Text;

namespace Drover.Modules;

/// <summary>The bytes of a .modinfo section: <c>key=value</c> strings, each ended by one or more NULs.</summary>
internal static class ModInfo
{
    /// <summary>Most pairs of one module. The richest of Debian 6.1 and 6.12 has 1,607; each costs some hundred bytes here.</summary>
    public const int MaxEntries = 1 << 16;

    /// <summary>Most bytes of the section: far above any real one, and a bound on what is copied out of a hostile file.</summary>
    public const int MaxBytes = 16 << 20;

    /// <summary>All pairs in their order. A string without <c>=</c> is a key without a value; the last one needs no NUL (kmod: <c>kmod_elf_get_strings</c>).</summary>
    /// <exception cref="ModuleDataException">More than <see cref="MaxEntries"/>, or than <see cref="MaxBytes"/>.</exception>
    public static KeyValuePair<string, string>[] Parse(ReadOnlySpan<byte> section, string file, long offset)
    {
        if (section.Length > MaxBytes)
            throw new ModuleDataException(file, offset, $".modinfo of {section.Length} bytes, more than {MaxBytes}");
        var pairs = new List<KeyValuePair<string, string>>();
        foreach (var range in section.Split((byte)0))
        {
            var entry = section[range];
            if (entry.IsEmpty)
                continue;
            if (pairs.Count == MaxEntries)
                throw new ModuleDataException(file, offset + range.Start.Value, $"more than {MaxEntries} entries in .modinfo");
            var equals = entry.IndexOf((byte)'=');
            pairs.Add(equals < 0
                ? new(Decode(entry), "")
                : new(Decode(entry[..equals]), Decode(entry[(equals + 1)..])));
        }
        return [.. pairs];
    }

    /// <summary>UTF-8, which nearly all are; otherwise each byte as the character of its number, as in the Latin-1 of older authors' names.</summary>
    static string Decode(ReadOnlySpan<byte> text)
        => System.Text.Unicode.Utf8.IsValid(text) ? Encoding.UTF8.GetString(text) : Encoding.Latin1.GetString(text);
}
