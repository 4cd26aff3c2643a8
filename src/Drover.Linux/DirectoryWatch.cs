using System.Buffers.Binary;
using System.Text;
using Drover.Linux.Syscalls;
using Drover.Loading;

namespace Drover.Linux;

/// <summary>
/// Tells when something in one of some directories has changed, and nothing more has for a while: a package or depmod(8) replaces many files, one after another. A
/// directory that is not there is watched for in its parent. Made and disposed on the event loop.
/// </summary>
public sealed class DirectoryWatch : IDisposable
{
    const uint Changes = Libc.IN_CLOSE_WRITE | Libc.IN_MOVED_FROM | Libc.IN_MOVED_TO | Libc.IN_CREATE | Libc.IN_DELETE | Libc.IN_DELETE_SELF | Libc.IN_MOVE_SELF;
    const int BufferBytes = 8 << 10;

    /// <summary>Nothing more has changed for this long.</summary>
    static readonly TimeSpan Calm = TimeSpan.FromMilliseconds(250);

    readonly EventLoop _loop;
    readonly IReadOnlyList<string> _directories;
    readonly Action _changed;
    readonly int _inotify;
    readonly WakeUp _stop = new();
    readonly NativeThread _thread;
    readonly Dictionary<int, HashSet<string>?> _watched = []; // the thread's own: whose names count; null for all
    ITimer? _calm;
    bool _isOver;

    DirectoryWatch(EventLoop loop, IReadOnlyList<string> directories, Action changed, int inotify)
    {
        (_loop, _directories, _changed, _inotify) = (loop, directories, changed, inotify);
        Arm();
        _thread = NativeThread.Start("directories", Watch);
    }

    /// <summary>Begins to watch; null where the system gives no watch.</summary>
    /// <param name="loop">Where <paramref name="changed"/> is called.</param>
    /// <param name="directories">Absolute.</param>
    /// <param name="changed">Something is different; what, is for the called to find out.</param>
    public static DirectoryWatch? TryStart(EventLoop loop, IReadOnlyList<string> directories, Action changed)
    {
        var inotify = Libc.InotifyInit1(Libc.O_CLOEXEC | Libc.O_NONBLOCK);
        return inotify < 0 ? null : new DirectoryWatch(loop, directories, changed, inotify);
    }

    /// <summary>Ends it; <c>changed</c> is not called any more.</summary>
    public void Dispose()
    {
        _stop.Set();
        _thread.Join(); // it waits for nothing but the descriptors
        _isOver = true;
        _calm?.Dispose();
        _ = Libc.Close(_inotify);
        _stop.Dispose();
    }

    /// <summary>Once more after each change: what was not there may be now, and what is there may be another.</summary>
    void Arm()
    {
        foreach (var directory in _directories)
        {
            if (!TryWatch(directory))
            {
                WatchFor(directory);
                TryWatch(directory); // it may have come before its parent was watched
            }
        }
    }

    bool TryWatch(string directory)
    {
        var watch = Add(directory);
        if (watch >= 0)
        {
            _watched[watch] = null;
        }

        return watch >= 0;
    }

    void WatchFor(string directory)
    {
        if (Path.GetDirectoryName(directory) is { } parent && Add(parent) is >= 0 and var above && _watched.GetValueOrDefault(above, []) is { } names)
        {
            names.Add(Path.GetFileName(directory));
            _watched[above] = names;
        }
    }

    int Add(string directory) => Libc.InotifyAddWatch(_inotify, directory, Changes | Libc.IN_ONLYDIR);

    unsafe void Watch()
    {
        var entries = stackalloc Libc.PollEntry[2];
        entries[0] = new() { Fd = _stop.Fd, Events = Libc.POLLIN };
        entries[1] = new() { Fd = _inotify, Events = Libc.POLLIN };
        var buffer = new byte[BufferBytes];
        while (true)
        {
            _ = Libc.Poll(entries, 2, -1);
            if (entries[0].Returned != 0)
            {
                return;
            }

            var count = Libc.Read(_inotify, ref buffer[0], buffer.Length);
            if (count > 0 && AnyOf(buffer.AsSpan(0, (int)count)))
            {
                Arm();
                _loop.Post(WaitForCalm);
            }
        }
    }

    /// <summary>Whether one of these events is about us.</summary>
    bool AnyOf(ReadOnlySpan<byte> events)
    {
        var any = false;
        while (events.Length >= Libc.InotifyHeaderBytes)
        {
            var watch = BinaryPrimitives.ReadInt32LittleEndian(events);
            var mask = BinaryPrimitives.ReadUInt32LittleEndian(events[4..]);
            var length = BinaryPrimitives.ReadInt32LittleEndian(events[12..]);
            var name = events.Slice(Libc.InotifyHeaderBytes, length);
            any |= (mask & Libc.IN_Q_OVERFLOW) != 0 ||
                (_watched.TryGetValue(watch, out var names) && (names is null || names.Contains(Encoding.UTF8.GetString(name.TrimEnd((byte)0)))));
            if ((mask & Libc.IN_IGNORED) != 0)
            {
                _watched.Remove(watch);
            }

            events = events[(Libc.InotifyHeaderBytes + length)..];
        }

        return any;
    }

    void WaitForCalm()
    {
        if (_isOver)
        {
            return;
        }

        _calm?.Dispose();
        _calm = _loop.Time.CreateTimer(_ => _changed(), null, Calm, Timeout.InfiniteTimeSpan);
    }
}
