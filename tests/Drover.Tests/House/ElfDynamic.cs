using System.Buffers.Binary;
using System.Text;

namespace Drover.Tests.House;

/// <summary>Reads machine and needed shared libraries (DT_NEEDED) of a little-endian ELF64 executable.</summary>
static class ElfDynamic
{
    const int PtLoad = 1, PtDynamic = 2;
    const long DtNull = 0, DtNeeded = 1, DtStrtab = 5;
    const int DynamicEntryBytes = 16;

    /// <summary>EM_X86_64 and EM_AARCH64.</summary>
    public const int X86_64 = 62, AArch64 = 183;

    public static int Machine(ReadOnlySpan<byte> elf) => BinaryPrimitives.ReadUInt16LittleEndian(elf[18..]);

    public static IReadOnlyList<string> Needed(ReadOnlySpan<byte> elf)
    {
        Assert.True(elf.StartsWith("\u007fELF\u0002\u0001"u8), "not a little-endian ELF64");
        var dynamic = SegmentOf(elf, PtDynamic, _ => true);
        var offsets = new List<long>();
        long strings = 0;
        for (var at = dynamic.Offset; ; at += DynamicEntryBytes)
        {
            var (tag, value) = (Int64(elf, at), Int64(elf, at + 8));
            if (tag == DtNull)
                break;
            if (tag == DtNeeded)
                offsets.Add(value);
            if (tag == DtStrtab)
                strings = value;
        }
        var home = SegmentOf(
            elf, PtLoad, segment => strings >= segment.Address && strings < segment.Address + segment.Bytes);
        var table = elf[(int)(strings - home.Address + home.Offset)..];
        var names = new List<string>();
        foreach (var offset in offsets)
        {
            var name = table[(int)offset..];
            names.Add(Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)]));
        }
        return names;
    }

    readonly record struct Segment(long Offset, long Address, long Bytes);

    static Segment SegmentOf(ReadOnlySpan<byte> elf, int type, Predicate<Segment> predicate)
    {
        var table = Int64(elf, 32);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(elf[54..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(elf[56..]);
        for (var i = 0; i < count; i++)
        {
            var header = elf[(int)(table + i * size)..];
            var segment = new Segment(Int64(header, 8), Int64(header, 16), Int64(header, 32));
            if (BinaryPrimitives.ReadInt32LittleEndian(header) == type && predicate(segment))
                return segment;
        }
        throw new InvalidDataException($"no such segment of type {type}");
    }

    static long Int64(ReadOnlySpan<byte> bytes, long at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[(int)at..]);
}
