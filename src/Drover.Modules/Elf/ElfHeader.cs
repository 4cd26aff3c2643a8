using System.Buffers.Binary;

namespace Drover.Modules.Elf;

/// <summary>The fields of an ELF header that locate the section headers.</summary>
/// <remarks>
/// <code>
///              ELF32  ELF64
/// e_ident         0      0   7f 'E' 'L' 'F', class, byte order, version
/// e_type         16     16   u16, 1 = ET_REL
/// e_machine      18     18   u16
/// e_shoff        32     40   offset of the section headers in the file
/// e_shentsize    46     58   u16, 40 or 64
/// e_shnum        48     60   u16; 0 = see sh_size of section 0
/// e_shstrndx     50     62   u16; 0xffff = see sh_link of section 0
/// </code>
/// </remarks>
readonly record struct ElfHeader
{
    public const int MaxBytes = 64; // sizeof(Elf64_Ehdr), the longest header
    public const ushort Relocatable = 1; // ET_REL, the type of a module

    /// <summary>Twice 16 bits: the kernel rejects extended numbering (kernel: <c>elf_validity_check</c>).</summary>
    const int MaxSections = 1 << 17;

    const int IdentBytes = 16; // EI_NIDENT
    const int MinBytes = 52; // sizeof(Elf32_Ehdr)
    const ushort ExtendedIndex = 0xffff; // SHN_XINDEX

    static ReadOnlySpan<byte> Magic => [0x7f, (byte)'E', (byte)'L', (byte)'F'];

    public bool Is64 { get; init; }
    public bool BigEndian { get; init; }
    public ushort Type { get; init; }
    public ushort Machine { get; init; }
    public long TableOffset { get; init; } // offset of the section headers; inside the file once CheckTable has passed
    public int SectionCount { get; init; }
    public int NamesIndex { get; init; }

    /// <summary>sizeof(Elf32_Shdr) or sizeof(Elf64_Shdr).</summary>
    public int EntryBytes => Is64 ? 64 : 40;

    /// <summary>At most the file size once <see cref="CheckTable"/> has passed.</summary>
    public long TableBytes => (long)SectionCount * EntryBytes;

    /// <summary>Whether section 0 has the section count or the names index: see <see cref="Extend"/>.</summary>
    public bool IsExtended => TableOffset != 0 && (SectionCount == 0 || NamesIndex == ExtendedIndex);

    public static bool HasMagic(ReadOnlySpan<byte> head) => head.StartsWith(Magic);

    /// <param name="head">The first <see cref="MaxBytes"/> bytes, or all of a shorter file.</param>
    public static ElfHeader Read(ReadOnlySpan<byte> head, long fileBytes, string file)
    {
        if (!HasMagic(head) || head.Length <= IdentBytes)
            throw new ModuleDataException(file, 0, "not an ELF file") { Fault = DataFault.OtherFormat };
        if (head.Length < MinBytes)
            throw new ModuleDataException(file, head.Length, "ends within the ELF header");
        var is64 = head[4] switch
        {
            1 => false,
            2 => true,
            var other => throw new ModuleDataException(file, 4, $"unknown ELF class {other}"),
        };
        var big = head[5] switch
        {
            1 => false,
            2 => true,
            var other => throw new ModuleDataException(file, 5, $"unknown ELF byte order {other}"),
        };
        if (is64 && head.Length < MaxBytes)
            throw new ModuleDataException(file, head.Length, "ends within the ELF header");
        var fields = new EndianReader(head, big);
        var header = new ElfHeader
        {
            Is64 = is64,
            BigEndian = big,
            Type = fields.U16(16),
            Machine = fields.U16(18),
            TableOffset = Offset(is64 ? fields.U64(40) : fields.U32(32), is64 ? 40 : 32, fileBytes, file),
            SectionCount = fields.U16(is64 ? 60 : 48),
            NamesIndex = fields.U16(is64 ? 62 : 50),
        };
        var entryAt = is64 ? 58 : 46;
        if (header.TableOffset != 0 && fields.U16(entryAt) != header.EntryBytes)
        {
            throw new ModuleDataException(file, entryAt,
                $"section headers of {fields.U16(entryAt)} bytes, not {header.EntryBytes}");
        }
        if (header.IsExtended && fileBytes - header.TableOffset < header.EntryBytes)
            throw new ModuleDataException(file, header.TableOffset, "ends within section header 0");
        return header.IsExtended ? header : header.CheckTable(fileBytes, file);
    }

    /// <summary>The header with count and names index from section 0.</summary>
    /// <param name="sectionZero"><see cref="EntryBytes"/> bytes from <see cref="TableOffset"/>.</param>
    public ElfHeader Extend(ReadOnlySpan<byte> sectionZero, long fileBytes, string file)
    {
        var zero = ElfSection.Read(sectionZero, Is64, BigEndian);
        var count = SectionCount == 0 ? zero.Size : (ulong)SectionCount;
        if (count > MaxSections)
            throw new ModuleDataException(file, TableOffset, $"{count} sections, more than {MaxSections}");
        var names = NamesIndex == ExtendedIndex ? zero.Link : (uint)NamesIndex;
        // CheckTable rejects an index beyond the count; the minimum only keeps the cast valid
        var extended = this with { SectionCount = (int)count, NamesIndex = (int)Math.Min(names, int.MaxValue) };
        return extended.CheckTable(fileBytes, file);
    }

    ElfHeader CheckTable(long fileBytes, string file)
    {
        if (SectionCount == 0)
            throw new ModuleDataException(file, 0, "no sections");
        if (TableBytes > fileBytes - TableOffset)
        {
            throw new ModuleDataException(file, TableOffset,
                $"{SectionCount} section headers reach beyond the end of the file");
        }
        if (NamesIndex >= SectionCount)
            throw new ModuleDataException(file, 0, $"names in section {NamesIndex} of {SectionCount}");
        return this;
    }

    static long Offset(ulong value, long at, long fileBytes, string file) => value <= (ulong)fileBytes
        ? (long)value
        : throw new ModuleDataException(file, at, $"section headers at {value}, beyond the end of the file");
}

/// <summary>Reads numbers of either byte order; the caller has checked the length of the span.</summary>
readonly ref struct EndianReader(ReadOnlySpan<byte> bytes, bool bigEndian)
{
    readonly ReadOnlySpan<byte> _bytes = bytes;

    public ushort U16(int at) => bigEndian
        ? BinaryPrimitives.ReadUInt16BigEndian(_bytes[at..])
        : BinaryPrimitives.ReadUInt16LittleEndian(_bytes[at..]);

    public uint U32(int at) => bigEndian
        ? BinaryPrimitives.ReadUInt32BigEndian(_bytes[at..])
        : BinaryPrimitives.ReadUInt32LittleEndian(_bytes[at..]);

    public ulong U64(int at) => bigEndian
        ? BinaryPrimitives.ReadUInt64BigEndian(_bytes[at..])
        : BinaryPrimitives.ReadUInt64LittleEndian(_bytes[at..]);
}
