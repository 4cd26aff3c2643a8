using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using Drover.Kernel;
using Drover.Modules.Tree;
using Drover.Text;

namespace Drover.Modules.Depmod;

/// <summary>Which module exports which symbol (kmod: <c>depmod.symbols</c>). One owner while it grows.</summary>
/// <param name="prefix">The character that the architecture puts before each symbol name, or NUL.</param>
sealed class SymbolTable(byte prefix)
{
    readonly ByteTable _names = new();
    readonly List<(DepmodModule? Owner, ulong Version)> _symbols = [];

    /// <summary>Adds a symbol, or replaces the owner and version of a known one.</summary>
    /// <param name="owner">The module, or null for the kernel.</param>
    public void Add(ReadOnlySpan<byte> name, ulong version, DepmodModule? owner, bool hasPrefix = true)
    {
        var id = _names.Add(hasPrefix ? WithoutPrefix(name) : name);
        if (id == _symbols.Count)
            _symbols.Add((owner, version));
        else
            _symbols[id] = (owner, version);
        Debug.Assert(_symbols.Count == _names.Count, "each name has an owner and a version");
    }

    /// <summary>Adds the symbols of the kernel itself that the options name.</summary>
    /// <returns>False if the file cannot be read; that is reported.</returns>
    public bool TryAddKernel(DepmodOptions options, IDepmodReport report)
    {
        if ((options.SymbolVersions ?? options.SystemMap) is not { } file)
            return true;
        byte[] text;
        try
        {
            // kmod can open a directory, and finds no lines
            text = SystemFiles.Current.IsDirectory(file) ? [] : SystemFiles.Current.ReadAllBytes(file);
        }
        catch (Exception problem) when (FileErrno.Of(problem) is { } errno)
        {
            report.Log(DepmodSeverity.Fatal, $"could not load {file}: {Marshal.GetPInvokeErrorMessage((int)errno)}");
            return false;
        }
        if (options.SymbolVersions is null)
            AddSystemMap(text, file, report);
        else
            AddSymbolVersions(text, file, report);
        // symbols that the kernel's loader defines, on some or all architectures
        Add("__this_module"u8, 0, null, hasPrefix: false);
        Add("_GLOBAL_OFFSET_TABLE_"u8, 0, null, hasPrefix: false);
        if (!TryFind("TOC."u8, out _, out _))
            Add("TOC."u8, 0, null, hasPrefix: false);
        return true;
    }

    /// <summary>Finds a symbol by the name its user has; on PowerPC that begins with a dot.</summary>
    public bool TryFind(ReadOnlySpan<byte> name, out DepmodModule? owner, out ulong version)
    {
        if (!name.IsEmpty && name[0] == '.')
            name = name[1..];
        var id = _names.Find(WithoutPrefix(name));
        (owner, version) = id < 0 ? default : _symbols[id];
        return id >= 0;
    }

    /// <summary>All symbols that modules export, in the order of kmod's hash table.</summary>
    public int[] Sort()
    {
        var ids = Enumerable.Range(0, _symbols.Count).Where(id => _symbols[id].Owner is not null).ToArray();
        Array.Sort(ids, (a, b) =>
        {
            var bucket = _names.HashOf(a) % KmodHash.SymbolBuckets;
            var order = bucket.CompareTo(_names.HashOf(b) % KmodHash.SymbolBuckets);
            return order != 0 ? order : _names[a].SequenceCompareTo(_names[b]);
        });
        return ids;
    }

    public ReadOnlySpan<byte> Name(int id) => _names[id];

    /// <summary>The module that exports a symbol from <see cref="Sort"/>.</summary>
    public DepmodModule Owner(int id) => _symbols[id].Owner!;

    ReadOnlySpan<byte> WithoutPrefix(ReadOnlySpan<byte> name) =>
        prefix != 0 && !name.IsEmpty && name[0] == prefix ? name[1..] : name;

    /// <summary>Module.symvers: <c>0xb352177e TAB find_first_bit TAB vmlinux TAB EXPORT_SYMBOL</c>.</summary>
    void AddSymbolVersions(byte[] text, string file, IDepmodReport report)
    {
        Span<Range> words = stackalloc Range[3];
        var lines = new TextLines(text);
        for (var number = 1; lines.MoveNext(); number++)
        {
            var line = lines.Current;
            // for kmod, the last word of a line includes the newline and so is not "vmlinux"
            if (SplitWords(line, words) < words.Length || words[2].End.GetOffset(line.Length) == line.Length
                || !line[words[2]].SequenceEqual("vmlinux"u8))
            {
                continue;
            }
            var version = ByteText.Of(line[words[0]]);
            var digits = version.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? version[2..] : version;
            if (ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var crc))
            {
                Add(line[words[1]], crc, null);
                continue;
            }
            var why = Marshal.GetPInvokeErrorMessage(0);
            report.Log(DepmodSeverity.Error, $"{file}:{number} Invalid symbol version {version}: {why}");
        }
    }

    static int SplitWords(ReadOnlySpan<byte> line, Span<Range> words)
    {
        var count = 0;
        foreach (var range in line.SplitAny(" \t"u8))
        {
            if (line[range].IsEmpty)
                continue;
            words[count++] = range;
            if (count == words.Length)
                break;
        }
        return count;
    }

    /// <summary>System.map: <c>c0294200 R __ksymtab_devfs_alloc_devnum</c>; skips other symbols.</summary>
    void AddSystemMap(byte[] text, string file, IDepmodReport report)
    {
        var lines = new TextLines(text);
        for (var number = 1; lines.MoveNext(); number++)
        {
            var line = lines.Current;
            var name = AfterBlank(AfterBlank(line, out var first), out var second);
            if (!first || !second)
            {
                var shown = ByteText.Of(line);
                report.Log(DepmodSeverity.Error, $"{file}:{number}: invalid line: {shown}\n");
                continue;
            }
            name = WithoutPrefix(name);
            // includes the __ksymtab_gpl_ symbols, as kmod does
            var start = "__ksymtab_"u8;
            if (name.StartsWith(start))
                Add(name[start.Length..], 0, null, hasPrefix: false);
        }
    }

    static ReadOnlySpan<byte> AfterBlank(ReadOnlySpan<byte> line, out bool found)
    {
        var at = line.IndexOf((byte)' ');
        found = at >= 0;
        return found ? line[(at + 1)..] : default;
    }
}

/// <summary>Distinct byte strings, numbered in the order added. One owner while it grows.</summary>
sealed class ByteTable
{
    byte[] _bytes = new byte[64 << 10];
    int[] _ends = new int[1024]; // end of each key, which is the start of the next
    uint[] _hashes = new uint[1024];
    int[] _slots = new int[4096]; // number + 1; 0 is free

    public int Count { get; private set; }

    public ReadOnlySpan<byte> this[int id] => _bytes.AsSpan(Start(id).._ends[id]);

    /// <summary><see cref="KmodHash"/> of the key.</summary>
    public uint HashOf(int id) => _hashes[id];

    /// <summary>The key's number, or −1.</summary>
    public int Find(ReadOnlySpan<byte> key) => _slots[Slot(key, KmodHash.Of(key))] - 1;

    /// <summary>The key's number; a new key gets the next one.</summary>
    public int Add(ReadOnlySpan<byte> key) => Add(key, KmodHash.Of(key));

    /// <inheritdoc cref="Add(ReadOnlySpan{byte})"/>
    /// <param name="hash"><see cref="KmodHash"/> of the key.</param>
    public int Add(ReadOnlySpan<byte> key, uint hash)
    {
        var slot = Slot(key, hash);
        if (_slots[slot] != 0)
            return _slots[slot] - 1;
        if (Count == _ends.Length)
        {
            Array.Resize(ref _ends, Count * 2);
            Array.Resize(ref _hashes, Count * 2);
        }
        var start = Start(Count);
        if (key.Length > _bytes.Length - start)
            Array.Resize(ref _bytes, (int)BitOperations.RoundUpToPowerOf2((uint)(start + key.Length)));
        key.CopyTo(_bytes.AsSpan(start));
        _ends[Count] = start + key.Length;
        _hashes[Count] = hash;
        _slots[slot] = ++Count;
        if (Count * 2 > _slots.Length)
            Grow();
        Debug.Assert(Find(key) == Count - 1, "a key that was added is found");
        return Count - 1;
    }

    public void Clear()
    {
        Array.Clear(_slots);
        Count = 0;
    }

    int Start(int id) => id == 0 ? 0 : _ends[id - 1];

    int Slot(ReadOnlySpan<byte> key, uint hash)
    {
        var mask = _slots.Length - 1;
        for (var slot = (int)hash & mask; ; slot = (slot + 1) & mask)
        {
            var id = _slots[slot] - 1;
            if (id < 0 || (_hashes[id] == hash && this[id].SequenceEqual(key)))
                return slot;
        }
    }

    void Grow()
    {
        _slots = new int[_slots.Length * 2];
        var mask = _slots.Length - 1;
        for (var id = 0; id < Count; id++)
        {
            var slot = (int)_hashes[id] & mask;
            while (_slots[slot] != 0)
                slot = (slot + 1) & mask;
            _slots[slot] = id + 1;
        }
    }
}

/// <summary>SuperFastHash, which orders kmod's hash tables and modules.symbols (<c>hash_superfast</c>).</summary>
static class KmodHash
{
    public const int ModuleBuckets = 512; // buckets of kmod's table of modules
    public const int SymbolBuckets = 2048; // buckets of kmod's table of symbols

    public static uint Of(ReadOnlySpan<byte> key)
    {
        unchecked
        {
            var hash = (uint)key.Length;
            for (; key.Length >= 4; key = key[4..])
            {
                hash += BinaryPrimitives.ReadUInt16LittleEndian(key);
                hash = (hash << 16) ^ ((uint)BinaryPrimitives.ReadUInt16LittleEndian(key[2..]) << 11) ^ hash;
                hash += hash >> 11;
            }
            // char is signed in C on most architectures
            switch (key.Length)
            {
                case 3:
                    hash += BinaryPrimitives.ReadUInt16LittleEndian(key);
                    hash ^= hash << 16;
                    hash ^= (uint)(sbyte)key[2] << 18;
                    hash += hash >> 11;
                    break;
                case 2:
                    hash += BinaryPrimitives.ReadUInt16LittleEndian(key);
                    hash ^= hash << 11;
                    hash += hash >> 17;
                    break;
                case 1:
                    hash += (uint)(sbyte)key[0];
                    hash ^= hash << 10;
                    hash += hash >> 1;
                    break;
            }
            hash ^= hash << 3;
            hash += hash >> 5;
            hash ^= hash << 4;
            hash += hash >> 17;
            hash ^= hash << 25;
            return hash + (hash >> 6);
        }
    }
}
