using System.Numerics;

namespace Drover.Modules;

/// <summary>
/// The memory the kernel gives a module (kernel: <c>layout_sections</c>, <c>module_get_offset</c>): its allocated sections in the order of the file,
/// each at its alignment, in a region per kind of memory, each region rounded up to pages.
/// </summary>
/// <remarks>
/// The regions are those of 6.4 and later (<c>enum mod_mem_type</c>); before, two regions held the same groups, each starting on a page
/// (<c>strict_align</c>), which comes to the same sum. Counted are the regions that go after initialisation too: at the height of a load they are
/// there. Not counted: per-CPU data, which has a memory of its own, and the symbol tables that <c>layout_symtab</c> adds for kallsyms.
/// </remarks>
internal static class ModuleLayout
{
    /// <summary>The smallest page of any Linux: a foreign module is measured the same on every machine.</summary>
    public const long PageBytes = 4096;

    // enum mod_mem_type in two halves, core and init
    const int Text = 0, RoData = 1, RoAfterInit = 2, Data = 3, InitHalf = 4, Regions = 8, NoRegion = -1;

    /// <summary>From the tables of an uncompressed file, without the sections themselves.</summary>
    /// <param name="head">Its first <see cref="ElfHeader.MaxBytes"/> bytes, or more.</param>
    public static long ImageBytes(ByteSource source, ReadOnlySpan<byte> head) => Bytes(ElfSections.Read(source, head)).Image;

    /// <summary>All regions together, and of them those of text, that of initialisation included.</summary>
    public static (long Image, long Text) Bytes(ElfSections sections)
    {
        Span<long> regions = stackalloc long[Regions];
        regions.Clear();
        for (var i = 1; i < sections.Count; i++)
        {
            var section = sections[i];
            var region = RegionOf(sections, i, section.Flags);
            if (region != NoRegion)
                regions[region] = Append(regions[region], section, sections, i);
        }

        var total = 0L;
        foreach (var bytes in regions)
            total += AlignUp(bytes, PageBytes); // eight sums of at most MaxImageBytes
        return (total, AlignUp(regions[Text], PageBytes) + AlignUp(regions[InitHalf + Text], PageBytes));
    }

    static long Append(long size, ElfSection section, ElfSections sections, int index)
    {
        var align = Math.Max(section.Align, 1);
        if (!BitOperations.IsPow2(align) || align > ModuleFile.MaxImageBytes)
            throw new ModuleDataException(sections.File, sections.OffsetOf(index), $"section aligned to {align}");
        var start = AlignUp(size, (long)align);
        if (section.Size > ModuleFile.MaxImageBytes || start + (long)section.Size > ModuleFile.MaxImageBytes)
            throw new ModuleDataException(sections.File, sections.OffsetOf(index), $"sections take more than {ModuleFile.MaxImageBytes} bytes of memory");
        return start + (long)section.Size;
    }

    /// <summary>The masks of layout_sections, the first that fits; the parts of <c>ARCH_SHF_SMALL</c> concern ia64 and alpha only.</summary>
    static int RegionOf(ElfSections sections, int index, ulong flags)
    {
        if ((flags & ElfSection.Alloc) == 0 || IsTakenOut(sections, index))
            return NoRegion;
        // module_init_layout_section
        var half = sections.NameStartsWith(index, ".init"u8) ? InitHalf : 0;
        if ((flags & ElfSection.Executable) != 0)
            return half + Text;
        if ((flags & ElfSection.Write) == 0)
            return half + RoData;
        return IsReadOnlyAfterInit(sections, index) ? half + RoAfterInit : half + Data;
    }

    /// <summary>Sections that the kernel reads in the copied file and does not keep (kernel: <c>setup_load_info</c>, <c>layout_and_allocate</c>).</summary>
    static bool IsTakenOut(ElfSections sections, int index)
        => sections.NameIs(index, ".modinfo"u8) || sections.NameIs(index, "__versions"u8)
            || sections.NameIs(index, "__version_ext_crcs"u8) || sections.NameIs(index, "__version_ext_names"u8)
            || sections.NameIs(index, ".data..percpu"u8);

    /// <summary>Kernel: <c>module_mark_ro_after_init</c>.</summary>
    static bool IsReadOnlyAfterInit(ElfSections sections, int index)
        => sections.NameIs(index, ".data..ro_after_init"u8) || sections.NameIs(index, "__jump_table"u8) || sections.NameIs(index, ".static_call_sites"u8);

    static long AlignUp(long value, long align) => (value + align - 1) & -align;
}
