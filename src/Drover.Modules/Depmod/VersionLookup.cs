using System.Numerics;

namespace Drover.Modules.Depmod;

/// <summary>
/// One module's __versions, by name. A record is 64 bytes: the CRC, as wide as a long of the module's machine, and a name that ends with a NUL. For one thread, one module
/// after another.
/// </summary>
internal sealed class VersionLookup
{
    const int RecordBytes = 64;

    byte[] _section = [];
    bool[] _visited = [];
    int[] _slots = []; // number + 1; 0 is free
    int _mask;
    int _length;
    int _crcBytes;
    bool _bigEndian;

    public int Count { get; private set; }

    /// <summary>Takes the records of the next module; a section that is not made of whole records has none.</summary>
    public void Fill(ReadOnlySpan<byte> section, ElfHeader header)
    {
        _crcBytes = header.Is64 ? sizeof(ulong) : sizeof(uint);
        _bigEndian = header.BigEndian;
        Count = section.Length % RecordBytes == 0 ? section.Length / RecordBytes : 0;
        _length = section.Length;
        if (_section.Length < section.Length)
        {
            _section = new byte[section.Length];
            _visited = new bool[Count];
        }
        section.CopyTo(_section);
        _visited.AsSpan(0, Count).Clear();
        var slots = (int)BitOperations.RoundUpToPowerOf2((uint)(Count + 1) * 2);
        if (_slots.Length < slots)
            _slots = new int[slots];
        _mask = slots - 1;
        _slots.AsSpan(0, slots).Clear();
        for (var i = 0; i < Count; i++)
        {
            // of two records of one name the first counts
            var slot = Slot(Name(i));
            if (_slots[slot] == 0)
                _slots[slot] = i + 1;
        }
    }

    /// <summary>The CRC of a symbol, or 0; its record is visited then.</summary>
    public ulong Visit(ReadOnlySpan<byte> name)
    {
        var record = _slots[Slot(name)] - 1;
        if (record < 0)
            return 0;
        _visited[record] = true;
        return Version(record);
    }

    public bool IsVisited(int record) => _visited[record];

    /// <summary>A name that fills its record goes on in the next, as it does for kmod.</summary>
    public ReadOnlySpan<byte> Name(int record)
    {
        var name = _section.AsSpan(((record * RecordBytes) + _crcBytes).._length);
        var end = name.IndexOf((byte)0);
        return end < 0 ? name : name[..end];
    }

    public ulong Version(int record)
    {
        var fields = new EndianReader(_section.AsSpan(record * RecordBytes, RecordBytes), _bigEndian);
        return _crcBytes == sizeof(ulong) ? fields.U64(0) : fields.U32(0);
    }

    int Slot(ReadOnlySpan<byte> name)
    {
        for (var slot = (int)KmodHash.Of(name) & _mask; ; slot = (slot + 1) & _mask)
        {
            var record = _slots[slot] - 1;
            if (record < 0 || Name(record).SequenceEqual(name))
                return slot;
        }
    }
}
