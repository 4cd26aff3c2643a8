namespace Drover.Modules.Depmod;

/// <summary>Who exports which symbol (kmod: <c>depmod.symbols</c>). One owner while it grows; then safe for any thread.</summary>
/// <param name="prefix">What the architecture puts before every symbol's name, or NUL.</param>
internal sealed class SymbolTable(byte prefix)
{
    readonly ByteTable _names = new();
    readonly List<(FoundModule? Owner, ulong Version)> _symbols = [];

    /// <summary>Adds a symbol; of one that is there already, owner and version become these.</summary>
    /// <param name="owner">The module, or null for the kernel.</param>
    public void Add(ReadOnlySpan<byte> name, ulong version, FoundModule? owner, bool hasPrefix = true)
    {
        var id = _names.Add(hasPrefix ? WithoutPrefix(name) : name);
        if (id == _symbols.Count)
            _symbols.Add((owner, version));
        else
            _symbols[id] = (owner, version);
    }

    /// <summary>What the kernel's loader makes up itself, on all or some architectures.</summary>
    public void AddLoadersOwn()
    {
        Add("__this_module"u8, 0, null, hasPrefix: false);
        Add("_GLOBAL_OFFSET_TABLE_"u8, 0, null, hasPrefix: false);
        if (!TryFind("TOC."u8, out _, out _))
            Add("TOC."u8, 0, null, hasPrefix: false);
    }

    /// <summary>Looks a symbol up by the name its user has for it: on PowerPC with a dot before it.</summary>
    public bool TryFind(ReadOnlySpan<byte> name, out FoundModule? owner, out ulong version)
    {
        if (!name.IsEmpty && name[0] == '.')
            name = name[1..];
        var id = _names.Find(WithoutPrefix(name));
        (owner, version) = id < 0 ? default : _symbols[id];
        return id >= 0;
    }

    /// <summary>All symbols that modules export, in the order of kmod's table.</summary>
    public int[] Sort()
    {
        var ids = new List<int>(_symbols.Count);
        for (var id = 0; id < _symbols.Count; id++)
        {
            if (_symbols[id].Owner is not null)
                ids.Add(id);
        }
        ids.Sort((a, b) =>
        {
            var order = (_names.HashOf(a) % KmodHash.SymbolBuckets).CompareTo(_names.HashOf(b) % KmodHash.SymbolBuckets);
            return order != 0 ? order : _names[a].SequenceCompareTo(_names[b]);
        });
        return [.. ids];
    }

    public ReadOnlySpan<byte> Name(int id) => _names[id];

    /// <summary>Of a symbol that <see cref="Sort"/> named.</summary>
    public FoundModule Owner(int id) => _symbols[id].Owner!;

    ReadOnlySpan<byte> WithoutPrefix(ReadOnlySpan<byte> name) => prefix != 0 && !name.IsEmpty && name[0] == prefix ? name[1..] : name;
}
