using System.Buffers.Binary;
using Drover.Kernel;
using Drover.Modules.Image;
using Drover.Modules.Tests;

namespace Drover.Linux.Tests.Tracing;

/// <summary>The BTF in a kernel's bzImage (Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header"): the image
/// holds an compressed ELF file with the section.</summary>
static class KernelBtf
{
    const int SetupSectors = 0x1f1, PayloadOffset = 0x248, PayloadLength = 0x24c;

    const int SectorBytes = 512;

    /// <summary>The kernel build appends the uncompressed size to all formats except gzip (kernel:
    /// scripts/Makefile.lib, size_append).</summary>
    const int SizeBytes = 4;

    /// <param name="image">A bzImage compressed with xz or zstd, as in Debian.</param>
    public static byte[] Of(string image)
    {
        var bytes = File.ReadAllBytes(image);
        // the boot sector precedes the counted sectors
        var start = ((bytes[SetupSectors] + 1) * SectorBytes) + U32(PayloadOffset);
        var packed = bytes[start..(start + U32(PayloadLength) - SizeBytes)];
        // the external xz, because the kernel build uses its --x86 filter
        var elf = ModuleFile.CompressionOf(packed) switch
        {
            ModuleCompression.Xz => Tool.Run("xz", packed, "-dc"),
            ModuleCompression.Zstd => Tool.Run("zstd", packed, "-dqc"),
            var other => throw new InvalidDataException($"{image} is packed by {other}"),
        };
        return Section(elf, ".BTF\0"u8);

        int U32(int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));
    }

    /// <summary>The bytes of a section of a little-endian ELF64 file (elf(5), Elf64_Ehdr and Elf64_Shdr).</summary>
    static byte[] Section(ReadOnlySpan<byte> elf, ReadOnlySpan<byte> name)
    {
        const int HeaderBytes = 64;
        var headers = elf[(int)BinaryPrimitives.ReadInt64LittleEndian(elf[40..])..];
        var count = BinaryPrimitives.ReadUInt16LittleEndian(elf[60..]);
        var names = Bytes(elf, headers[(BinaryPrimitives.ReadUInt16LittleEndian(elf[62..]) * HeaderBytes)..]);
        for (var i = 0; i < count; i++)
        {
            var header = headers[(i * HeaderBytes)..];
            if (names[BinaryPrimitives.ReadInt32LittleEndian(header)..].StartsWith(name))
                return Bytes(elf, header).ToArray();
        }
        throw new InvalidDataException("the kernel has no such section");

        static ReadOnlySpan<byte> Bytes(ReadOnlySpan<byte> elf, ReadOnlySpan<byte> header) =>
            elf.Slice((int)BinaryPrimitives.ReadInt64LittleEndian(header[24..]),
                (int)BinaryPrimitives.ReadInt64LittleEndian(header[32..]));
    }
}
