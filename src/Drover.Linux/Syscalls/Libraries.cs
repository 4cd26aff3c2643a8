using System.Runtime.InteropServices;

namespace Drover.Linux.Syscalls;

/// <summary>liblzma (lzma/container.h), opened at its first use where it is installed. Thread-safe.</summary>
static unsafe class Liblzma
{
    const uint LZMA_TELL_UNSUPPORTED_CHECK = 2, LZMA_CONCATENATED = 8;
    const int LZMA_OK = 0;

    /// <summary>None, as in kmod: of a dictionary, up to 4 GiB, only as much is touched as the image has.</summary>
    const ulong MaxDecoderBytes = ulong.MaxValue;

    // lzma_ret lzma_stream_buffer_decode(u64 *memlimit, u32 flags, allocator, in, *in_pos, in_size, out, *out_pos,
    // out_size)
    static readonly delegate* unmanaged<
        ulong*, uint, nint, byte*, nuint*, nuint, byte*, nuint*, nuint, int> s_streamBufferDecode =
            (delegate* unmanaged<ulong*, uint, nint, byte*, nuint*, nuint, byte*, nuint*, nuint, int>)
            OptionalLibrary.Find("liblzma.so.5", "lzma_stream_buffer_decode");

    internal static bool IsHere => s_streamBufferDecode is not null;

    /// <summary>Whether the whole of <paramref name="packed"/> is valid and fills <paramref name="image"/>.</summary>
    internal static bool TryDecode(ReadOnlySpan<byte> packed, Span<byte> image)
    {
        if (!IsHere)
            return false;
        var limit = MaxDecoderBytes;
        nuint read = 0, written = 0;
        fixed (byte* input = packed, output = image)
        {
            return s_streamBufferDecode(
                    &limit, LZMA_TELL_UNSUPPORTED_CHECK | LZMA_CONCATENATED, 0, input, &read, (nuint)packed.Length,
                    output, &written, (nuint)image.Length) == LZMA_OK
                && read == (nuint)packed.Length && written == (nuint)image.Length;
        }
    }
}

/// <summary>libzstd (zstd.h), opened at its first use where it is installed. Thread-safe.</summary>
static unsafe class Libzstd
{
    // size_t ZSTD_decompress(dst, dstCapacity, src, compressedSize)
    static readonly delegate* unmanaged<byte*, nuint, byte*, nuint, nuint> s_decompress =
        (delegate* unmanaged<byte*, nuint, byte*, nuint, nuint>)
        OptionalLibrary.Find("libzstd.so.1", "ZSTD_decompress");

    /// <summary>The decompressed size; −1 without the library and after any failure.</summary>
    internal static int TryDecode(ReadOnlySpan<byte> packed, Span<byte> image)
    {
        if (s_decompress is null)
            return -1;
        fixed (byte* input = packed, output = image)
        {
            // an error is a number near the maximum (ZSTD_isError)
            var bytes = s_decompress(output, (nuint)image.Length, input, (nuint)packed.Length);
            return bytes <= (nuint)image.Length ? (int)bytes : -1;
        }
    }
}

static class OptionalLibrary
{
    /// <summary>The address of a function; zero if the library or the function is missing.</summary>
    internal static nint Find(string library, string function) =>
        NativeLibrary.TryLoad(library, out var handle) && NativeLibrary.TryGetExport(handle, function, out var address)
            ? address
            : 0;
}
