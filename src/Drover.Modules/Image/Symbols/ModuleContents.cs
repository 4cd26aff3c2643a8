using Microsoft.Win32.SafeHandles;

namespace Drover.Modules;

/// <summary>
/// The bytes of one module after another, through the same few buffers. Of a file that is not compressed only what is asked for is read; a compressed one is
/// decompressed whole, for its section headers stand at its end. For one thread.
/// </summary>
internal sealed class ModuleContents : IDisposable
{
    /// <summary>A buffer for each part that must stay while others are read.</summary>
    public enum Part { Head, Table, Names, Symbols, Strings, Other }

    /// <summary>A shorter file cannot say how it is compressed (kmod: <c>kmod_file_open</c>).</summary>
    const int ShortestFile = 6;

    readonly byte[][] _parts = [.. Enum.GetValues<Part>().Select(_ => Array.Empty<byte>())];
    byte[] _packed = [];
    byte[] _image = [];
    SafeFileHandle? _file; // null: all is in _image
    string _path = "";

    public long Length { get; private set; }

    /// <summary>Goes to the next file, closing the one before.</summary>
    /// <exception cref="ModuleDataException">It is too short, compressed and truncated or corrupt, or larger than <see cref="ModuleFile.MaxImageBytes"/>.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public void Open(string path)
    {
        Dispose();
        _path = path;
        _file = File.OpenHandle(path);
        Length = RandomAccess.GetLength(_file);
        if (Length < ShortestFile)
            throw new ModuleDataException(path, Length, "too short for a module");
        if (Length > ModuleFile.MaxImageBytes)
            throw new ModuleDataException(path, ModuleFile.MaxImageBytes, $"{Length} bytes, more than {ModuleFile.MaxImageBytes}");
        var compression = ModuleFile.CompressionOf(At(0, (int)Math.Min(Length, ElfHeader.MaxBytes), Part.Head));
        if (compression is ModuleCompression.None)
            return;
        var packed = Room(ref _packed, (int)Length).AsMemory(0, (int)Length);
        Read(0, packed.Span);
        if (compression is ModuleCompression.Xz)
            Length = XzFile.Decompress(packed, path, bytes => Room(ref _image, bytes));
        else
            Length = (_image = ModuleFile.Decompress(packed.ToArray(), path)).Length;
        Dispose();
    }

    /// <summary>Bytes that lie within <see cref="Length"/>: the caller has validated that. They stay until the same part is asked for again.</summary>
    public ReadOnlySpan<byte> At(long offset, int count, Part part)
    {
        if (_file is null)
            return _image.AsSpan((int)offset, count);
        var bytes = Room(ref _parts[(int)part], count).AsSpan(0, count);
        Read(offset, bytes);
        return bytes;
    }

    /// <summary>Lets go of the buffers, which have grown to the largest module.</summary>
    public void Forget()
    {
        Dispose();
        (_packed, _image) = ([], []);
        Array.Fill(_parts, []);
    }

    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }

    void Read(long offset, Span<byte> into)
    {
        while (!into.IsEmpty)
        {
            var got = RandomAccess.Read(_file!, into, offset);
            if (got == 0)
                throw new ModuleDataException(_path, offset, "the file became shorter while it was read");
            into = into[got..];
            offset += got;
        }
    }

    static byte[] Room(ref byte[] buffer, int bytes)
    {
        if (buffer.Length < bytes)
            buffer = GC.AllocateUninitializedArray<byte>(bytes);
        return buffer;
    }
}
