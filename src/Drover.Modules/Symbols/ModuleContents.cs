using System.Diagnostics;
using Drover.Kernel;
using Drover.Modules.Containers;
using Drover.Modules.Elf;
using Drover.Modules.Image;

namespace Drover.Modules.Symbols;

/// <summary>Reads module files into the same buffers, uncompressed ones only in part. For one thread.</summary>
sealed class ModuleContents : IDisposable
{
    /// <summary>One buffer each for parts that must stay valid while others are read.</summary>
    public enum Part { Head, Table, Names, Symbols, Strings, VersionNames, Other }

    const int MinFileBytes = 6; // kmod looks for a compression format in the first six bytes (kmod: kmod_file_open)

    readonly byte[][] _parts = [.. Enum.GetValues<Part>().Select(_ => Array.Empty<byte>())];
    byte[] _packed = [];
    byte[] _image = [];
    FileSource? _file; // null: the whole file is in _image

    public long Length { get; private set; } // size of the file, decompressed

    /// <summary>Opens the next file and closes the previous one.</summary>
    /// <exception cref="ModuleDataException">Too short, too large, or corrupt.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied.</exception>
    public void Open(string path)
    {
        Dispose();
        _file = FileSource.Open(path);
        Length = _file.Length;
        if (Length < MinFileBytes)
            throw new ModuleDataException(path, Length, "too short for a module");
        ModuleFile.CheckLength(_file);
        var compression = ModuleFile.CompressionOf(At(0, (int)Math.Min(Length, ElfHeader.MaxBytes), Part.Head));
        if (compression is ModuleCompression.None)
            return;
        var packed = Room(ref _packed, (int)Length).AsMemory(0, (int)Length);
        _file.Read(0, packed.Span);
        if (compression is ModuleCompression.Xz)
            Length = XzFile.Decompress(packed, path, bytes => Room(ref _image, bytes));
        else
            Length = (_image = ModuleFile.Decompress(packed.ToArray(), path)).Length;
        Dispose();
        Debug.Assert(Length <= _image.Length, "the image is as long as it says");
    }

    /// <summary>Bytes that the caller has checked; valid until the same part is read again.</summary>
    public ReadOnlySpan<byte> At(long offset, int count, Part part)
    {
        Debug.Assert(offset >= 0 && offset + count <= Length, "the caller has checked offset and count");
        if (_file is null)
            return _image.AsSpan((int)offset, count);
        var bytes = Room(ref _parts[(int)part], count).AsSpan(0, count);
        _file.Read(offset, bytes);
        return bytes;
    }

    /// <summary>Releases the buffers, which are as large as the largest module.</summary>
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

    static byte[] Room(ref byte[] buffer, int bytes)
    {
        if (buffer.Length < bytes)
            buffer = GC.AllocateUninitializedArray<byte>(bytes);
        return buffer;
    }
}
