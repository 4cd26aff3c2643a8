using Drover.Modules.Containers;

namespace Drover.Modules.Elf;

/// <summary>The section headers and names of a file, without the contents of the sections.</summary>
readonly ref struct ElfSections
{
    const int MaxNamesBytes = 16 << 20; // bounds the section names read; a module has a few kilobytes

    readonly ElfHeader _header;
    readonly ReadOnlySpan<byte> _table, _names;

    /// <param name="table">Exactly <see cref="ElfHeader.TableBytes"/> bytes.</param>
    /// <param name="names">The bytes of section <see cref="ElfHeader.NamesIndex"/>.</param>
    public ElfSections(ElfHeader header, ReadOnlySpan<byte> table, ReadOnlySpan<byte> names, string file)
    {
        // the last NUL ends every name within the section (kernel: elf_validity_check)
        if (names.IsEmpty || names[^1] != 0)
            throw new ModuleDataException(file, header.TableOffset, "section names do not end with a NUL");
        _header = header;
        _table = table;
        _names = names;
        File = file;
    }

    /// <summary>Reads only the tables of an uncompressed file.</summary>
    /// <param name="head">At least the first <see cref="ElfHeader.MaxBytes"/> bytes, or all of a shorter file.</param>
    /// <exception cref="ModuleDataException">Not an ELF file, or its tables are not inside it.</exception>
    public static ElfSections Read(ByteSource source, ReadOnlySpan<byte> head)
    {
        var header = ElfHeader.Read(head, source.Length, source.Name);
        if (header.IsExtended)
        {
            var zero = new byte[header.EntryBytes];
            source.Read(header.TableOffset, zero);
            header = header.Extend(zero, source.Length, source.Name);
        }
        var table = new byte[header.TableBytes];
        source.Read(header.TableOffset, table);
        var namesSection = At(header, table, header.NamesIndex);
        CheckBytes(namesSection, source.Length, header.TableOffset, source.Name);
        if (namesSection.Type == ElfSection.NoBits || namesSection.Size > MaxNamesBytes)
            throw new ModuleDataException(source.Name, header.TableOffset, $"{namesSection.Size} bytes of names");
        var names = new byte[namesSection.Size];
        source.Read((long)namesSection.Offset, names);
        return new ElfSections(header, table, names, source.Name);
    }

    public string File { get; }

    public int Count => _header.SectionCount;

    public ElfSection this[int index] => At(_header, _table, index);

    public static ElfSection At(ElfHeader header, ReadOnlySpan<byte> table, int index) =>
        ElfSection.Read(table.Slice(index * header.EntryBytes, header.EntryBytes), header.Is64, header.BigEndian);

    /// <summary>Offset of a section header in the file.</summary>
    public long OffsetOf(int index) => _header.TableOffset + ((long)index * _header.EntryBytes);

    public bool NameIs(int index, ReadOnlySpan<byte> name)
    {
        var rest = NameAndRest(index);
        return rest.Length > name.Length && rest[name.Length] == 0 && rest.StartsWith(name);
    }

    public bool NameStartsWith(int index, ReadOnlySpan<byte> prefix) => NameAndRest(index).StartsWith(prefix);

    /// <summary>The first section of that name (kernel: <c>find_sec</c>), or −1.</summary>
    public int Find(ReadOnlySpan<byte> name)
    {
        // section 0 is unused
        for (var i = 1; i < Count; i++)
        {
            if (NameIs(i, name))
                return i;
        }
        return -1;
    }

    /// <summary>Throws unless a section is inside a file of that size or has no bytes there.</summary>
    public static void CheckBytes(ElfSection section, long fileBytes, long headerOffset, string file)
    {
        var end = (ulong)fileBytes;
        if (section.Type != ElfSection.NoBits && (section.Offset > end || section.Size > end - section.Offset))
        {
            throw new ModuleDataException(file, headerOffset,
                $"section of {section.Size} bytes at {section.Offset} reaches beyond the end of the file");
        }
    }

    ReadOnlySpan<byte> NameAndRest(int index)
    {
        var at = this[index].NameOffset;
        return at < (uint)_names.Length
            ? _names[(int)at..]
            : throw new ModuleDataException(File, OffsetOf(index),
                $"name of section {index} at {at}, of {_names.Length} bytes of names");
    }
}

/// <summary>A section header (Elf32_Shdr, Elf64_Shdr), unchecked.</summary>
readonly record struct ElfSection(
    uint NameOffset, uint Type, ulong Flags, ulong Offset, ulong Size, uint Link, ulong Align)
{
    public const uint NoBits = 8; // SHT_NOBITS: uses memory, but no bytes of the file
    public const ulong Write = 1; // SHF_WRITE
    public const ulong Alloc = 2; // SHF_ALLOC
    public const ulong Executable = 4; // SHF_EXECINSTR

    /// <param name="entry">40 or 64 bytes; the caller has checked that.</param>
    public static ElfSection Read(ReadOnlySpan<byte> entry, bool is64, bool bigEndian)
    {
        var fields = new EndianReader(entry, bigEndian);
        return is64
            ? new(fields.U32(0), fields.U32(4), fields.U64(8), fields.U64(24), fields.U64(32), fields.U32(40),
                fields.U64(48))
            : new(fields.U32(0), fields.U32(4), fields.U32(8), fields.U32(16), fields.U32(20), fields.U32(24),
                fields.U32(32));
    }
}

/// <summary>Sections of an ELF file in memory. Overlapping ones are harmless; <see cref="Bytes"/> checks one.</summary>
readonly ref struct ElfReader
{
    readonly ReadOnlySpan<byte> _bytes;

    /// <exception cref="ModuleDataException">Not an ELF file, or its tables are not inside it.</exception>
    public ElfReader(ReadOnlySpan<byte> bytes, string file)
    {
        _bytes = bytes;
        var header = ElfHeader.Read(bytes[..Math.Min(bytes.Length, ElfHeader.MaxBytes)], bytes.Length, file);
        if (header.IsExtended)
            header = header.Extend(bytes.Slice((int)header.TableOffset, header.EntryBytes), bytes.Length, file);
        // ElfHeader has checked that the table is inside the file and the index inside the table
        var table = bytes.Slice((int)header.TableOffset, (int)header.TableBytes);
        var names = ElfSections.At(header, table, header.NamesIndex);
        var namesHeader = header.TableOffset + ((long)header.NamesIndex * header.EntryBytes);
        ElfSections.CheckBytes(names, bytes.Length, namesHeader, file);
        Header = header;
        Sections = new ElfSections(header, table, Slice(bytes, names), file);
    }

    public ElfHeader Header { get; }
    public ElfSections Sections { get; }

    /// <summary>The bytes of a section; empty for one without bytes in the file.</summary>
    /// <exception cref="ModuleDataException">The section reaches beyond the end of the file.</exception>
    public ReadOnlySpan<byte> Bytes(int index)
    {
        var section = Sections[index];
        ElfSections.CheckBytes(section, _bytes.Length, Sections.OffsetOf(index), Sections.File);
        return Slice(_bytes, section);
    }

    // CheckBytes has checked offset and size, so both fit an int
    static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> bytes, ElfSection section) =>
        section.Type == ElfSection.NoBits ? [] : bytes.Slice((int)section.Offset, (int)section.Size);
}
