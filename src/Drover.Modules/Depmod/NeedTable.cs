using System.Buffers.Binary;

namespace Drover.Modules.Depmod;

/// <summary>
/// What modules need of others, each distinct need once: 4,000 modules of a Debian kernel have 170,000 needs, but only some 20,000 different ones. One owner while it grows.
/// </summary>
internal sealed class NeedTable
{
    const int TailBytes = sizeof(ulong) + 1;

    readonly ByteTable _keys = new();

    public int Count => _keys.Count;

    /// <summary>The number of a need.</summary>
    /// <param name="name">The symbol.</param>
    /// <param name="version">Its CRC, or 0 where the module tells none.</param>
    /// <param name="isWeak">The module can do without.</param>
    public int Add(ReadOnlySpan<byte> name, ulong version, bool isWeak)
    {
        Span<byte> key = name.Length <= 256 ? stackalloc byte[256 + TailBytes] : new byte[name.Length + TailBytes];
        key = key[..(name.Length + TailBytes)];
        name.CopyTo(key);
        BinaryPrimitives.WriteUInt64LittleEndian(key[name.Length..], version);
        key[^1] = isWeak ? (byte)1 : (byte)0;
        return _keys.Add(key);
    }

    public ReadOnlySpan<byte> Name(int need) => _keys[need][..^TailBytes];

    public ulong Version(int need) => BinaryPrimitives.ReadUInt64LittleEndian(_keys[need][^TailBytes..]);

    public bool IsWeak(int need) => _keys[need][^1] != 0;

    /// <summary>Adds all of another table; at [i], the number here of its need i.</summary>
    public int[] AddAll(NeedTable other)
    {
        var numbers = new int[other.Count];
        for (var i = 0; i < numbers.Length; i++)
            numbers[i] = _keys.Add(other._keys[i], other._keys.HashOf(i));
        return numbers;
    }
}
