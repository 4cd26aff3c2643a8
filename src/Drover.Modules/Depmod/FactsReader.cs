using System.Buffers;
using System.Diagnostics;
using Drover.Kernel;
using Drover.Modules.Image;
using Drover.Modules.Symbols;

namespace Drover.Modules.Depmod;

/// <summary>Reads what depmod needs from module files: symbols, their versions and .modinfo (kmod:
/// <c>kmod_elf_get_symbols</c>, <c>kmod_elf_get_dependency_symbols</c>, <c>kmod_module_get_info</c>). Skips malformed
/// parts where kmod skips them. For one thread.</summary>
sealed class FactsReader : IDisposable
{
    readonly ModuleContents _contents = new();
    readonly ArrayBufferWriter<byte> _text = new(16 << 10);
    readonly List<int> _needs = [];
    readonly List<ulong> _versions = [];

    // names of one module's __versions; by their numbers there, the first record of each
    readonly ByteTable _names = new();
    readonly List<int> _records = [];
    bool[] _isNeeded = [];

    public NeedTable Needs { get; } = new(); // the table of the numbers in ModuleFacts.Needs

    /// <summary>Sets <see cref="DepmodModule.Facts"/> of all modules: cached facts for unchanged files.</summary>
    /// <returns>The table of the numbers in <see cref="ModuleFacts.Needs"/>.</returns>
    public static NeedTable ReadAll(DepmodModule[] modules, DepmodCache? cache, int threads)
    {
        var needs = new NeedTable();
        var unknown = new List<DepmodModule>(modules.Length);
        var known = cache?.ReadFacts(needs);
        foreach (var module in modules)
        {
            if (known?.TryGetValue(module.Path, out var entry) == true && entry.Identity == module.Identity)
                module.Facts = entry.Facts;
            else
                unknown.Add(module);
        }
        // the largest first: a large one at the end would keep a single thread busy
        unknown.Sort(static (a, b) => (b.Identity?.Bytes ?? 0).CompareTo(a.Identity?.Bytes ?? 0));
        var readers = new List<(FactsReader Reader, List<DepmodModule> Read)>();
        Workers.Run(threads, unknown.Count, () =>
        {
            var reader = new FactsReader();
            var read = new List<DepmodModule>();
            lock (readers)
                readers.Add((reader, read));
            return number =>
            {
                unknown[number].Facts = reader.Read(unknown[number].File);
                read.Add(unknown[number]);
            };
        });
        Debug.Assert(readers.Sum(reader => reader.Read.Count) == unknown.Count, "each module is read once");
        foreach (var (reader, read) in readers)
        {
            reader._contents.Forget();
            var numbers = needs.AddAll(reader.Needs);
            foreach (var module in read)
                module.Facts.Renumber(numbers);
        }
        // frees the buffers, as large as the largest module, before the tables are allocated
        if (unknown.Exists(module => ModuleFile.CompressionOf(module.Path) is not ModuleCompression.None))
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return needs;
    }

    public void Dispose() => _contents.Dispose();

    /// <summary>The facts of a module; on failure <see cref="ModuleFacts.Errno"/>.</summary>
    public ModuleFacts Read(string path)
    {
        try
        {
            return ReadFacts(SymbolSections.Open(_contents, path));
        }
        catch (ModuleDataException problem)
        {
            return new() { Errno = (int)(problem.Fault is DataFault.OtherFormat ? Errno.ENOEXEC : Errno.EINVAL) };
        }
        catch (Exception problem) when (FileErrno.Of(problem) is { } errno)
        {
            return new() { Errno = (int)errno };
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
        var exports = ModuleVersions.ReadExports(_contents, sections, symbols, _text, _versions);
        ReadNeeds(sections, symbols);
        var aliases = ReadInfo(sections, "alias"u8);
        var softdeps = ReadInfo(sections, "softdep"u8);
        ReadInfo(sections, "weakdep"u8);
        Debug.Assert(_versions.Count == 0 || _versions.Count == exports, "exports have versions all or none");
        return new ModuleFacts
        {
            Text = _text.WrittenSpan.ToArray(),
            ExportCount = exports,
            AliasCount = aliases,
            SoftdepCount = softdeps,
            ExportVersions = [.. _versions],
            Needs = [.. _needs],
        };
    }

    /// <summary>Undefined symbols, then the names that only the versions have, such as module_layout.</summary>
    void ReadNeeds(in SymbolSections sections, ElfSymbols symbols)
    {
        if (symbols.Count == 0)
            return;
        var records = sections.ReadVersions(_contents);
        IndexNames(records);
        for (var i = 1; i < symbols.Count; i++)
        {
            if (symbols.Section(i) != 0 || symbols.IsRegister(i))
                continue;
            if (!symbols.TryName(i, out var name))
            {
                _needs.Clear();
                return;
            }
            if (name.IsEmpty)
                continue;
            var id = _names.Find(name);
            if (id >= 0)
                _isNeeded[_records[id]] = true;
            _needs.Add(Needs.Add(name, id < 0 ? 0 : records.Crc(_records[id]), symbols.IsWeak(i)));
        }
        for (var i = 0; i < records.Count; i++)
        {
            if (!_isNeeded[i])
                _needs.Add(Needs.Add(records.Name(i), records.Crc(i), isWeak: false));
        }
    }

    void IndexNames(VersionRecords records)
    {
        _names.Clear();
        _records.Clear();
        if (_isNeeded.Length < records.Count)
            _isNeeded = new bool[records.Count];
        Array.Clear(_isNeeded);
        for (var i = 0; i < records.Count; i++)
        {
            if (_names.Add(records.Name(i)) == _records.Count)
                _records.Add(i);
        }
        Debug.Assert(_records.Count == _names.Count, "each name has its first record");
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
