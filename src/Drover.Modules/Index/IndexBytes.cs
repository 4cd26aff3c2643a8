using Microsoft.Win32.SafeHandles;

namespace Drover.Modules.Index;

/// <summary>
/// The bytes of an index: in memory, or in a file of which blocks are read when a look-up first comes by. One look-up of a
/// short-lived tool touches a few dozen KiB of the 1.3 MB that Debian's modules.alias.bin has; reading it whole costs
/// 0.8 ms there, most of it page faults, as much as modprobe runs in all. Safe for any thread.
/// </summary>
/// <remarks>Not mapped: a mapped file that is truncated ends the process with SIGBUS, while a read one ends in an error.</remarks>
internal sealed class IndexBytes
{
    private const int BlockBytes = 4096;

    /// <summary>A smaller file is read at once.</summary>
    private const int WholeBelowBytes = 32 << 10;

    /// <summary>Whoever needs more blocks will need them all: the rest is read at once and the file let go.</summary>
    private const int MostBlocks = 64;

    private readonly string _file;
    private readonly byte[] _buffer = [];
    private readonly bool[] _loaded = [];
    private readonly Lock _loading = new();
    private SafeFileHandle? _handle;
    private int _blocks;

    public IndexBytes(ReadOnlyMemory<byte> memory, string file)
    {
        Memory = memory;
        _file = file;
    }

    private IndexBytes(SafeFileHandle handle, int length, string file)
    {
        _file = file;
        _handle = handle;
        _buffer = GC.AllocateUninitializedArray<byte>(length);
        _loaded = new bool[(length + BlockBytes - 1) / BlockBytes];
        Memory = _buffer;
        if (length < WholeBelowBytes) ReadRest();
    }

    /// <summary>All of it; only what was asked for with <see cref="Need"/> is there.</summary>
    public ReadOnlyMemory<byte> Memory { get; }

    /// <summary>Whether everything is there, and <see cref="Need"/> need not be asked.</summary>
    public bool IsWhole => Volatile.Read(ref _handle) is null;

    public static IndexBytes Open(string path)
    {
        // a program that uses this runs with System.IO.DisableFileLocking: any reader could hold a flock against it otherwise
        SafeFileHandle handle = File.OpenHandle(path);
        try
        {
            long length = RandomAccess.GetLength(handle);
            if (length > IndexFormat.PositionMask) throw new ModuleDataException(path, IndexFormat.PositionMask, "an index is not longer than a link can tell, 256 MiB");
            return new IndexBytes(handle, (int)length, path);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>The end of the block a position lies in.</summary>
    public static int BlockEnd(int at) => (at / BlockBytes + 1) * BlockBytes;

    /// <summary>Makes bytes there that lie within the file.</summary>
    public void Need(int at, int count)
    {
        if (count == 0) return;
        for (int block = at / BlockBytes; block <= (at + count - 1) / BlockBytes; block++)
        {
            if (!Volatile.Read(ref _loaded[block])) Load(block);
        }
    }

    private void Load(int block)
    {
        lock (_loading)
        {
            if (_handle is null || _loaded[block]) return;
            if (++_blocks > MostBlocks)
            {
                ReadRest();
                return;
            }
            Read(block * BlockBytes, Math.Min(BlockBytes, _buffer.Length - block * BlockBytes));
            Volatile.Write(ref _loaded[block], true);
        }
    }

    private void ReadRest()
    {
        // never a byte twice: another thread may be looking at it
        for (int block = 0; block < _loaded.Length; block++)
        {
            int last = block;
            while (last < _loaded.Length && !_loaded[last]) last++;
            if (last == block) continue;
            Read(block * BlockBytes, Math.Min(last * BlockBytes, _buffer.Length) - block * BlockBytes);
            for (; block < last; block++) Volatile.Write(ref _loaded[block], true);
        }
        _handle!.Dispose();
        Volatile.Write(ref _handle, null);
    }

    private void Read(int at, int count)
    {
        while (count > 0)
        {
            int read = RandomAccess.Read(_handle!, _buffer.AsSpan(at, count), at);
            if (read == 0) throw new ModuleDataException(_file, at, "the file became shorter while it was read");
            at += read;
            count -= read;
        }
    }
}
