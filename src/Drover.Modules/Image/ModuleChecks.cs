using Drover.Modules.Elf;

namespace Drover.Modules.Image;

/// <summary>Disables the kernel's checks (<c>kmod_elf_strip_section</c>, <c>kmod_elf_strip_vermagic</c>).</summary>
public static class ModuleChecks
{
    const int FlagsAt = 8; // offset of sh_flags in a section header of either width

    /// <summary>Excludes the versions of used symbols, if any, from loading.</summary>
    /// <param name="elf">The whole image; changed in place.</param>
    /// <exception cref="ModuleDataException">Not an ELF file, or its tables are not inside it.</exception>
    public static void HideModversions(Span<byte> elf, string file)
    {
        var reader = new ElfReader(elf, file);
        Hide(elf, reader, "__versions"u8);
        Hide(elf, reader, "__version_ext_crcs"u8);
        Hide(elf, reader, "__version_ext_names"u8);
    }

    static void Hide(Span<byte> elf, ElfReader reader, ReadOnlySpan<byte> section)
    {
        var index = reader.Sections.Find(section);
        if (index < 0)
            return;
        var at = (int)reader.Sections.OffsetOf(index) + FlagsAt;
        // SHF_ALLOC is in the lowest byte
        elf[reader.Header.BigEndian ? at + (reader.Header.Is64 ? 7 : 3) : at] &= unchecked((byte)~ElfSection.Alloc);
    }

    /// <summary>Overwrites <c>vermagic=</c> in .modinfo, if any, with NULs.</summary>
    /// <inheritdoc cref="HideModversions"/>
    public static void HideVermagic(Span<byte> elf, string file)
    {
        var reader = new ElfReader(elf, file);
        var index = reader.Sections.Find(".modinfo"u8);
        // a section without bytes in the file may have any offset
        if (index < 0 || reader.Bytes(index) is not { Length: > 0 } bytes)
            return;
        var info = elf.Slice((int)reader.Sections[index].Offset, bytes.Length);
        for (var start = 0; start < info.Length;)
        {
            var length = info[start..].IndexOf((byte)0);
            var entry = length < 0 ? info[start..] : info.Slice(start, length);
            if (entry.StartsWith("vermagic="u8))
            {
                entry.Clear();
                return;
            }
            start += entry.Length + 1;
        }
    }
}
