namespace Drover.Modules;

/// <summary>
/// A module's section __versions: symbols it uses, with checksums. A record (kernel: <c>struct modversion_info</c>) is 64 bytes: the checksum, as wide as a long of the
/// module's machine, and a name that ends with a NUL.
/// </summary>
/// <param name="section">The whole section.</param>
internal readonly ref struct VersionRecords(ReadOnlySpan<byte> section, ElfHeader header)
{
    public const int RecordBytes = 64;

    readonly ReadOnlySpan<byte> _section = section;
    readonly bool _is64 = header.Is64, _bigEndian = header.BigEndian;

    /// <summary>A section that is not made of whole records has none.</summary>
    public int Count => _section.Length % RecordBytes == 0 ? _section.Length / RecordBytes : 0;

    /// <summary>A name that fills its record goes on in the next, as it does for kmod.</summary>
    public ReadOnlySpan<byte> Name(int record)
    {
        var name = _section[((record * RecordBytes) + (_is64 ? sizeof(ulong) : sizeof(uint)))..];
        var end = name.IndexOf((byte)0);
        return end < 0 ? name : name[..end];
    }

    public ulong Crc(int record)
    {
        var fields = new EndianReader(_section.Slice(record * RecordBytes, RecordBytes), _bigEndian);
        return _is64 ? fields.U64(0) : fields.U32(0);
    }
}
