using System.Buffers;
using Drover.Modules.Elf;
using Drover.Text;

namespace Drover.Modules.Symbols;

/// <summary>A symbol and the CRC of its type (CONFIG_MODVERSIONS).</summary>
public readonly record struct SymbolVersion(string Name, ulong Crc);

/// <summary>The symbols that a module uses and exports, with their CRCs.</summary>
public static class ModuleVersions
{
    /// <summary>Used symbols in file order; null without versions (<c>kmod_elf_get_modversions</c>).</summary>
    /// <exception cref="ModuleDataException">Not an ELF file, truncated or corrupt.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied, or the file is a directory.</exception>
    public static IReadOnlyList<SymbolVersion>? Uses(string file)
    {
        using var contents = new ModuleContents();
        var sections = SymbolSections.Open(contents, file);
        if ((sections.LongVersions ?? sections.Versions) is null)
            return null;
        var records = sections.ReadVersions(contents);
        if (records.Count == 0 && sections.Versions is { Size: > 0 } section)
        {
            throw new ModuleDataException(file, (long)section.Offset,
                $"__versions of {section.Size} bytes, not a multiple of {VersionRecords.RecordBytes}");
        }
        var uses = new SymbolVersion[records.Count];
        for (var i = 0; i < uses.Length; i++)
        {
            var name = ByteText.Of(records.Name(i));
            // function names on ppc64 begin with a dot
            uses[i] = new SymbolVersion(name.StartsWith('.') ? name[1..] : name, records.Crc(i));
        }
        return uses;
    }

    /// <summary>Symbols with a <c>__crc_</c>, else all; null if none (kmod: <c>kmod_elf_get_symbols</c>).</summary>
    /// <exception cref="ModuleDataException">Not an ELF file, truncated or corrupt.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied, or the file is a directory.</exception>
    public static IReadOnlyList<SymbolVersion>? Exports(string file)
    {
        using var contents = new ModuleContents();
        var sections = SymbolSections.Open(contents, file);
        var names = new ArrayBufferWriter<byte>();
        var versions = new List<ulong>();
        var exports =
            new SymbolVersion[ReadExports(contents, sections, sections.ReadSymbols(contents), names, versions)];
        var rest = names.WrittenSpan;
        for (var i = 0; i < exports.Length; i++)
        {
            var end = rest.IndexOf((byte)0);
            exports[i] = new SymbolVersion(ByteText.Of(rest[..end]), versions.Count > 0 ? versions[i] : 0);
            rest = rest[(end + 1)..];
        }
        return exports.Length > 0 ? exports : null;
    }

    /// <summary>Writes the names of exported symbols, each with a final NUL, and adds their CRCs if any.</summary>
    /// <returns>The number of symbols.</returns>
    internal static int ReadExports(
        ModuleContents contents, in SymbolSections sections, ElfSymbols symbols, IBufferWriter<byte> names,
        List<ulong> versions)
    {
        var count = ReadCrcSymbols(contents, sections, symbols, names, versions);
        return count > 0 ? count : ReadStrings(contents, sections, names);
    }

    /// <summary>Exports by symbols <c>__crc_NAME</c>, in table order; a bad name voids them all, as in kmod.</summary>
    static int ReadCrcSymbols(
        ModuleContents contents, in SymbolSections sections, ElfSymbols symbols, IBufferWriter<byte> names,
        List<ulong> versions)
    {
        var prefix = "__crc_"u8;
        // one search over all names avoids a look at each: modules of newer kernels have none
        if (symbols.Names.IndexOf(prefix) < 0 || !symbols.HasAllNames)
            return 0;
        var count = 0;
        for (var i = 1; i < symbols.Count; i++)
        {
            if (!symbols.TryName(i, out var name) || !name.StartsWith(prefix))
                continue;
            Write(names, name[prefix.Length..]);
            versions.Add(sections.ReadCrc(contents, symbols.Value(i), symbols.Section(i)));
            count++;
        }
        return count;
    }

    /// <summary>Exports by name alone. The section also holds namespaces, which kmod takes for symbols.</summary>
    static int ReadStrings(ModuleContents contents, in SymbolSections sections, IBufferWriter<byte> names)
    {
        var count = 0;
        var strings = SymbolSections.Read(contents, sections.ExportStrings);
        foreach (var range in strings.Split((byte)0))
        {
            if (strings[range].IsEmpty)
                continue;
            Write(names, strings[range]);
            count++;
        }
        return count;
    }

    static void Write(IBufferWriter<byte> names, ReadOnlySpan<byte> name)
    {
        names.Write(name);
        names.Write("\0"u8);
    }
}

/// <summary>The versions of the symbols that a module uses.</summary>
/// <remarks>
/// <c>__versions</c> has a <c>struct modversion_info</c> for each, 64 bytes: the CRC, as wide as a long, and a name
/// with its NUL. Since Linux 6.14 there may be, instead or as well, <c>__version_ext_crcs</c> of u32 and, in the same
/// order, <c>__version_ext_names</c>, each with its NUL: names of any length (kernel: <c>modversion_ext_start</c>).
/// </remarks>
readonly ref struct VersionRecords
{
    public const int RecordBytes = 64;

    readonly ReadOnlySpan<byte> _section;
    readonly ReadOnlySpan<byte> _names;
    readonly int[]? _nameOffsets; // of the long form
    readonly bool _is64, _bigEndian;

    /// <param name="section">__versions.</param>
    public VersionRecords(ReadOnlySpan<byte> section, ElfHeader header)
    {
        (_is64, _bigEndian) = (header.Is64, header.BigEndian);
        _section = section;
        Count = section.Length % RecordBytes == 0 ? section.Length / RecordBytes : 0;
    }

    /// <param name="crcs">__version_ext_crcs.</param>
    /// <param name="names">__version_ext_names.</param>
    public VersionRecords(ReadOnlySpan<byte> crcs, ReadOnlySpan<byte> names, ElfHeader header)
    {
        _bigEndian = header.BigEndian;
        _section = crcs;
        _names = names;
        _nameOffsets = new int[crcs.Length / sizeof(uint)];
        for (var at = 0; Count < _nameOffsets.Length && at < names.Length; Count++)
        {
            _nameOffsets[Count] = at;
            at += UpToNul(names[at..]).Length + 1;
        }
    }

    /// <summary>0 if __versions is not a whole number of records.</summary>
    public int Count { get; }

    /// <summary>A name without NUL in its record continues in the next, as in kmod.</summary>
    public ReadOnlySpan<byte> Name(int record) => UpToNul(_nameOffsets is { } offsets
        ? _names[offsets[record]..]
        : _section[((record * RecordBytes) + (_is64 ? sizeof(ulong) : sizeof(uint)))..]);

    public ulong Crc(int record)
    {
        if (_nameOffsets is not null)
            return new EndianReader(_section, _bigEndian).U32(record * sizeof(uint));
        var fields = new EndianReader(_section.Slice(record * RecordBytes, RecordBytes), _bigEndian);
        return _is64 ? fields.U64(0) : fields.U32(0);
    }

    static ReadOnlySpan<byte> UpToNul(ReadOnlySpan<byte> name) =>
        name.IndexOf((byte)0) is >= 0 and var end ? name[..end] : name;
}
