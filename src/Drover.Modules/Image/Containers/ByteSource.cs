using Microsoft.Win32.SafeHandles;

namespace Drover.Modules;

/// <summary>Bytes that can be read at any place: an open file, or an array. Its length is taken once, when it is opened.</summary>
internal abstract class ByteSource(string name, long length)
{
    /// <summary>The file as it was named by whoever opened it.</summary>
    public string Name { get; } = name;

    public long Length { get; } = length;

    /// <summary>Fills <paramref name="into"/> from <paramref name="offset"/>; the caller has compared both with <see cref="Length"/>.</summary>
    /// <exception cref="ModuleDataException">A file has become shorter since.</exception>
    public abstract void Read(long offset, Span<byte> into);

    /// <summary>The first bytes, as many as there are up to <paramref name="most"/>.</summary>
    public byte[] Head(int most)
    {
        var head = new byte[Math.Min(most, Length)];
        Read(0, head);
        return head;
    }
}

internal sealed class FileSource(SafeFileHandle handle, string name) : ByteSource(name, RandomAccess.GetLength(handle))
{
    public override void Read(long offset, Span<byte> into)
    {
        while (!into.IsEmpty)
        {
            var got = RandomAccess.Read(handle, into, offset);
            if (got == 0)
                throw new ModuleDataException(Name, offset, "the file became shorter while it was read");
            into = into[got..];
            offset += got;
        }
    }
}

internal sealed class MemorySource(ReadOnlyMemory<byte> bytes, string name) : ByteSource(name, bytes.Length)
{
    public override void Read(long offset, Span<byte> into) => bytes.Span.Slice((int)offset, into.Length).CopyTo(into);
}
