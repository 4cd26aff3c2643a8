using System.Buffers.Binary;
using Drover.Loading;

namespace Drover.Linux.Gate;

/// <summary>
/// A <see cref="KnownResult"/> as it lies in a lock file, little-endian:
/// <code>
///  0 u32 magic    4 u16 version   6 u16 bytes of the record
///  8 i32 errno   12 u32 zero     16 u64 seqnum        24 i64 timestamp, ns
/// 32 i64 the module file's bytes 40 i64 its mtime, ns 48 u64 checksum of all before
/// </code>
/// Anything else reads as no failure: another version, half a write, somebody's editor.
/// </summary>
static class FailureRecord
{
    internal const int Bytes = 56;

    const uint Magic = 0x52565244; // "DRVR"
    const ushort Version = 1;
    const int ChecksumAt = 48;

    internal static void Write(Span<byte> record, in KnownResult failure)
    {
        record = record[..Bytes];
        record.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(record, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(record[4..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(record[6..], Bytes);
        BinaryPrimitives.WriteInt32LittleEndian(record[8..], (int)failure.Error);
        BinaryPrimitives.WriteUInt64LittleEndian(record[16..], failure.Seqnum);
        BinaryPrimitives.WriteInt64LittleEndian(record[24..], failure.Timestamp);
        BinaryPrimitives.WriteInt64LittleEndian(record[32..], failure.Version.Bytes);
        BinaryPrimitives.WriteInt64LittleEndian(record[40..], failure.Version.ModifiedNs);
        BinaryPrimitives.WriteUInt64LittleEndian(record[ChecksumAt..], Checksum(record[..ChecksumAt]));
    }

    /// <summary>The failure in a file's bytes, or null.</summary>
    internal static KnownResult? Read(ReadOnlySpan<byte> record)
    {
        if (record.Length != Bytes ||
            BinaryPrimitives.ReadUInt32LittleEndian(record) != Magic ||
            BinaryPrimitives.ReadUInt16LittleEndian(record[4..]) != Version ||
            BinaryPrimitives.ReadUInt16LittleEndian(record[6..]) != Bytes ||
            BinaryPrimitives.ReadUInt64LittleEndian(record[ChecksumAt..]) != Checksum(record[..ChecksumAt]) ||
            BinaryPrimitives.ReadInt32LittleEndian(record[8..]) is not (> 0 and var error))
        {
            return null;
        }

        return new(
            (Errno)error,
            BinaryPrimitives.ReadUInt64LittleEndian(record[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(record[24..]),
            new(BinaryPrimitives.ReadInt64LittleEndian(record[32..]), BinaryPrimitives.ReadInt64LittleEndian(record[40..])));
    }

    /// <summary>FNV-1a of 64 bits: it is to notice accidents, in a directory that only root writes to.</summary>
    static ulong Checksum(ReadOnlySpan<byte> bytes)
    {
        const ulong OffsetBasis = 0xcbf29ce484222325, Prime = 0x100000001b3;
        var sum = OffsetBasis;
        foreach (var b in bytes)
        {
            sum = unchecked((sum ^ b) * Prime);
        }

        return sum;
    }
}
