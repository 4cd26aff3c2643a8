namespace Drover.Modules;

public enum ModuleCompression { None, Gzip, Xz, Zstd }

/// <summary>What a load of a module file costs in memory.</summary>
/// <param name="FileBytes">Size of the file as it is on disk.</param>
/// <param name="ImageBytes">
/// Memory the laid-out module takes. Exact for an uncompressed ELF (see <see cref="ModuleImage.ImageBytes"/>); for a compressed one the decompressed size its container
/// tells, which stands in for it: that is more than the layout in three of four modules of Debian 6.12, and at worst a third of it, in a small one with a
/// large .bss. Where the container does not tell, the file's size times <see cref="ModuleFile.AssumedRatio"/>.
/// </param>
public readonly record struct ModuleFileSize(long FileBytes, long ImageBytes)
{
    /// <summary>What the file's first bytes say it is packed in: whether <c>finit_module</c> can read it, and with which flag, hangs on it.</summary>
    public ModuleCompression Compression { get; init; }
}

/// <summary>A module's file: .ko, .ko.gz, .ko.xz or .ko.zst. Stateless; safe for any thread.</summary>
public static class ModuleFile
{
    /// <summary>Most bytes a module may have, packed or decompressed: a bound on what a hostile file can ask for.</summary>
    public const long MaxImageBytes = 512L << 20;

    /// <summary>Decompressed bytes a packed one is taken for where the container does not tell: above the ratio of 99 of 100 modules of Debian 6.12, by xz.</summary>
    public const int AssumedRatio = 8;

    /// <summary>By the file's name, without a look into it, as depmod chooses its files (kmod: <c>kmod_exts</c>).</summary>
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

    /// <summary>By the file's first bytes, which is what counts when it is read (kmod: <c>kmod_file_open</c>).</summary>
    /// <param name="head">The first six bytes or more; fewer of a shorter file.</param>
    public static ModuleCompression CompressionOf(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith(XzIndex.Magic))
            return ModuleCompression.Xz;
        if (head.StartsWith(ZstdFile.Magic))
            return ModuleCompression.Zstd;
        return head.StartsWith(GzipFile.Magic) ? ModuleCompression.Gzip : ModuleCompression.None;
    }

    /// <summary>The whole file as the kernel wants it: the ELF image with what is appended to it, decompressed where its first bytes say so.</summary>
    /// <exception cref="ModuleDataException">Truncated, corrupt, or larger than <see cref="MaxImageBytes"/>.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read, or is a directory.</exception>
    public static byte[] ReadImage(string path)
    {
        using var handle = File.OpenHandle(path);
        return ReadImage(new FileSource(handle, path));
    }

    /// <summary>Sizes, reading no more than headers and trailers.</summary>
    /// <exception cref="ModuleDataException">Headers or trailers are truncated or corrupt, or tell of more than <see cref="MaxImageBytes"/>.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read, or is a directory.</exception>
    public static ModuleFileSize Measure(string path)
    {
        using var handle = File.OpenHandle(path);
        return Measure(new FileSource(handle, path));
    }

    internal static byte[] ReadImage(ByteSource source)
    {
        if (source.Length > MaxImageBytes)
            throw new ModuleDataException(source.Name, MaxImageBytes, $"{source.Length} bytes, more than {MaxImageBytes}");
        var contents = GC.AllocateUninitializedArray<byte>((int)source.Length);
        source.Read(0, contents);
        return Decompress(contents, source.Name);
    }

    /// <summary>The contents themselves where they are not compressed.</summary>
    internal static byte[] Decompress(byte[] contents, string file) => CompressionOf(contents) switch
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
        var image = compression switch
        {
            ModuleCompression.Gzip => GzipFile.ImageBytes(source),
            ModuleCompression.Xz => XzIndex.Read(source).ImageBytes,
            ModuleCompression.Zstd => ZstdFile.ContentSize(head, source.Name) is { } told ? Bounded(told, source) : Assumed(source),
            _ => ModuleLayout.ImageBytes(source, head),
        };
        return new ModuleFileSize(source.Length, image) { Compression = compression };
    }

    static long Assumed(ByteSource source) => Math.Min(source.Length, MaxImageBytes / AssumedRatio) * AssumedRatio;

    static long Bounded(ulong bytes, ByteSource source)
        => bytes <= MaxImageBytes ? (long)bytes : throw new ModuleDataException(source.Name, 0, $"{bytes} bytes once decompressed, more than {MaxImageBytes}");
}
