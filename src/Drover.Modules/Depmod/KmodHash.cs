using System.Buffers.Binary;

namespace Drover.Modules.Depmod;

/// <summary>
/// Paul Hsieh's SuperFastHash, by which kmod's tables are ordered (kmod: <c>hash_superfast</c>): modules that modules.order does not name, and the lines of modules.symbols,
/// stand in the order of its buckets.
/// </summary>
internal static class KmodHash
{
    /// <summary>Buckets of kmod's table of modules.</summary>
    public const int ModuleBuckets = 512;

    /// <summary>Buckets of kmod's table of symbols.</summary>
    public const int SymbolBuckets = 2048;

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
            // a char of C is signed on most machines
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
