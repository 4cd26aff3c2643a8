using Drover.Linux.Syscalls;
using Drover.Modules;

namespace Drover.Linux.Kernel;

/// <summary>liblzma and libzstd, where they are installed.</summary>
public sealed class LibraryDecoders : SystemDecoders
{
    /// <inheritdoc/>
    public override bool HasXz => Liblzma.IsHere;

    /// <inheritdoc/>
    public override bool TryXz(ReadOnlySpan<byte> packed, Span<byte> image) => Liblzma.TryDecode(packed, image);

    /// <inheritdoc/>
    public override int TryZstd(ReadOnlySpan<byte> packed, Span<byte> image) => Libzstd.TryDecode(packed, image);
}
