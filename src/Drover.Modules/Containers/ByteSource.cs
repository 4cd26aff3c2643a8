using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace Drover.Modules.Containers;

/// <summary>Bytes with random access: an open file or an array. The length is read once, on opening.</summary>
abstract class ByteSource(string name, long length)
{
    public string Name { get; } = name; // the file name, for errors
    public long Length { get; } = length;

    /// <summary>Fills <paramref name="into"/>; the caller checks the range against <see cref="Length"/>.</summary>
    /// <exception cref="ModuleDataException">The file became shorter.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public abstract void Read(long offset, Span<byte> into);

    /// <summary>The first bytes: <paramref name="count"/>, or all of a shorter source.</summary>
    public byte[] Head(int count)
    {
        var head = new byte[Math.Min(count, Length)];
        Read(0, head);
        return head;
    }
}

sealed class FileSource : ByteSource, IDisposable
{
    readonly SafeFileHandle _handle;

    FileSource(SafeFileHandle handle, string name, long length) : base(name, length) => _handle = handle;

    /// <exception cref="IOException">The file cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied, or the file is a directory.</exception>
    public static FileSource Open(string path)
    {
        var handle = SystemFiles.Current.OpenRegular(path);
        try
        {
            return new FileSource(handle, path, RandomAccess.GetLength(handle));
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    public override void Read(long offset, Span<byte> into)
    {
        while (!into.IsEmpty)
        {
            var count = RandomAccess.Read(_handle, into, offset);
            if (count == 0)
                throw new ModuleDataException(Name, offset, "the file became shorter while it was read");
            into = into[count..];
            offset += count;
        }
    }

    public void Dispose() => _handle.Dispose();
}

sealed class MemorySource(ReadOnlyMemory<byte> bytes, string name) : ByteSource(name, bytes.Length)
{
    public override void Read(long offset, Span<byte> into)
    {
        Debug.Assert(offset >= 0 && offset + into.Length <= bytes.Length, "the caller has checked offset and length");
        bytes.Span.Slice((int)offset, into.Length).CopyTo(into);
    }
}
