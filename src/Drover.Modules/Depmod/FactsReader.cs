using System.Buffers;

namespace Drover.Modules.Depmod;

/// <summary>
/// Reads of modules what depmod needs, and no more: the table of sections, and of those the symbols, their versions and .modinfo (kmod: <c>kmod_elf_get_symbols</c>,
/// <c>kmod_elf_get_dependency_symbols</c>, <c>kmod_module_get_info</c>). What is malformed is passed over where kmod passes it over. For one thread.
/// </summary>
internal sealed class FactsReader : IDisposable
{
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
            return ReadFacts(SymbolSections.Open(_contents, path));
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

    ModuleFacts ReadFacts(SymbolSections sections)
    {
        _text.ResetWrittenCount();
        _needs.Clear();
        _versions.Clear();
        var symbols = sections.ReadSymbols(_contents);
        var exports = ModuleExports.Read(_contents, sections, symbols, _text, _versions);
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
        var records = _known.Records;
        for (var i = 0; i < records.Count; i++)
        {
            if (!_known.IsVisited(i))
                _needs.Add(Needs.Add(records.Name(i), records.Crc(i), isWeak: false));
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
            _text.Write(entry[Math.Min(entry.Length, key.Length + 1)..]);
            _text.Write("\0"u8);
            count++;
        }
        return count;
    }
}
