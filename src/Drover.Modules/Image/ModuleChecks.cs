namespace Drover.Modules;

/// <summary>Hides from the kernel what it would check in a module, where init_module has no flag to say so (kmod: <c>kmod_elf_strip_section</c>, <c>kmod_elf_strip_vermagic</c>). Stateless.</summary>
public static class ModuleChecks
{
    const int FlagsAt = 8; // sh_flags: behind sh_name and sh_type, in either width

    /// <summary>Takes the section <c>__versions</c> out of what is loaded; without one there is nothing to do.</summary>
    /// <param name="elf">The whole image; changed in place.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <exception cref="ModuleDataException">Not an ELF file, or its tables do not lie in it.</exception>
    public static void HideModversions(Span<byte> elf, string file)
    {
        var reader = new ElfReader(elf, file);
        var index = reader.Sections.Find("__versions"u8);
        if (index < 0)
            return;
        var at = (int)reader.Sections.OffsetOf(index) + FlagsAt;
        // SHF_ALLOC is in the lowest byte
        elf[reader.Header.BigEndian ? at + (reader.Header.Is64 ? 7 : 3) : at] &= unchecked((byte)~ElfSection.Alloc);
    }

    /// <summary>Blanks <c>vermagic=</c> of .modinfo; without one there is nothing to do.</summary>
    /// <inheritdoc cref="HideModversions"/>
    public static void HideVermagic(Span<byte> elf, string file)
    {
        var reader = new ElfReader(elf, file);
        var index = reader.Sections.Find(".modinfo"u8);
        if (index < 0)
            return;
        var at = (int)reader.Sections[index].Offset;
        var info = elf.Slice(at, reader.Bytes(index).Length);
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
