using Drover.Kernel;
using Drover.Modules.Containers;
using Drover.Modules.Elf;

namespace Drover.Modules.Image;

/// <summary>The memory that loading a module file takes.</summary>
/// <param name="FileBytes">Size of the file on disk.</param>
/// <param name="ImageBytes">Memory of the laid-out module. Exact for an uncompressed file (see
/// <see cref="ModuleImage.ImageBytes"/>). For a compressed one it is the decompressed size from the container, which is
/// more than the layout for three of four modules of Debian 6.12, and at worst a third of it, for a small one with a
/// large .bss. If the container does not have it, it is the file size times
/// <see cref="ModuleFile.AssumedRatio"/>.</param>
public readonly record struct ModuleFileSize(long FileBytes, long ImageBytes)
{
    /// <summary>By the first bytes; it decides whether and how <c>finit_module</c> can load the file.</summary>
    public ModuleCompression Compression { get; init; }

    /// <summary>Packed otherwise than by the kernel's build: a kernel that reads the format may refuse it.</summary>
    public bool IsUnusual { get; init; }
}

/// <summary>A module file: .ko, .ko.gz, .ko.xz or .ko.zst.</summary>
public static class ModuleFile
{
    /// <summary>Assumed if the container has no size; 99 of 100 modules of Debian 6.12 compress less, by xz.</summary>
    public const int AssumedRatio = 8;

    /// <summary>Compression by the file name alone (kmod: <c>kmod_exts</c>).</summary>
    public static ModuleCompression CompressionOf(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Path.GetExtension(path) switch
        {
            ".gz" => ModuleCompression.Gzip,
            ".xz" => ModuleCompression.Xz,
            ".zst" => ModuleCompression.Zstd,
            _ => ModuleCompression.None,
        };
    }

    /// <summary>Compression by the first bytes, which decide when reading (kmod: <c>kmod_file_open</c>).</summary>
    /// <param name="head">At least the first six bytes, or all of a shorter file.</param>
    public static ModuleCompression CompressionOf(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith(XzIndex.Magic))
            return ModuleCompression.Xz;
        if (head.StartsWith(ZstdFile.Magic) || ZstdFile.IsSkippable(head))
            return ModuleCompression.Zstd;
        return head.StartsWith(GzipFile.Magic) ? ModuleCompression.Gzip : ModuleCompression.None;
    }

    /// <summary>The whole file, decompressed: the ELF image and its appended signature.</summary>
    /// <exception cref="ModuleDataException">Corrupt, or too large (<see cref="ModuleLimits"/>).</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied, or the file is a directory.</exception>
    public static byte[] ReadImage(string path)
    {
        using var file = FileSource.Open(path);
        return ReadImage(file);
    }

    /// <summary>Measures a file by its headers and trailers alone.</summary>
    /// <exception cref="ModuleDataException">These are corrupt, or give too large a size.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied, or the file is a directory.</exception>
    public static ModuleFileSize Measure(string path)
    {
        using var file = FileSource.Open(path);
        return Measure(file);
    }

    internal static byte[] ReadImage(ByteSource source)
    {
        CheckLength(source);
        var contents = GC.AllocateUninitializedArray<byte>((int)source.Length);
        source.Read(0, contents);
        return Decompress(contents, source.Name);
    }

    /// <summary>Throws for a file of more than <see cref="ModuleLimits.MaxImageBytes"/>.</summary>
    internal static void CheckLength(ByteSource source)
    {
        if (source.Length <= ModuleLimits.MaxImageBytes)
            return;
        throw new ModuleDataException(source.Name, ModuleLimits.MaxImageBytes,
            $"{source.Length} bytes, more than {ModuleLimits.MaxImageBytes}");
    }

    /// <summary>Returns <paramref name="contents"/> itself if it is not compressed.</summary>
    /// <param name="file">Its name, for messages.</param>
    /// <exception cref="ModuleDataException">Corrupt, or too large (<see cref="ModuleLimits"/>).</exception>
    public static byte[] Decompress(byte[] contents, string file) => CompressionOf(contents) switch
    {
        ModuleCompression.Gzip => GzipFile.Decompress(contents, file),
        ModuleCompression.Xz => XzFile.Decompress(contents, file),
        ModuleCompression.Zstd => ZstdFile.Decompress(contents, file),
        _ => contents,
    };

    internal static ModuleFileSize Measure(ByteSource source)
    {
        var head = source.Head(Math.Max(ElfHeader.MaxBytes, ZstdFile.MaxHeaderBytes));
        var compression = CompressionOf(head);
        var isUnusual = false;
        var image = compression switch
        {
            // its trailer has the last member's
            ModuleCompression.Gzip => Math.Max(GzipFile.ImageBytes(source), source.Length),
            ModuleCompression.Xz => OfXz(),
            ModuleCompression.Zstd => ZstdFile.ContentSize(head, source.Name) is { } size
                ? Bounded(size, source)
                : Math.Min(source.Length, ModuleLimits.MaxImageBytes / AssumedRatio) * AssumedRatio,
            _ => ModuleLayout.ImageBytes(source, head),
        };
        return new ModuleFileSize(source.Length, image) { Compression = compression, IsUnusual = isUnusual };

        long OfXz()
        {
            var index = XzIndex.Read(source);
            isUnusual = !XzFile.IsForAnyKernel(head, index);
            return index.ImageBytes;
        }
    }

    static long Bounded(ulong bytes, ByteSource source) => bytes <= ModuleLimits.MaxImageBytes
        ? (long)bytes
        : throw new ModuleDataException(source.Name, 0,
            $"{bytes} bytes decompressed, more than {ModuleLimits.MaxImageBytes}");
}
