using System.Buffers.Binary;
using System.Diagnostics;
using Drover.Kernel;
using Drover.Linux.Runtime;
using Drover.Linux.Syscalls;
using Drover.Text;

namespace Drover.Linux.Files;

/// <summary>Reports when a file in one of several directories has changed and no further change follows for a while: a
/// package manager or depmod(8) replaces many files one after another. For a missing directory, the nearest one above
/// it is watched. Used on the event loop.</summary>
public sealed class DirectoryWatch : IDisposable
{
    const uint Changes = Libc.IN_CLOSE_WRITE | Libc.IN_MOVED_FROM | Libc.IN_MOVED_TO | Libc.IN_CREATE | Libc.IN_DELETE
        | Libc.IN_DELETE_SELF | Libc.IN_MOVE_SELF;
    const int BufferBytes = 8 << 10;

    static readonly TimeSpan s_calm = TimeSpan.FromMilliseconds(250); // time without a change before the report

    readonly EventLoop _loop;
    readonly IReadOnlyList<string> _directories;
    readonly Action _changed;
    readonly int _inotify;
    readonly WakeUp _stop;
    readonly Thread _thread;

    // The names to report of each watch; null for all. Its lock is held from an event's read until _hasChanged says so:
    // the loop finds each event in the queue or there.
    readonly Dictionary<int, HashSet<string>?> _watched = [];
    readonly byte[] _buffer = new byte[BufferBytes];
    bool _hasChanged;
    ITimer? _timer;
    bool _disposed;

    DirectoryWatch(EventLoop loop, IReadOnlyList<string> directories, Action changed, int inotify, WakeUp stop)
    {
        (_loop, _directories, _changed, _inotify, _stop) = (loop, directories, changed, inotify, stop);
        AddWatches();
        _thread = BackgroundThread.Start("directories", Watch);
    }

    /// <summary>Starts to watch; null if the system has no watch, descriptor or thread left.</summary>
    /// <param name="directories">Absolute.</param>
    public static DirectoryWatch? TryStart(EventLoop loop, IReadOnlyList<string> directories, Action changed)
    {
        var inotify = Libc.InotifyInit1(Libc.O_CLOEXEC | Libc.O_NONBLOCK);
        if (inotify < 0)
            return null;
        WakeUp? stop = null;
        try
        {
            stop = new();
            return new DirectoryWatch(loop, directories, changed, inotify, stop);
        }
        catch (IOException)
        {
            _ = Libc.Close(inotify);
            stop?.Dispose();
            return null;
        }
    }

    /// <summary>Whether a file has changed since the last <see cref="Restart"/>: every change counts at once whose
    /// system call (close(2) of a written file, rename(2), unlink(2)) has returned. One read(2) where nothing
    /// has.</summary>
    public bool HasChanged
    {
        get
        {
            if (TakeEvents())
                ReportWhenCalm(); // the thread finds none
            return _hasChanged;
        }
    }

    /// <summary>To be called before the files are read: <see cref="HasChanged"/> is about later changes only. A mount,
    /// which makes no event, may have put other directories in the place of the watched ones.</summary>
    public void Restart()
    {
        if (TakeEvents())
            ReportWhenCalm();
        lock (_watched)
        {
            AddWatches();
            _hasChanged = false;
        }
    }

    /// <summary>Stops; <c>changed</c> is not called again.</summary>
    public void Dispose()
    {
        _stop.Set();
        _thread.Join(); // it blocks on the two descriptors only
        _disposed = true;
        _timer?.Dispose();
        _ = Libc.Close(_inotify);
        _stop.Dispose();
    }

    /// <summary>Called again after each change: a directory may be new, or another one of the same name.</summary>
    void AddWatches()
    {
        foreach (var directory in _directories)
        {
            // one below may have appeared before the nearest was watched: again until nothing changes
            for (string? nearest = null, next; !TryWatch(directory); nearest = next)
            {
                next = WatchNearest(directory);
                if (next == nearest)
                    break;
            }
        }
    }

    bool TryWatch(string directory)
    {
        var watch = Add(directory);
        if (watch >= 0)
            _watched[watch] = null;
        return watch >= 0;
    }

    /// <summary>Watches the nearest directory above for the name that is missing in it.</summary>
    /// <returns>That directory; null if none can be watched.</returns>
    string? WatchNearest(string directory)
    {
        for (var (missing, parent) = (directory, Path.GetDirectoryName(directory)); parent is not null;
            (missing, parent) = (parent, Path.GetDirectoryName(parent)))
        {
            var watch = Add(parent);
            if (watch < 0)
                continue;
            if (_watched.GetValueOrDefault(watch, []) is { } names)
            {
                names.Add(Path.GetFileName(missing));
                _watched[watch] = names;
            }
            return parent;
        }
        return null;
    }

    int Add(string directory) => Libc.InotifyAddWatch(_inotify, directory, Changes | Libc.IN_ONLYDIR);

    unsafe void Watch()
    {
        var entries = stackalloc Libc.PollEntry[2];
        entries[0] = new() { Fd = _stop.Fd, Events = Libc.POLLIN };
        entries[1] = new() { Fd = _inotify, Events = Libc.POLLIN };
        while (true)
        {
            _ = Libc.Poll(entries, 2, -1);
            if (entries[0].Returned != 0)
                return;
            if (TakeEvents())
                _loop.Post(ReportWhenCalm);
        }
    }

    /// <summary>Empties the queue, on the loop or the thread. True if one of its events is a change.</summary>
    bool TakeEvents()
    {
        lock (_watched)
        {
            var any = false;
            while (Libc.Read(_inotify, ref _buffer[0], _buffer.Length) is > 0 and var count)
                any |= IsChange(_buffer.AsSpan(0, (int)count));
            if (any)
                AddWatches();
            _hasChanged |= any;
            return any;
        }
    }

    /// <summary>Whether one of these events is about a watched name.</summary>
    bool IsChange(ReadOnlySpan<byte> events)
    {
        var any = false;
        while (events.Length >= Libc.InotifyHeaderBytes)
        {
            var watch = BinaryPrimitives.ReadInt32LittleEndian(events);
            var mask = BinaryPrimitives.ReadUInt32LittleEndian(events[4..]);
            var length = BinaryPrimitives.ReadInt32LittleEndian(events[12..]);
            Debug.Assert(Libc.InotifyHeaderBytes + length <= events.Length, "the kernel returns whole events");
            var name = events.Slice(Libc.InotifyHeaderBytes, length);
            any |= (mask & Libc.IN_Q_OVERFLOW) != 0 ||
                (_watched.TryGetValue(watch, out var names) &&
                    (names is null || names.Contains(ByteText.Of(name.TrimEnd((byte)0)))));
            if ((mask & Libc.IN_IGNORED) != 0)
                _watched.Remove(watch);
            events = events[(Libc.InotifyHeaderBytes + length)..];
        }
        return any;
    }

    void ReportWhenCalm()
    {
        if (_disposed)
            return;
        _timer?.Dispose();
        _timer = _loop.Time.CreateTimer(_ => _changed(), null, s_calm, Timeout.InfiniteTimeSpan);
    }
}
