using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Drover.Modules.Containers;

/// <summary>CRC32 (IEEE 802.3) and CRC64 (ECMA-182), eight bytes at a time; .NET itself has neither.</summary>
public static class Checksums
{
    const int Slices = 8;

    static readonly ulong[] s_table32 = MakeTable(0xedb88320);
    static readonly ulong[] s_table64 = MakeTable(0xc96c5795d7870f42);

    public static uint Crc32(ReadOnlySpan<byte> bytes) => ~(uint)Update(s_table32, uint.MaxValue, bytes);

    public static ulong Crc64(ReadOnlySpan<byte> bytes) => ~Update(s_table64, ulong.MaxValue, bytes);

    // both CRCs are reflected and at most eight bytes wide, so one loop serves both
    static ulong Update(ReadOnlySpan<ulong> table, ulong crc, ReadOnlySpan<byte> bytes)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words)
        {
            var x = crc ^ (BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word));
            crc = table[(7 << 8) + (int)(x & 0xff)] ^ table[(6 << 8) + (int)((x >> 8) & 0xff)]
                ^ table[(5 << 8) + (int)((x >> 16) & 0xff)] ^ table[(4 << 8) + (int)((x >> 24) & 0xff)]
                ^ table[(3 << 8) + (int)((x >> 32) & 0xff)] ^ table[(2 << 8) + (int)((x >> 40) & 0xff)]
                ^ table[(1 << 8) + (int)((x >> 48) & 0xff)] ^ table[(int)(x >> 56)];
        }
        foreach (var b in bytes[(words.Length * sizeof(ulong))..])
            crc = table[(int)((crc ^ b) & 0xff)] ^ (crc >> 8);
        return crc;
    }

    /// <summary>Element s × 256 + b is the CRC of byte b followed by s zero bytes.</summary>
    static ulong[] MakeTable(ulong polynomial)
    {
        var table = new ulong[Slices << 8];
        for (var b = 0; b < 256; b++)
        {
            var crc = (ulong)b;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * polynomial);
            table[b] = crc;
        }
        for (var i = 256; i < table.Length; i++)
            table[i] = table[(int)(table[i - 256] & 0xff)] ^ (table[i - 256] >> 8);
        return table;
    }
}
