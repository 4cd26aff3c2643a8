using Drover.Modules.Elf;
using static Drover.Modules.Symbols.ModuleContents;

namespace Drover.Modules.Symbols;

/// <summary>Sections by name; one outside the file is missing (kmod: <c>kmod_elf_get_section</c>).</summary>
readonly ref struct SymbolSections
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
    public ElfSection? Info { get; private init; } // .modinfo; null if missing, like the others
    public ElfSection? ExportStrings { get; private init; } // __ksymtab_strings
    public ElfSection? Versions { get; private init; } // __versions
    public ElfSection? LongVersions { get; private init; } // __version_ext_crcs
    public ElfSection? LongVersionNames { get; private init; } // __version_ext_names
    public ElfSection? Symbols { get; private init; } // .symtab
    public ElfSection? SymbolNames { get; private init; } // .strtab

    /// <summary>Opens a module in <paramref name="contents"/> and finds its sections.</summary>
    /// <exception cref="ModuleDataException">Not an ELF file, or corrupt.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied.</exception>
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
        if (!IsInside(namesSection, contents.Length))
            throw new ModuleDataException(file, header.TableOffset, "section names reach beyond the end of the file");
        var names = contents.At((long)namesSection.Offset, (int)namesSection.Size, Part.Names);
        if (names.IsEmpty || names[^1] != 0)
            throw new ModuleDataException(file, header.TableOffset, "section names do not end with a NUL");
        ElfSection? info = null, exports = null, versions = null, symbols = null, strings = null;
        ElfSection? longVersions = null, longNames = null;
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
            else if (Is(name, "__version_ext_crcs\0"u8))
                longVersions ??= Section(header, table, i, contents.Length);
            else if (Is(name, "__version_ext_names\0"u8))
                longNames ??= Section(header, table, i, contents.Length);
            else if (Is(name, ".symtab\0"u8))
                symbols ??= Section(header, table, i, contents.Length);
            else if (Is(name, ".strtab\0"u8))
                strings ??= Section(header, table, i, contents.Length);
        }
        return new(header, table, contents.Length)
        {
            Info = info,
            ExportStrings = exports,
            Versions = versions,
            LongVersions = longVersions,
            LongVersionNames = longNames,
            Symbols = symbols,
            SymbolNames = strings,
        };

        static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> expected) =>
            name[0] == expected[0] && name.StartsWith(expected);

        static ElfSection? Section(ElfHeader header, ReadOnlySpan<byte> table, int index, long fileBytes)
        {
            var section = ElfSections.At(header, table, index);
            return IsInside(section, fileBytes) ? section : null;
        }
    }

    /// <summary>The bytes of a section, valid until the next read; empty if the section is missing.</summary>
    public static ReadOnlySpan<byte> Read(ModuleContents contents, ElfSection? section, Part part = Part.Other) =>
        section is { } present ? contents.At((long)present.Offset, (int)present.Size, part) : [];

    /// <summary>The CRCs of the symbols that the module uses; none if it has none.</summary>
    public VersionRecords ReadVersions(ModuleContents contents) =>
        LongVersions is { } crcs && LongVersionNames is { } names && crcs.Size % sizeof(uint) == 0
            ? new VersionRecords(
                Read(contents, crcs), Read(contents, names, Part.VersionNames), Header)
            : new VersionRecords(Read(contents, Versions), Header);

    /// <summary>The symbol table; empty if it or its names are missing, or its size is wrong.</summary>
    public ElfSymbols ReadSymbols(ModuleContents contents)
    {
        var symbolBytes = ElfSymbols.BytesOf(Header);
        return Symbols is { } table && SymbolNames is { } names && table.Size % (uint)symbolBytes == 0
            ? new ElfSymbols(Header, Read(contents, table, Part.Symbols), Read(contents, names, Part.Strings))
            : default;
    }

    /// <summary>The CRC of __crc_NAME: a value or an offset in a section (kmod: <c>kmod_elf_resolve_crc</c>).</summary>
    public ulong ReadCrc(ModuleContents contents, ulong value, ushort sectionIndex)
    {
        const ushort Undefined = 0, Absolute = 0xfff1; // SHN_UNDEF, SHN_ABS
        if (sectionIndex is Undefined or Absolute)
            return value;
        if (sectionIndex >= Header.SectionCount)
            return ulong.MaxValue;
        var section = ElfSections.At(Header, _table, sectionIndex);
        if (!IsInside(section, _fileBytes) || section.Size < sizeof(uint) || value > section.Size - sizeof(uint))
            return ulong.MaxValue;
        var bytes = contents.At((long)(section.Offset + value), sizeof(uint), Part.Other);
        return new EndianReader(bytes, Header.BigEndian).U32(0);
    }

    static bool IsInside(ElfSection section, long fileBytes) =>
        section.Offset <= (ulong)fileBytes && section.Size <= (ulong)fileBytes - section.Offset;
}

/// <summary>
/// The symbols of a module and their names.
/// <code>
///            Elf32_Sym  Elf64_Sym
/// st_name        0          0      u32
/// st_value       4          8      u32, u64
/// st_info       12          4      u8, binding in the high four bits, type in the low
/// st_shndx      14          6      u16, 0 = undefined
/// </code>
/// </summary>
readonly ref struct ElfSymbols
{
    const int Weak = 2; // STB_WEAK
    const int Register = 13; // STT_SPARC_REGISTER
    const ushort Sparc = 2, SparcV9 = 43; // EM_SPARC, EM_SPARCV9

    readonly ElfHeader _header;
    readonly ReadOnlySpan<byte> _table;
    readonly int _symbolBytes;

    /// <param name="table">A whole number of symbols.</param>
    public ElfSymbols(ElfHeader header, ReadOnlySpan<byte> table, ReadOnlySpan<byte> names)
    {
        _header = header;
        _table = table;
        Names = names;
        _symbolBytes = BytesOf(header);
        Count = table.Length / _symbolBytes;
    }

    public int Count { get; } // includes symbol 0, which is always undefined
    public ReadOnlySpan<byte> Names { get; }

    /// <summary>sizeof(Elf32_Sym) or sizeof(Elf64_Sym).</summary>
    public static int BytesOf(ElfHeader header) => header.Is64 ? 24 : 16;

    /// <summary>Whether every name is within <see cref="Names"/>.</summary>
    public bool HasAllNames
    {
        get
        {
            for (var i = 1; i < Count; i++)
            {
                if (Symbol(i).U32(0) >= (uint)Names.Length)
                    return false;
            }
            return true;
        }
    }

    public ushort Section(int index) => Symbol(index).U16(_header.Is64 ? 6 : 14);

    public ulong Value(int index) => _header.Is64 ? Symbol(index).U64(8) : Symbol(index).U32(4);

    public bool IsWeak(int index) => Info(index) >> 4 == Weak;

    /// <summary>A global register of a SPARC program: it looks undefined, but is not a symbol to resolve.</summary>
    public bool IsRegister(int index) => _header.Machine is Sparc or SparcV9 && (Info(index) & 0xf) == Register;

    /// <summary>The name; false if it is outside <see cref="Names"/>. The last one may lack its NUL.</summary>
    public bool TryName(int index, out ReadOnlySpan<byte> name)
    {
        var at = Symbol(index).U32(0);
        if (at >= (uint)Names.Length)
        {
            name = default;
            return false;
        }
        name = Names[(int)at..];
        var end = name.IndexOf((byte)0);
        if (end >= 0)
            name = name[..end];
        return true;
    }

    byte Info(int index) => _table[(index * _symbolBytes) + (_header.Is64 ? 4 : 12)];

    EndianReader Symbol(int index) => new(_table.Slice(index * _symbolBytes, _symbolBytes), _header.BigEndian);
}
