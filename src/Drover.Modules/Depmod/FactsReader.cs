using System.Buffers;
using static Drover.Modules.Depmod.ModuleContents;

namespace Drover.Modules.Depmod;

/// <summary>
/// Reads of modules what depmod needs, and no more: the table of sections, and of those the symbols, their versions and .modinfo (kmod: <c>kmod_elf_get_symbols</c>,
/// <c>kmod_elf_get_dependency_symbols</c>, <c>kmod_module_get_info</c>). What is malformed is passed over where kmod passes it over. For one thread.
/// </summary>
internal sealed class FactsReader : IDisposable
{
    /// <summary>A shorter file cannot say how it is compressed (kmod: <c>kmod_file_open</c>).</summary>
    const int ShortestFile = 6;

    const int IdentBytes = 16; // EI_NIDENT

    readonly ModuleContents _contents = new();
    readonly ArrayBufferWriter<byte> _text = new(16 << 10);
    readonly List<int> _needs = [];
    readonly List<ulong> _versions = [];
    readonly VersionLookup _known = new();

    /// <summary>Numbers of <see cref="ModuleFacts.Needs"/> are of this table.</summary>
    public NeedTable Needs { get; } = new();

    public void Dispose() => _contents.Dispose();

    /// <summary>Lets go of the buffers, which have grown to the largest module.</summary>
    public void Forget() => _contents.Forget();

    /// <summary>The facts, or in <see cref="ModuleFacts.Errno"/> why there are none.</summary>
    public ModuleFacts Read(string path)
    {
        try
        {
            _contents.Open(path);
            return _contents.Length < ShortestFile ? new() { Errno = FileProblem.Invalid } : ReadElf(path);
        }
        catch (Exception problem) when (FileProblem.ErrnoOf(problem) is { } errno)
        {
            // .NET opens no directory, and kmod reads none
            return new() { Errno = Directory.Exists(path) ? FileProblem.IsDirectory : errno };
        }
        finally
        {
            _contents.Dispose();
        }
    }

    ModuleFacts ReadElf(string path)
    {
        var head = _contents.At(0, (int)Math.Min(_contents.Length, ElfHeader.MaxBytes), Part.Head);
        if (head.Length <= IdentBytes || !ElfHeader.HasMagic(head))
            return new() { Errno = FileProblem.NoExec };
        var sections = SymbolSections.Find(_contents, ElfHeader.Read(head, _contents.Length, path), path);
        _text.ResetWrittenCount();
        _needs.Clear();
        _versions.Clear();
        var symbols = sections.ReadSymbols(_contents);
        var exports = ReadCrcSymbols(sections, symbols);
        if (exports == 0)
            exports = ReadExportStrings(sections);
        ReadNeeds(sections, symbols);
        var aliases = ReadInfo(sections, "alias"u8);
        ReadInfo(sections, "softdep"u8);
        return new ModuleFacts
        {
            Text = _text.WrittenSpan.ToArray(),
            ExportCount = exports,
            AliasCount = aliases,
            ExportVersions = [.. _versions],
        }.WithNeeds([.. _needs]);
    }

    /// <summary>Exports as older kernels tell them, by symbols <c>__crc_NAME</c>; they are all or none.</summary>
    int ReadCrcSymbols(in SymbolSections sections, ElfSymbols symbols)
    {
        var prefix = "__crc_"u8;
        // one look through all names spares a look at each: newer kernels have none
        if (symbols.Names.IndexOf(prefix) < 0)
            return 0;
        var count = 0;
        for (var i = 1; i < symbols.Count; i++)
        {
            if (!symbols.TryName(i, out var name))
                break;
            if (!name.StartsWith(prefix))
                continue;
            Write(name[prefix.Length..]);
            _versions.Add(sections.ReadCrc(_contents, symbols.Value(i), symbols.Section(i)));
            count++;
        }
        if (symbols.HasAllNames)
            return count;
        // one name that is out of bounds voids them all
        _text.ResetWrittenCount();
        _versions.Clear();
        return 0;
    }

    /// <summary>Exports by their names alone. Namespaces stand among them, and kmod takes them for symbols.</summary>
    int ReadExportStrings(in SymbolSections sections)
    {
        var count = 0;
        var strings = SymbolSections.Read(_contents, sections.ExportStrings);
        foreach (var range in strings.Split((byte)0))
        {
            var name = strings[range];
            if (name.IsEmpty)
                continue;
            Write(name);
            count++;
        }
        return count;
    }

    /// <summary>Undefined symbols, then what only __versions names, as module_layout.</summary>
    void ReadNeeds(in SymbolSections sections, ElfSymbols symbols)
    {
        if (symbols.Count == 0)
            return;
        _known.Fill(SymbolSections.Read(_contents, sections.Versions), sections.Header);
        for (var i = 1; i < symbols.Count; i++)
        {
            if (symbols.Section(i) != 0 || symbols.IsRegister(i))
                continue;
            if (!symbols.TryName(i, out var name))
            {
                _needs.Clear();
                return;
            }
            if (!name.IsEmpty)
                _needs.Add(Needs.Add(name, _known.Visit(name), symbols.IsWeak(i)));
        }
        for (var i = 0; i < _known.Count; i++)
        {
            if (!_known.IsVisited(i))
                _needs.Add(Needs.Add(_known.Name(i), _known.Version(i), isWeak: false));
        }
    }

    int ReadInfo(in SymbolSections sections, ReadOnlySpan<byte> key)
    {
        var count = 0;
        var strings = SymbolSections.Read(_contents, sections.Info);
        foreach (var range in strings.Split((byte)0))
        {
            var entry = strings[range];
            if (!entry.StartsWith(key) || (entry.Length > key.Length && entry[key.Length] != '='))
                continue;
            Write(entry[Math.Min(entry.Length, key.Length + 1)..]);
            count++;
        }
        return count;
    }

    void Write(ReadOnlySpan<byte> text)
    {
        _text.Write(text);
        _text.Write("\0"u8);
    }
}
