using static Drover.Modules.ModuleContents;

namespace Drover.Modules;

/// <summary>
/// Where in a module stand its symbols, their checksums and .modinfo. A section that does not lie in the file, or whose name does not lie among the names, is as if it were not there
/// (kmod: <c>kmod_elf_get_section</c>).
/// </summary>
internal readonly ref struct SymbolSections
{
    readonly ReadOnlySpan<byte> _table;
    readonly long _fileBytes;

    SymbolSections(ElfHeader header, ReadOnlySpan<byte> table, long fileBytes)
    {
        Header = header;
        _table = table;
        _fileBytes = fileBytes;
    }

    public ElfHeader Header { get; }

    /// <summary>.modinfo; null where there is none, as with the others.</summary>
    public ElfSection? Info { get; private init; }

    /// <summary>__ksymtab_strings</summary>
    public ElfSection? ExportStrings { get; private init; }

    /// <summary>__versions</summary>
    public ElfSection? Versions { get; private init; }

    /// <summary>.symtab</summary>
    public ElfSection? Symbols { get; private init; }

    /// <summary>.strtab</summary>
    public ElfSection? SymbolNames { get; private init; }

    /// <summary>Opens a module in <paramref name="contents"/> and finds them.</summary>
    /// <exception cref="ModuleDataException">Not an ELF file; the table of sections, or that of their names, does not lie in it; truncated or corrupt where it is compressed.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static SymbolSections Open(ModuleContents contents, string file)
    {
        contents.Open(file);
        var head = contents.At(0, (int)Math.Min(contents.Length, ElfHeader.MaxBytes), Part.Head);
        return Find(contents, ElfHeader.Read(head, contents.Length, file), file);
    }

    static SymbolSections Find(ModuleContents contents, ElfHeader header, string file)
    {
        if (header.IsExtended)
            throw new ModuleDataException(file, header.TableOffset, "extended numbering of sections");
        var table = contents.At(header.TableOffset, (int)header.TableBytes, Part.Table);
        var namesSection = ElfSections.At(header, table, header.NamesIndex);
        if (!LiesIn(namesSection, contents.Length))
            throw new ModuleDataException(file, header.TableOffset, "section names reach beyond the end of the file");
        var names = contents.At((long)namesSection.Offset, (int)namesSection.Size, Part.Names);
        if (names.IsEmpty || names[^1] != 0)
            throw new ModuleDataException(file, header.TableOffset, "section names do not end with a NUL");

        ElfSection? info = null, exports = null, versions = null, symbols = null, strings = null;
        for (var i = 1; i < header.SectionCount; i++)
        {
            var nameOffset = new EndianReader(table[(i * header.EntryBytes)..], header.BigEndian).U32(0);
            if (nameOffset >= (uint)names.Length)
                continue;
            var name = names[(int)nameOffset..];
            if (Is(name, ".modinfo\0"u8))
                info ??= Section(header, table, i, contents.Length);
            else if (Is(name, "__ksymtab_strings\0"u8))
                exports ??= Section(header, table, i, contents.Length);
            else if (Is(name, "__versions\0"u8))
                versions ??= Section(header, table, i, contents.Length);
            else if (Is(name, ".symtab\0"u8))
                symbols ??= Section(header, table, i, contents.Length);
            else if (Is(name, ".strtab\0"u8))
                strings ??= Section(header, table, i, contents.Length);
        }
        return new(header, table, contents.Length) { Info = info, ExportStrings = exports, Versions = versions, Symbols = symbols, SymbolNames = strings };

        static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> wanted) => name[0] == wanted[0] && name.StartsWith(wanted);

        static ElfSection? Section(ElfHeader header, ReadOnlySpan<byte> table, int index, long fileBytes)
        {
            var section = ElfSections.At(header, table, index);
            return LiesIn(section, fileBytes) ? section : null;
        }
    }

    /// <summary>The section's bytes, until the next are read; none where there is no such section.</summary>
    public static ReadOnlySpan<byte> Read(ModuleContents contents, ElfSection? section, Part part = Part.Other) =>
        section is { } there ? contents.At((long)there.Offset, (int)there.Size, part) : [];

    /// <summary>The table of symbols; an empty one where it or the names are missing or it is not made of whole symbols.</summary>
    public ElfSymbols ReadSymbols(ModuleContents contents)
    {
        var symbolBytes = ElfSymbols.BytesOf(Header);
        return Symbols is { } table && SymbolNames is { } names && table.Size % (uint)symbolBytes == 0
            ? new ElfSymbols(Header, Read(contents, table, Part.Symbols), Read(contents, names, Part.Strings))
            : default;
    }

    /// <summary>The CRC that a symbol __crc_NAME stands for: its value, or what stands at that place of its section (kmod: <c>kmod_elf_resolve_crc</c>).</summary>
    public ulong ReadCrc(ModuleContents contents, ulong value, ushort sectionIndex)
    {
        const ushort Undefined = 0, Absolute = 0xfff1; // SHN_UNDEF, SHN_ABS
        if (sectionIndex is Undefined or Absolute)
            return value;
        if (sectionIndex >= Header.SectionCount)
            return ulong.MaxValue;
        var section = ElfSections.At(Header, _table, sectionIndex);
        if (!LiesIn(section, _fileBytes) || section.Size < sizeof(uint) || value > section.Size - sizeof(uint))
            return ulong.MaxValue;
        return new EndianReader(contents.At((long)(section.Offset + value), sizeof(uint), Part.Other), Header.BigEndian).U32(0);
    }

    static bool LiesIn(ElfSection section, long fileBytes) => section.Offset <= (ulong)fileBytes && section.Size <= (ulong)fileBytes - section.Offset;
}
