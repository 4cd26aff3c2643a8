using System.Buffers.Binary;
using Drover.Modules;
using Drover.Modules.Tests;

namespace Drover.Linux.Tests.Tracing;

/// <summary>The BTF in a kernel's bzImage (Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header"): the image holds an ELF file, packed, and that the section.</summary>
static class KernelBtf
{
    const int SetupSectors = 0x1f1, PayloadOffset = 0x248, PayloadLength = 0x24c;

    const int SectorBytes = 512;

    /// <summary>Behind all that is not gzip the kernel's build puts how long it is unpacked (kernel: scripts/Makefile.lib, size_append).</summary>
    const int SizeBytes = 4;

    /// <param name="image">A bzImage packed by xz or zstd, as Debian's are.</param>
    public static byte[] Of(string image)
    {
        var bytes = File.ReadAllBytes(image);
        // the boot sector comes before the sectors that are counted
        var start = ((bytes[SetupSectors] + 1) * SectorBytes) + U32(PayloadOffset);
        var packed = bytes[start..(start + U32(PayloadLength) - SizeBytes)];
        // by the machine's own: the kernel's build has xz turn jumps round first (--x86), which no module needs
        var elf = ModuleFile.CompressionOf(packed) switch
        {
            ModuleCompression.Xz => Tool.Run("xz", packed, "-dc"),
            ModuleCompression.Zstd => Tool.Run("zstd", packed, "-dqc"),
            var other => throw new InvalidDataException($"{image} is packed by {other}"),
        };
        var reader = new ElfReader(elf, image);
        return reader.Bytes(reader.Sections.Find(".BTF"u8)).ToArray();

        int U32(int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));
    }
}
