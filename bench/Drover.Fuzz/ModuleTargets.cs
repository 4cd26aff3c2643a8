using Drover.Kernel;
using Drover.Linux.Kernel;
using Drover.Modules;
using Drover.Modules.Containers;
using Drover.Modules.Depmod;
using Drover.Modules.Image;
using Drover.Modules.Signature;
using Drover.Modules.Symbols;

namespace Drover.Fuzz;

/// <summary>Module files, plain and compressed.</summary>
static class ModuleTargets
{
    static readonly LibraryDecoders s_libraries = new();

    /// <summary>All that modinfo, modprobe, insmod, depmod and the policy read of a module.</summary>
    public static void Elf(byte[] input)
    {
        var file = Scratch.Write("m.ko", input);
        using var reader = new FactsReader();
        var facts = reader.Read(file);
        var strings = 0;
        foreach (var strand in (FactsPart[])[f => f.Exports, f => f.Aliases, f => f.SoftDependencies])
        {
            foreach (var _ in strand(facts))
                strings++;
        }
        if (strings != facts.ExportCount + facts.AliasCount + facts.SoftdepCount)
        {
            throw new FuzzFault(
                $"{strings} strings of {facts.ExportCount} + {facts.AliasCount} + {facts.SoftdepCount}");
        }
        FuzzTarget.Read(() => ModuleVersions.Uses(file)?.ToString() ?? "");
        FuzzTarget.Read(() => ModuleVersions.Exports(file)?.ToString() ?? "");
        FuzzTarget.Read(() => ModuleDescription.Read(file));
        FuzzTarget.Read(() => $"{ModuleFile.Measure(file)}");
        if (FuzzTarget.Read(() => ModuleFile.ReadImage(file)) is not { } image)
            return;
        FuzzTarget.Read(() => ModuleSignature.Read(new MemorySource(image, file))?.Signer ?? "");
        FuzzTarget.Read(() => ModuleImage.Parse(image, file));
        FuzzTarget.Read(() =>
        {
            ModuleChecks.HideModversions(image, file);
            ModuleChecks.HideVermagic(image, file);
            return "";
        });
    }

    /// <summary>A first byte other than that of the format: the rest is LZMA2 in a sound container, so that no
    /// checksum is in the way. What is read is what liblzma reads.</summary>
    public static void Xz(byte[] input)
    {
        if (input.Length > 2 && input[0] != XzIndex.Magic[0])
            input = XzContainer.Of(input.AsSpan(1).ToArray(), imageBytes: Math.Min(input[0] * 64, 4096));
        SystemDecoders.Current = null;
        var image = FuzzTarget.Read(() => ModuleFile.Decompress(input, "m.ko.xz"));
        FuzzTarget.Read(() => $"{ModuleFile.Measure(new MemorySource(input, "m.ko.xz"))}");
        if (image is null || !s_libraries.HasXz || ModuleFile.CompressionOf(input) is not ModuleCompression.Xz)
            return;
        var theirs = new byte[image.Length];
        // SHA-256 is not verified here, and the data are compared all the same
        if (!s_libraries.TryXz(input, theirs) && input[XzContainer.CheckAt] != XzContainer.Sha256)
            throw new FuzzFault($"liblzma refuses what gives {image.Length} bytes");
        if (input[XzContainer.CheckAt] != XzContainer.Sha256 && !image.AsSpan().SequenceEqual(theirs))
            throw new FuzzFault("liblzma reads other bytes");
    }

    public static void Packed(byte[] input)
    {
        SystemDecoders.Current = null;
        FuzzTarget.Read(() => $"{ModuleFile.Measure(new MemorySource(input, "m.ko"))}");
        var image = FuzzTarget.Read(() => ModuleFile.Decompress(input, "m.ko"));
        if (image is null || ModuleFile.CompressionOf(input) is not ModuleCompression.Zstd)
            return;
        var theirs = new byte[image.Length];
        if (s_libraries.TryZstd(input, theirs) is >= 0 and var bytes && !theirs.AsSpan(0, bytes).SequenceEqual(image))
            throw new FuzzFault("libzstd reads other bytes");
    }

    delegate FactStrings FactsPart(ModuleFacts facts);
}

/// <summary>One stream with one block, without a check of its contents.</summary>
static class XzContainer
{
    public const int CheckAt = 7, Sha256 = 10;

    public static byte[] Of(byte[] lzma2, int imageBytes)
    {
        byte[] flags = [0, 0];
        byte[] header = [2, 0, 0x21, 1, 16, 0, 0, 0];
        var unpadded = header.Length + 4 + lzma2.Length;
        byte[] index = [0, 1, .. Number(unpadded), .. Number(imageBytes)];
        index = [.. index, .. new byte[-index.Length & 3]];
        byte[] footer = [.. BitConverter.GetBytes(index.Length / 4), .. flags];
        return
        [
            .. XzIndex.Magic, .. flags, .. Crc(flags), .. header, .. Crc(header), .. lzma2, .. new byte[-unpadded & 3],
            .. index, .. Crc(index), .. Crc(footer), .. footer, .. "YZ"u8,
        ];
    }

    static byte[] Crc(byte[] of) => BitConverter.GetBytes(Checksums.Crc32(of));

    static byte[] Number(int value) =>
        value < 0x80 ? [(byte)value] : [(byte)(value | 0x80), .. Number(value >> 7)];
}
