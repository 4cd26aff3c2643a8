namespace Drover.Modules;

/// <summary>
/// A whole ELF file in memory, 32 or 64 bits wide, of either byte order: enough of it to find sections. The constructor validates header and table once; a
/// section's bytes are validated when they are asked for, as overlapping or unused sections harm nobody.
/// </summary>
internal readonly ref struct ElfReader
{
    readonly ReadOnlySpan<byte> _bytes;

    /// <exception cref="ModuleDataException">No ELF file, or its tables do not lie in it.</exception>
    public ElfReader(ReadOnlySpan<byte> bytes, string file)
    {
        _bytes = bytes;
        var header = ElfHeader.Read(bytes[..Math.Min(bytes.Length, ElfHeader.MaxBytes)], bytes.Length, file);
        if (header.IsExtended)
            header = header.Extend(bytes.Slice((int)header.TableOffset, header.EntryBytes), bytes.Length, file);

        // ElfHeader has validated that table and index lie in the file
        var table = bytes.Slice((int)header.TableOffset, (int)header.TableBytes);
        var names = ElfSections.At(header, table, header.NamesIndex);
        ElfSections.CheckBytes(names, bytes.Length, header.TableOffset + ((long)header.NamesIndex * header.EntryBytes), file);
        Header = header;
        Sections = new ElfSections(header, table, Slice(bytes, names), file);
    }

    public ElfHeader Header { get; }

    public ElfSections Sections { get; }

    /// <summary>The bytes of a section; none for one that has none in the file.</summary>
    /// <exception cref="ModuleDataException">They reach beyond the end of the file.</exception>
    public ReadOnlySpan<byte> Bytes(int index)
    {
        var section = Sections[index];
        ElfSections.CheckBytes(section, _bytes.Length, Sections.OffsetOf(index), Sections.File);
        return Slice(_bytes, section);
    }

    // CheckBytes has validated offset and size, so both fit an int
    static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> bytes, ElfSection section)
        => section.Type == ElfSection.NoBits ? [] : bytes.Slice((int)section.Offset, (int)section.Size);
}
