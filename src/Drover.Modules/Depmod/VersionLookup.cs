using System.Numerics;

namespace Drover.Modules.Depmod;

/// <summary>One module's __versions, by name. For one thread, one module after another.</summary>
internal sealed class VersionLookup
{
    byte[] _section = [];
    bool[] _visited = [];
    int[] _slots = []; // number + 1; 0 is free
    int _mask;
    int _length;
    ElfHeader _header;

    public VersionRecords Records => new(_section.AsSpan(0, _length), _header);

    /// <summary>Takes the records of the next module.</summary>
    public void Fill(ReadOnlySpan<byte> section, ElfHeader header)
    {
        _header = header;
        _length = section.Length;
        if (_section.Length < section.Length)
        {
            _section = new byte[section.Length];
            _visited = new bool[section.Length / VersionRecords.RecordBytes];
        }
        section.CopyTo(_section);
        var records = Records;
        _visited.AsSpan(0, records.Count).Clear();
        var slots = (int)BitOperations.RoundUpToPowerOf2((uint)(records.Count + 1) * 2);
        if (_slots.Length < slots)
            _slots = new int[slots];
        _mask = slots - 1;
        _slots.AsSpan(0, slots).Clear();
        for (var i = 0; i < records.Count; i++)
        {
            // of two records of one name the first counts
            var slot = Slot(records, records.Name(i));
            if (_slots[slot] == 0)
                _slots[slot] = i + 1;
        }
    }

    /// <summary>The CRC of a symbol, or 0; its record is visited then.</summary>
    public ulong Visit(ReadOnlySpan<byte> name)
    {
        var records = Records;
        var record = _slots[Slot(records, name)] - 1;
        if (record < 0)
            return 0;
        _visited[record] = true;
        return records.Crc(record);
    }

    public bool IsVisited(int record) => _visited[record];

    int Slot(VersionRecords records, ReadOnlySpan<byte> name)
    {
        for (var slot = (int)KmodHash.Of(name) & _mask; ; slot = (slot + 1) & _mask)
        {
            var record = _slots[slot] - 1;
            if (record < 0 || records.Name(record).SequenceEqual(name))
                return slot;
        }
    }
}
