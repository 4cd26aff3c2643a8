using System.Buffers.Binary;
using System.Diagnostics;
using Drover.Kernel;
using Drover.Linux.Syscalls;
using Microsoft.Win32.SafeHandles;

namespace Drover.Linux.Gate;

/// <summary>A held lock file. Used on the event loop. The kernel releases it when the process dies.</summary>
sealed class GateLock : IGateLock
{
    readonly SafeFileHandle _file;
    bool _hasRecord; // the file is not empty

    internal GateLock(SafeFileHandle file)
    {
        _file = file;
        // one byte more than a record, to detect a longer file
        Span<byte> record = stackalloc byte[FailureRecord.Bytes + 1];
        var length = Libc.PRead((int)file.DangerousGetHandle(), ref record[0], record.Length, 0);
        _hasRecord = length > 0;
        LastFailure = length > 0 ? FailureRecord.Read(record[..(int)length]) : null;
    }

    public KnownResult? LastFailure { get; }

    public void RecordFailure(KnownResult? failure)
    {
        ObjectDisposedException.ThrowIf(_file.IsClosed, this);
        var fd = (int)_file.DangerousGetHandle(); // open: this lock owns it and closes it on this same thread
        if (_hasRecord)
            _ = Libc.FTruncate(fd, 0); // the old record may be longer
        _hasRecord = failure is not null;
        if (failure is not { } known)
            return;
        Debug.Assert(known.Error is not Errno.None, "only failures are recorded");
        Span<byte> record = stackalloc byte[FailureRecord.Bytes];
        FailureRecord.Write(record, known);
        // A failed or partial write (a full tmpfs) reads as no failure: the next holder tries for itself.
        _ = Libc.PWrite(fd, ref record[0], record.Length, 0);
    }

    public void Dispose() => _file.Dispose();
}

/// <summary>
/// A <see cref="KnownResult"/> in a lock file, little-endian:
/// <code>
///  0 u32 magic    4 u16 version   6 u16 bytes of the record
///  8 i32 errno   12 u32 zero     16 u64 seqnum        24 i64 timestamp, ns
/// 32 i64 the module file's bytes 40 i64 its mtime, ns 48 u64 checksum of all before
/// </code>
/// Any other content reads as no failure: another version, a partial write, an edited file.
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

    /// <summary>The failure in the bytes of a file, or null.</summary>
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
            new(BinaryPrimitives.ReadInt64LittleEndian(record[32..]),
                BinaryPrimitives.ReadInt64LittleEndian(record[40..])));
    }

    /// <summary>FNV-1a of 64 bits: detects accidents, in a directory that only root writes to.</summary>
    static ulong Checksum(ReadOnlySpan<byte> bytes)
    {
        const ulong OffsetBasis = 0xcbf29ce484222325, Prime = 0x100000001b3;
        var sum = OffsetBasis;
        foreach (var b in bytes)
            sum = unchecked((sum ^ b) * Prime);
        return sum;
    }
}
