using System.Buffers;
using System.Text;

namespace Drover.Modules;

/// <summary>A symbol and the checksum of its type (CONFIG_MODVERSIONS).</summary>
public readonly record struct SymbolVersion(string Name, ulong Crc);

/// <summary>Symbols with their checksums, of those a module uses and of those it exports. Stateless.</summary>
public static class ModuleVersions
{
    /// <summary>The symbols it uses (section <c>__versions</c>), in the order of the file; null without such a section (kmod: <c>kmod_elf_get_modversions</c>).</summary>
    /// <exception cref="ModuleDataException">Not an ELF file, or one that is truncated or corrupt.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read, or is a directory.</exception>
    public static IReadOnlyList<SymbolVersion>? Uses(string file)
    {
        using var contents = new ModuleContents();
        var sections = SymbolSections.Open(contents, file);
        if (sections.Versions is not { } section)
            return null;
        var records = new VersionRecords(SymbolSections.Read(contents, section), sections.Header);
        if (records.Count == 0 && section.Size > 0)
            throw new ModuleDataException(file, (long)section.Offset, $"__versions of {section.Size} bytes, not a multiple of {VersionRecords.RecordBytes}");
        var uses = new SymbolVersion[records.Count];
        for (var i = 0; i < uses.Length; i++)
        {
            var name = Encoding.UTF8.GetString(records.Name(i));
            // ppc64 writes functions with a dot
            uses[i] = new SymbolVersion(name.StartsWith('.') ? name[1..] : name, records.Crc(i));
        }
        return uses;
    }

    /// <summary>The symbols it exports: those with a <c>__crc_</c> beside them, or all without checksums; null where there are none (kmod: <c>kmod_elf_get_symbols</c>).</summary>
    /// <exception cref="ModuleDataException">Not an ELF file, or one that is truncated or corrupt.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read, or is a directory.</exception>
    public static IReadOnlyList<SymbolVersion>? Exports(string file)
    {
        using var contents = new ModuleContents();
        var sections = SymbolSections.Open(contents, file);
        var names = new ArrayBufferWriter<byte>();
        var versions = new List<ulong>();
        var exports = new SymbolVersion[ModuleExports.Read(contents, sections, sections.ReadSymbols(contents), names, versions)];
        var rest = names.WrittenSpan;
        for (var i = 0; i < exports.Length; i++)
        {
            var end = rest.IndexOf((byte)0);
            exports[i] = new SymbolVersion(Encoding.UTF8.GetString(rest[..end]), versions.Count > 0 ? versions[i] : 0);
            rest = rest[(end + 1)..];
        }
        return exports.Length > 0 ? exports : null;
    }
}
