using System.Buffers;
using Drover.Modules.Elf;
using Drover.Text;

namespace Drover.Modules.Symbols;

/// <summary>A symbol and the CRC of its type (CONFIG_MODVERSIONS).</summary>
public readonly record struct SymbolVersion(string Name, ulong Crc);

/// <summary>The symbols that a module uses and exports, with their CRCs.</summary>
public static class ModuleVersions
{
    /// <summary>Used symbols in file order; null without <c>__versions</c> (<c>kmod_elf_get_modversions</c>).</summary>
    /// <exception cref="ModuleDataException">Not an ELF file, truncated or corrupt.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied, or the file is a directory.</exception>
    public static IReadOnlyList<SymbolVersion>? Uses(string file)
    {
        using var contents = new ModuleContents();
        var sections = SymbolSections.Open(contents, file);
        if (sections.Versions is not { } section)
            return null;
        var records = new VersionRecords(SymbolSections.Read(contents, section), sections.Header);
        if (records.Count == 0 && section.Size > 0)
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

/// <summary><c>struct modversion_info</c>, 64 bytes: the CRC, as wide as a long, and a name with its NUL.</summary>
readonly ref struct VersionRecords(ReadOnlySpan<byte> section, ElfHeader header)
{
    public const int RecordBytes = 64;

    readonly ReadOnlySpan<byte> _section = section;
    readonly bool _is64 = header.Is64, _bigEndian = header.BigEndian;

    /// <summary>0 if the section is not a whole number of records.</summary>
    public int Count => _section.Length % RecordBytes == 0 ? _section.Length / RecordBytes : 0;

    /// <summary>A name without NUL in its record continues in the next, as in kmod.</summary>
    public ReadOnlySpan<byte> Name(int record)
    {
        var name = _section[((record * RecordBytes) + (_is64 ? sizeof(ulong) : sizeof(uint)))..];
        var end = name.IndexOf((byte)0);
        return end < 0 ? name : name[..end];
    }

    public ulong Crc(int record)
    {
        var fields = new EndianReader(_section.Slice(record * RecordBytes, RecordBytes), _bigEndian);
        return _is64 ? fields.U64(0) : fields.U32(0);
    }
}
