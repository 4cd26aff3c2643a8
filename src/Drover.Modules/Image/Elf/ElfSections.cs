namespace Drover.Modules;

/// <summary>The table of sections with the table of their names: all that the layout needs, without the sections' bytes.</summary>
internal readonly ref struct ElfSections
{
    /// <summary>Most bytes of section names that are read of a file; a module has some kilobytes of them.</summary>
    const int MaxNamesBytes = 16 << 20;

    readonly ElfHeader _header;
    readonly ReadOnlySpan<byte> _table;
    readonly ReadOnlySpan<byte> _names;

    /// <param name="table">Exactly <see cref="ElfHeader.TableBytes"/> bytes.</param>
    /// <param name="names">The bytes of section <see cref="ElfHeader.NamesIndex"/>.</param>
    public ElfSections(ElfHeader header, ReadOnlySpan<byte> table, ReadOnlySpan<byte> names, string file)
    {
        // names are compared, never scanned for their end; a last NUL is all that keeps them inside (kernel: elf_validity_check)
        if (names.IsEmpty || names[^1] != 0)
            throw new ModuleDataException(file, header.TableOffset, "section names do not end with a NUL");
        _header = header;
        _table = table;
        _names = names;
        File = file;
    }

    /// <summary>From the tables of an uncompressed file, without the sections themselves.</summary>
    /// <param name="head">Its first <see cref="ElfHeader.MaxBytes"/> bytes, or more; fewer of a shorter file.</param>
    /// <exception cref="ModuleDataException">No ELF file, or its tables do not lie in it.</exception>
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
            throw new ModuleDataException(source.Name, header.TableOffset, $"{namesSection.Size} bytes of section names");
        var names = new byte[namesSection.Size];
        source.Read((long)namesSection.Offset, names);
        return new ElfSections(header, table, names, source.Name);
    }

    public string File { get; }

    public int Count => _header.SectionCount;

    public ElfSection this[int index] => At(_header, _table, index);

    public static ElfSection At(ElfHeader header, ReadOnlySpan<byte> table, int index)
        => ElfSection.Read(table.Slice(index * header.EntryBytes, header.EntryBytes), header.Is64, header.BigEndian);

    /// <summary>Where header <paramref name="index"/> stands in the file, for messages.</summary>
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
        // section 0 is no section
        for (var i = 1; i < Count; i++)
        {
            if (NameIs(i, name))
                return i;
        }
        return -1;
    }

    /// <summary>Throws unless the bytes of the section lie in a file of that size; a section without bytes always does.</summary>
    public static void CheckBytes(ElfSection section, long fileBytes, long headerOffset, string file)
    {
        var end = (ulong)fileBytes;
        if (section.Type != ElfSection.NoBits && (section.Offset > end || section.Size > end - section.Offset))
            throw new ModuleDataException(file, headerOffset, $"section of {section.Size} bytes at {section.Offset} reaches beyond the end of the file");
    }

    ReadOnlySpan<byte> NameAndRest(int index)
    {
        var at = this[index].NameOffset;
        return at < (uint)_names.Length
            ? _names[(int)at..]
            : throw new ModuleDataException(File, OffsetOf(index), $"name of section {index} at {at}, of {_names.Length} bytes of names");
    }
}
