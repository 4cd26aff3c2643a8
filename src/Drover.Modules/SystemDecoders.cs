namespace Drover.Modules;

/// <summary>Port: the system's decompression libraries. The decoders of <c>Containers</c> read the sizes first, and
/// take over where a library is missing or fails: limits and messages are theirs. Thread-safe; throws
/// nothing.</summary>
public abstract class SystemDecoders
{
    /// <summary>Set once, at the start of the program; null: there are none.</summary>
    public static SystemDecoders? Current { get; set; }

    /// <summary>There is a library for .xz files. The first use looks for it.</summary>
    public abstract bool HasXz { get; }

    /// <summary>Decodes all streams of an .xz file, with any filter and check.</summary>
    /// <returns>All of <paramref name="packed"/> is valid and fills <paramref name="image"/> exactly.</returns>
    public abstract bool TryXz(ReadOnlySpan<byte> packed, Span<byte> image);

    /// <summary>Decodes all frames of a .zst file.</summary>
    /// <returns>The decompressed size; −1 after any failure.</returns>
    public abstract int TryZstd(ReadOnlySpan<byte> packed, Span<byte> image);
}
