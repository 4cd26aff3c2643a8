using System.Buffers.Binary;
using Drover.Modules.Containers;

namespace Drover.Modules.Tests.Image;

/// <summary>Writes .xz files of stored LZMA2 chunks: the whole container without an encoder.</summary>
static class XzWriter
{
    const int MaxStored = 1 << 16;

    /// <summary>One stream with a block for each of <paramref name="blocks"/>.</summary>
    public static byte[] Stream(byte check, params byte[][] blocks)
    {
        var file = new MemoryStream();
        byte[] flags = [0, check];
        file.Write([0xfd, .. "7zXZ\0"u8, .. flags]);
        file.Write(U32(Checksums.Crc32(flags)));

        var index = new MemoryStream();
        index.Write([0, .. Number(blocks.Length)]);
        foreach (var block in blocks)
        {
            var start = file.Length;
            byte[] header = [2, 0, 0x21, 1, 16, 0, 0, 0];
            file.Write([.. header, .. U32(Checksums.Crc32(header))]);
            WriteChunks(file, block);
            var unpadded = file.Length - start;
            Pad(file);
            file.Write(Check(check, block));
            index.Write([.. Number(unpadded + Check(check, block).Length), .. Number(block.Length)]);
        }
        Pad(index);
        index.Write(U32(Checksums.Crc32(index.ToArray())));
        index.WriteTo(file);

        byte[] footer = [.. U32((uint)((index.Length / 4) - 1)), .. flags];
        file.Write([.. U32(Checksums.Crc32(footer)), .. footer, .. "YZ"u8]);
        return file.ToArray();
    }

    /// <summary>Corrects the checksums of stream header, first block header, index and footer at their
    /// current offsets.</summary>
    public static void Repair(Span<byte> file)
    {
        if (!file.StartsWith(XzIndex.Magic) || file.Length < 32)
            return;
        Sign(file, 6, 8);
        Sign(file, 12, 12 + (4 * file[12]));
        var index = file.Length - 12 - ((BinaryPrimitives.ReadUInt32LittleEndian(file[^8..]) + 1L) * 4);
        if (index >= 12)
            Sign(file, (int)index, file.Length - 16);
        BinaryPrimitives.WriteUInt32LittleEndian(file[^12..], Checksums.Crc32(file[^8..^2]));
    }

    static void Sign(Span<byte> file, int from, int to)
    {
        if (to + 4 <= file.Length)
            BinaryPrimitives.WriteUInt32LittleEndian(file[to..], Checksums.Crc32(file[from..to]));
    }

    static void WriteChunks(MemoryStream file, byte[] contents)
    {
        byte control = 1;
        foreach (var chunk in contents.Chunk(MaxStored))
        {
            file.Write([control, (byte)((chunk.Length - 1) >> 8), (byte)(chunk.Length - 1), .. chunk]);
            control = 2;
        }
        file.WriteByte(0);
    }

    static byte[] Check(byte kind, byte[] contents)
    {
        switch (kind)
        {
            case 0:
                return [];
            case 1:
                return U32(Checksums.Crc32(contents));
            case 4:
                var crc = new byte[8];
                BinaryPrimitives.WriteUInt64LittleEndian(crc, Checksums.Crc64(contents));
                return crc;
            default:
                return System.Security.Cryptography.SHA256.HashData(contents);
        }
    }

    static byte[] Number(long value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        return [.. bytes, (byte)value];
    }

    static void Pad(MemoryStream stream) => stream.Write(new byte[(4 - (stream.Length % 4)) % 4]);

    static byte[] U32(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }
}
