using System.Numerics;

namespace Drover.Modules.Depmod;

/// <summary>Distinct strings of bytes, numbered as they come; open addressing, all bytes in one array. One owner while it grows; then safe for any thread.</summary>
internal sealed class ByteTable
{
    byte[] _bytes = new byte[64 << 10];
    int[] _ends = new int[1024]; // where key i ends; it starts where the one before does
    uint[] _hashes = new uint[1024];
    int[] _slots = new int[4096]; // number + 1; 0 is free

    public int Count { get; private set; }

    public ReadOnlySpan<byte> this[int id] => _bytes.AsSpan(Start(id).._ends[id]);

    /// <summary><see cref="KmodHash"/> of the key.</summary>
    public uint HashOf(int id) => _hashes[id];

    /// <summary>The key's number, or −1.</summary>
    public int Find(ReadOnlySpan<byte> key)
    {
        var hash = KmodHash.Of(key);
        return _slots[Slot(key, hash)] - 1;
    }

    /// <summary>The key's number, the next free one if it is new.</summary>
    public int Add(ReadOnlySpan<byte> key) => Add(key, KmodHash.Of(key));

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
        return Count - 1;
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
