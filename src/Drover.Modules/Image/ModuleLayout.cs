using System.Numerics;
using Drover.Modules.Containers;
using Drover.Modules.Elf;

namespace Drover.Modules.Image;

/// <summary>The memory the kernel allocates for a module (kernel: <c>layout_sections</c>,
/// <c>module_get_offset</c>): its allocated sections in file order, each aligned, in one region for each type of
/// memory, rounded up to pages.</summary>
/// <remarks>The regions are those of 6.4 and later (<c>enum mod_mem_type</c>). Earlier kernels have two regions with
/// the same page-aligned groups (<c>strict_align</c>), which gives the same sum. The regions that are freed after
/// initialisation count, because they exist during the load. Per-CPU data, which has memory of its own, the symbol
/// tables that <c>layout_symtab</c> adds for kallsyms, and arm64's tables of far jumps
/// (<c>module_frob_arch_sections</c> makes room for them in <c>.plt</c>) do not count.</remarks>
static class ModuleLayout
{
    const long PageBytes = 4096; // Linux's smallest page, so that a module has the same size on every machine

    // enum mod_mem_type in two halves, core and init
    const int Text = 0, RoData = 1, RoAfterInit = 2, Data = 3, InitHalf = 4, Regions = 8, NoRegion = -1;

    /// <summary>Reads only the tables of an uncompressed file.</summary>
    /// <param name="head">At least the first <see cref="ElfHeader.MaxBytes"/> bytes, or all of a shorter file.</param>
    public static long ImageBytes(ByteSource source, ReadOnlySpan<byte> head) =>
        Bytes(ElfSections.Read(source, head)).Image;

    /// <summary>The sum of all regions, and that of the text regions, initialisation included.</summary>
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
        if (!BitOperations.IsPow2(align) || align > ModuleLimits.MaxImageBytes)
            throw new ModuleDataException(sections.File, sections.OffsetOf(index), $"section aligned to {align}");
        var start = AlignUp(size, (long)align);
        if (section.Size > ModuleLimits.MaxImageBytes || start + (long)section.Size > ModuleLimits.MaxImageBytes)
        {
            throw new ModuleDataException(sections.File, sections.OffsetOf(index),
                $"sections take more than {ModuleLimits.MaxImageBytes} bytes of memory");
        }
        return start + (long)section.Size;
    }

    /// <summary>The first matching mask of layout_sections, without <c>ARCH_SHF_SMALL</c> (ia64, alpha).</summary>
    static int RegionOf(ElfSections sections, int index, ulong flags)
    {
        if ((flags & ElfSection.Alloc) == 0 || IsNotKept(sections, index))
            return NoRegion;
        // module_init_layout_section
        var half = sections.NameStartsWith(index, ".init"u8) ? InitHalf : 0;
        if ((flags & ElfSection.Executable) != 0)
            return half + Text;
        if ((flags & ElfSection.Write) == 0)
            return half + RoData;
        return IsReadOnlyAfterInit(sections, index) ? half + RoAfterInit : half + Data;
    }

    /// <summary>Sections that the kernel does not keep (<c>setup_load_info</c>, <c>layout_and_allocate</c>).</summary>
    static bool IsNotKept(ElfSections sections, int index) =>
        sections.NameIs(index, ".modinfo"u8) || sections.NameIs(index, "__versions"u8)
            || sections.NameIs(index, "__version_ext_crcs"u8) || sections.NameIs(index, "__version_ext_names"u8)
            || sections.NameIs(index, ".data..percpu"u8);

    /// <summary>Kernel: <c>module_mark_ro_after_init</c>.</summary>
    static bool IsReadOnlyAfterInit(ElfSections sections, int index) =>
        sections.NameIs(index, ".data..ro_after_init"u8) || sections.NameIs(index, "__jump_table"u8)
            || sections.NameIs(index, ".static_call_sites"u8);

    static long AlignUp(long value, long align) => (value + align - 1) & -align;
}
