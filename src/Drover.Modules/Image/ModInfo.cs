namespace Drover.Modules;

/// <summary>The bytes of a .modinfo section: <c>key=value</c> strings, each ended by one or more NULs.</summary>
internal static class ModInfo
{
    /// <summary>Most pairs of one module. The richest of Debian 6.1 and 6.12 has 1,607; each costs some hundred bytes here.</summary>
    public const int MaxEntries = 1 << 16;

    /// <summary>Most bytes of the section: far above any real one, and a bound on what is copied out of a hostile file.</summary>
    public const int MaxBytes = 16 << 20;

    /// <summary>All pairs in their order. A string without <c>=</c> is a key without a value; the last one needs no NUL (kmod: <c>kmod_elf_get_strings</c>).</summary>
    /// <param name="text">How bytes become a string: <see cref="RawText.Decode(ReadOnlySpan{byte})"/> or <see cref="RawText.Of(ReadOnlySpan{byte})"/>.</param>
    /// <exception cref="ModuleDataException">More than <see cref="MaxEntries"/>, or than <see cref="MaxBytes"/>.</exception>
    public static KeyValuePair<string, string>[] Parse(ReadOnlySpan<byte> section, Func<ReadOnlySpan<byte>, string> text, string file, long offset)
    {
        CheckBytes(section.Length, file, offset);
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
                ? new(text(entry), "")
                : new(text(entry[..equals]), text(entry[(equals + 1)..])));
        }
        return [.. pairs];
    }

    /// <summary>Throws for a section of more than <see cref="MaxBytes"/>.</summary>
    public static void CheckBytes(long bytes, string file, long offset)
    {
        if (bytes > MaxBytes)
            throw new ModuleDataException(file, offset, $".modinfo of {bytes} bytes, more than {MaxBytes}");
    }
}
