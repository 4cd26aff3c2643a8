using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace Drover.Modules.Index;

/// <summary>The bytes of an index, in memory or in a file that is read in blocks on first use. A look-up needs a few
/// dozen KiB of the 1.3 MB of Debian's modules.alias.bin; reading all takes 0.8 ms, mostly page faults, as long as
/// modprobe runs in total. Safe for any thread.</summary>
/// <remarks>Not mapped: truncating a mapped file kills the process with SIGBUS; with reads it is an error.</remarks>
sealed class IndexBytes
{
    const int BlockBytes = 4096;
    const int WholeBelowBytes = 32 << 10; // a smaller file is read whole
    const int MaxBlocks = 64; // after so many blocks the rest is read at once and the file closed

    readonly string _file;
    readonly byte[] _buffer = [];
    readonly bool[] _loaded = [];
    readonly Lock _loading = new();
    SafeFileHandle? _handle;
    int _blocks;

    public IndexBytes(ReadOnlyMemory<byte> memory, string file)
    {
        Memory = memory;
        _file = file;
    }

    IndexBytes(SafeFileHandle handle, int length, string file)
    {
        _file = file;
        _handle = handle;
        _buffer = GC.AllocateUninitializedArray<byte>(length);
        _loaded = new bool[(length + BlockBytes - 1) / BlockBytes];
        Memory = _buffer;
        if (length < WholeBelowBytes)
            ReadRest();
    }

    public ReadOnlyMemory<byte> Memory { get; } // the whole file; only what Need was called for is valid

    /// <summary>Whether everything is valid without <see cref="Need"/>.</summary>
    public bool IsWhole => Volatile.Read(ref _handle) is null;

    public static IndexBytes Open(string path)
    {
        var handle = SystemFiles.Current.OpenRegular(path);
        try
        {
            var length = RandomAccess.GetLength(handle);
            if (length > IndexFormat.PositionMask)
                throw new ModuleDataException(path, IndexFormat.PositionMask, "an index of more than 256 MiB");
            return new IndexBytes(handle, (int)length, path);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>The end of the block of a position.</summary>
    public static int BlockEnd(int at) => (at / BlockBytes + 1) * BlockBytes;

    /// <summary>Makes a range within the file valid.</summary>
    public void Need(int at, int count)
    {
        Debug.Assert(at >= 0 && count <= _buffer.Length - at, "the caller has checked the range");
        if (count == 0)
            return;
        for (var block = at / BlockBytes; block <= (at + count - 1) / BlockBytes; block++)
        {
            if (!Volatile.Read(ref _loaded[block]))
                Load(block);
        }
    }

    void Load(int block)
    {
        lock (_loading)
        {
            if (_handle is null || _loaded[block])
                return;
            if (++_blocks > MaxBlocks)
            {
                ReadRest();
                return;
            }
            Read(block * BlockBytes, Math.Min(BlockBytes, _buffer.Length - block * BlockBytes));
            Volatile.Write(ref _loaded[block], true);
        }
    }

    void ReadRest()
    {
        // reads no block twice, because other threads may be using it
        for (var block = 0; block < _loaded.Length; block++)
        {
            var last = block;
            while (last < _loaded.Length && !_loaded[last])
                last++;
            if (last == block)
                continue;
            Read(block * BlockBytes, Math.Min(last * BlockBytes, _buffer.Length) - block * BlockBytes);
            for (; block < last; block++)
                Volatile.Write(ref _loaded[block], true);
        }
        Debug.Assert(Array.TrueForAll(_loaded, isLoaded => isLoaded), "every block is loaded");
        _handle!.Dispose();
        Volatile.Write(ref _handle, null);
    }

    void Read(int at, int count)
    {
        while (count > 0)
        {
            var read = RandomAccess.Read(_handle!, _buffer.AsSpan(at, count), at);
            if (read == 0)
                throw new ModuleDataException(_file, at, "the file became shorter while it was read");
            at += read;
            count -= read;
        }
    }
}
