namespace Drover.Modules;

public enum ModuleCompression { None, Gzip, Xz, Zstd }

/// <summary>What a load of a module file costs in memory.</summary>
/// <param name="FileBytes">Size of the file as it is on disk.</param>
/// <param name="ImageBytes">Memory the laid-out module takes: exact for an uncompressed ELF; for a compressed one the decompressed size its container tells, an upper bound.</param>
public readonly record struct ModuleFileSize(long FileBytes, long ImageBytes);

/// <summary>A module's file: .ko, .ko.gz, .ko.xz or .ko.zst. Stateless; safe for any thread.</summary>
public static class ModuleFile
{
    /// <summary>Most bytes a module may have once decompressed: a bound on what a hostile file can ask for.</summary>
    public const long MaxImageBytes = 512L << 20;

    /// <summary>By the file's name, as kmod does.</summary>
    public static ModuleCompression CompressionOf(string path) => throw new NotSupportedException();

    /// <summary>The whole ELF image, decompressed where it must be.</summary>
    /// <exception cref="ModuleDataException">Truncated, corrupt, or larger than <see cref="MaxImageBytes"/>.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static byte[] ReadImage(string path) => throw new NotSupportedException();

    /// <summary>Sizes, reading no more than headers and trailers.</summary>
    public static ModuleFileSize Measure(string path) => throw new NotSupportedException();
}
