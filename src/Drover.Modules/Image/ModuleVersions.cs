using System.Text;

namespace Drover.Modules;

/// <summary>A symbol and the checksum of its type (CONFIG_MODVERSIONS).</summary>
public readonly record struct SymbolVersion(string Name, ulong Crc);

/// <summary>Symbols with their checksums, of those a module uses and of those it exports. Stateless.</summary>
public static class ModuleVersions
{
    /// <summary>kernel: <c>struct modversion_info</c>: an unsigned long and a name, 64 bytes in all.</summary>
    const int UseBytes = 64;

    const ushort Absolute = 0xfff1; // SHN_ABS

    /// <summary>The symbols it uses (section <c>__versions</c>), in the order of the file; null without such a section (kmod: <c>kmod_elf_get_modversions</c>).</summary>
    /// <exception cref="ModuleDataException">Not an ELF file, or one that is truncated or corrupt.</exception>
    public static IReadOnlyList<SymbolVersion>? Uses(ReadOnlySpan<byte> elf, string file)
    {
        var reader = new ElfReader(elf, file);
        var index = reader.Sections.Find("__versions"u8);
        if (index < 0)
            return null;
        var bytes = reader.Bytes(index);
        if (bytes.Length % UseBytes != 0)
            throw new ModuleDataException(file, (long)reader.Sections[index].Offset, $"__versions of {bytes.Length} bytes, not a multiple of {UseBytes}");
        var crcBytes = reader.Header.Is64 ? 8 : 4;
        var fields = new EndianReader(bytes, reader.Header.BigEndian);
        var uses = new SymbolVersion[bytes.Length / UseBytes];
        for (var i = 0; i < uses.Length; i++)
        {
            var name = Text(bytes.Slice((i * UseBytes) + crcBytes, UseBytes - crcBytes));
            // ppc64 writes functions with a dot
            uses[i] = new SymbolVersion(name.StartsWith('.') ? name[1..] : name, crcBytes == 8 ? fields.U64(i * UseBytes) : fields.U32(i * UseBytes));
        }
        return uses;
    }

    /// <summary>
    /// The symbols it exports: those with a <c>__crc_</c> beside them, in the order of the symbol table; or, without checksums, the strings of <c>__ksymtab_strings</c>;
    /// null where there are neither (kmod: <c>kmod_elf_get_symbols</c>).
    /// </summary>
    /// <exception cref="ModuleDataException">Not an ELF file, or one that is truncated or corrupt.</exception>
    public static IReadOnlyList<SymbolVersion>? Exports(ReadOnlySpan<byte> elf, string file)
    {
        var reader = new ElfReader(elf, file);
        var exports = new List<SymbolVersion>();
        int table = reader.Sections.Find(".symtab"u8), names = reader.Sections.Find(".strtab"u8);
        if (table >= 0 && names >= 0)
            AddWithCrc(exports, reader, reader.Bytes(table), reader.Bytes(names));
        if (exports.Count > 0)
            return exports;
        var strings = reader.Sections.Find("__ksymtab_strings"u8);
        if (strings < 0)
            return null;
        var bytes = reader.Bytes(strings);
        foreach (var range in bytes.Split((byte)0))
        {
            if (!bytes[range].IsEmpty)
                exports.Add(new SymbolVersion(Encoding.UTF8.GetString(bytes[range]), 0));
        }
        return exports.Count > 0 ? exports : null;
    }

    static void AddWithCrc(List<SymbolVersion> exports, ElfReader reader, ReadOnlySpan<byte> table, ReadOnlySpan<byte> names)
    {
        var is64 = reader.Header.Is64;
        var symbolBytes = is64 ? 24 : 16;
        for (var at = symbolBytes; at + symbolBytes <= table.Length; at += symbolBytes)
        {
            var fields = new EndianReader(table.Slice(at, symbolBytes), reader.Header.BigEndian);
            var nameAt = fields.U32(0);
            if (nameAt >= (uint)names.Length || !names[(int)nameAt..].StartsWith("__crc_"u8))
                continue;
            var value = is64 ? fields.U64(8) : fields.U32(4);
            var section = fields.U16(is64 ? 6 : 14);
            exports.Add(new SymbolVersion(Text(names[((int)nameAt + "__crc_".Length)..]), section == Absolute ? value : CrcIn(reader, section, value)));
        }
    }

    /// <summary>Newer kernels keep the checksums in a section, and the symbol points there.</summary>
    static ulong CrcIn(ElfReader reader, ushort section, ulong offset)
    {
        if (section >= reader.Sections.Count)
            return 0;
        var bytes = reader.Bytes(section);
        return bytes.Length >= 4 && offset <= (ulong)bytes.Length - 4 ? new EndianReader(bytes, reader.Header.BigEndian).U32((int)offset) : 0;
    }

    static string Text(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }
}
