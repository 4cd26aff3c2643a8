using System.Buffers;

namespace Drover.Modules;

/// <summary>The symbols a module exports (kmod: <c>kmod_elf_get_symbols</c>). Stateless.</summary>
internal static class ModuleExports
{
    /// <summary>Writes their names, each ended by a NUL, and adds their checksums where the module tells any.</summary>
    /// <returns>How many there are.</returns>
    public static int Read(ModuleContents contents, in SymbolSections sections, ElfSymbols symbols, IBufferWriter<byte> names, List<ulong> versions)
    {
        var count = ReadCrcSymbols(contents, sections, symbols, names, versions);
        return count > 0 ? count : ReadStrings(contents, sections, names);
    }

    /// <summary>Exports by symbols <c>__crc_NAME</c>, in the order of the table; they are all or none.</summary>
    static int ReadCrcSymbols(ModuleContents contents, in SymbolSections sections, ElfSymbols symbols, IBufferWriter<byte> names, List<ulong> versions)
    {
        var prefix = "__crc_"u8;
        // one look through all names spares a look at each: newer kernels have none; and one name that is out of bounds voids them all
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

    /// <summary>Exports by their names alone. Namespaces stand among them, and kmod takes them for symbols.</summary>
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
