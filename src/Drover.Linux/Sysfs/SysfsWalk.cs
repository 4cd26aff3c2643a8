using Drover.Devices;
using Drover.Kernel;
using Drover.Linux.Files;
using Drover.Linux.ProcFs;
using Drover.Linux.Syscalls;
using Drover.Text;

namespace Drover.Linux.Sysfs;

/// <summary>
/// One scan of all devices of a sysfs. Not thread-safe.
/// <para>
/// A live kernel lists every device that can send an event: only a device with a bus or a class sends any (kernel:
/// <c>dev_uevent_filter</c>), and buses and classes link to each of their devices (<c>bus_add_device</c>,
/// <c>device_add_class_symlinks</c>). Following these lists, as udev does, takes four system calls per device and none
/// for the directories between. Walking <c>/sys/devices</c> takes more than twice as many, most of them for caches,
/// queues and <c>power</c>.
/// </para>
/// <para>A copy of a sysfs may have lost its links, so its tree of devices is walked as well.</para>
/// </summary>
sealed class SysfsWalk(int root, bool live, UeventSeqnum? seqnum, SysfsCounts counts) : IDisposable
{
    const string First = "pci"; // its drivers probe for seconds, mostly asleep, while other modules load

    /// <summary>The subsystem whose devices all have the same modalias (kernel: <c>cpu_uevent</c> calls
    /// <c>print_cpu_modalias</c> without the device). Reading it once saves 90,000 of the kernel's instructions per
    /// CPU: with 32 CPUs 2.5 % of a coldplug's 110 million.</summary>
    const string Cpu = "cpu";

    readonly DirectoryReader _outer = new(live);
    readonly DirectoryReader _inner = new(live);
    readonly UeventFile _file = new(live);
    readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    readonly byte[] _link = new byte[SysPath.MaxBytes];
    readonly byte[] _resolved = new byte[SysPath.MaxBytes];
    readonly byte[] _path = new byte[SysPath.MaxBytes];
    readonly ulong _seqnum = seqnum?.Read() ?? 0;
    DeviceEvent? _cpu;

    internal IEnumerable<DeviceEvent> Devices()
    {
        IEnumerable<DeviceEvent>[] parts =
            [Linked(First, $"bus/{First}/devices"), Listed("bus", "devices"), Listed("class", null), Modules(), live
                ? []
                : Tree()];
        foreach (var part in parts)
        {
            foreach (var device in part)
            {
                yield return device;
                if (counts.Devices >= SysfsCounts.MaxDevices)
                {
                    counts.Truncated = true;
                    yield break;
                }
            }
        }
    }

    /// <summary>Closes the directories of an unfinished scan.</summary>
    public void Dispose()
    {
        _outer.Dispose();
        _inner.Dispose();
    }

    /// <summary>The devices of all subsystems of a kind but <see cref="First"/>.</summary>
    IEnumerable<DeviceEvent> Listed(string kind, string? folder)
    {
        if (!Open(_outer, root, kind))
            yield break;
        while (_outer.MoveNext())
        {
            if (_outer.Type is not (EntryType.Directory or EntryType.Unknown))
                continue;
            var subsystem = ByteText.Of(_outer.Name);
            if (subsystem == First || (live && SilentSubsystems.Contains(subsystem)))
                continue;
            var directory = folder is null ? $"{kind}/{subsystem}" : $"{kind}/{subsystem}/{folder}";
            foreach (var device in Linked(subsystem, directory))
                yield return device;
        }
    }

    /// <summary>The devices that a subsystem's directory links to.</summary>
    IEnumerable<DeviceEvent> Linked(string subsystem, string directory)
    {
        if (!Open(_inner, root, directory))
            yield break;
        while (_inner.MoveNext())
        {
            // the directory also has attribute files
            if (_inner.Type is EntryType.Link or EntryType.Unknown && Device(directory, subsystem) is { } device)
                yield return device;
        }
    }

    /// <summary>The device behind the current link of the inner reader, or null.</summary>
    DeviceEvent? Device(string directory, string subsystem)
    {
        var length = Libc.ReadLinkAt(_inner.Fd, in _inner.Name[0], ref _link[0], _link.Length);
        if (length <= 0 || length == _link.Length)
            return null; // removed in between, or no link
        Span<byte> from = stackalloc byte[SysPath.MaxBytes];
        from = from[..ByteText.Write(directory, from)];
        var resolved = _resolved.AsSpan(0, SysPath.Resolve(from, _link.AsSpan(0, (int)length), _resolved));
        var inside = resolved.StartsWith("devices/"u8);
        var devPath = inside ? SysPath.ToDevPath(resolved) : $"/{directory}/{ByteText.Of(_inner.Name)}";
        if (!_seen.Add(devPath))
        {
            counts.Repeated++;
            return null;
        }
        if (live && subsystem == Cpu && _cpu is not null)
        {
            counts.Devices++;
            return _cpu with { DevPath = devPath };
        }
        // Read by its path, so that the kernel need not follow the link. A link that leads elsewhere is followed.
        var device = inside
            ? Read(root, SysPath.Join(_path, resolved, "uevent"u8), devPath, subsystem)
            : Read(_inner.Fd, SysPath.Join(_path, _inner.Name, "uevent"u8), devPath, subsystem);
        _cpu ??= subsystem == Cpu ? device : null;
        return device;
    }

    /// <summary>Modules, devices to udev (parport_pc requests ppdev); their uevent files are write-only.</summary>
    IEnumerable<DeviceEvent> Modules()
    {
        const string Subsystem = "module";
        if (!Open(_outer, root, Subsystem))
            yield break;
        while (_outer.MoveNext())
        {
            if (_outer.Type is EntryType.Directory or EntryType.Unknown)
            {
                counts.Devices++;
                yield return new(DeviceAction.Add, $"/{Subsystem}/{ByteText.Of(_outer.Name)}", Subsystem, _seqnum,
                    [], []);
            }
        }
    }

    /// <summary>Every directory of <c>devices</c> with a uevent file, parents first; follows no links.</summary>
    IEnumerable<DeviceEvent> Tree()
    {
        var open = new Stack<byte[]>(); // paths from the root, NUL-terminated
        open.Push("devices\0"u8.ToArray());
        while (open.TryPop(out var path))
        {
            if (counts.Directories >= SysfsCounts.MaxDirectories)
            {
                counts.Truncated = true;
                yield break;
            }
            if (!Note(_outer.Open(root, path)))
                continue;
            counts.Directories++;
            var hasUevent = false;
            while (_outer.MoveNext())
            {
                hasUevent |= _outer.Name.SequenceEqual("uevent"u8);
                if (_outer.Type is EntryType.Directory ||
                    (_outer.Type is EntryType.Unknown && !_outer.Name.SequenceEqual("uevent"u8)))
                {
                    Push(open, path);
                }
            }
            if (hasUevent && Found(path) is { } device)
                yield return device;
        }
    }

    void Push(Stack<byte[]> open, byte[] parent)
    {
        var path = SysPath.Join(_path, parent.AsSpan(0, parent.Length - 1), _outer.Name);
        if (path.IsEmpty)
        {
            counts.Unreadable++; // longer than PATH_MAX
            return;
        }
        open.Push(path.ToArray());
    }

    /// <summary>The device in the directory of the outer reader; null if a list had it.</summary>
    DeviceEvent? Found(byte[] path)
    {
        var devPath = SysPath.ToDevPath(path.AsSpan(0, path.Length - 1));
        if (!_seen.Add(devPath))
            return null;
        var length = Libc.ReadLinkAt(_outer.Fd, in "subsystem\0"u8[0], ref _link[0], _link.Length);
        var target = _link.AsSpan(0, (int)Math.Max(length, 0));
        return Read(_outer.Fd, "uevent\0"u8, devPath, ByteText.Of(target[(target.LastIndexOf((byte)'/') + 1)..]));
    }

    DeviceEvent? Read(int directory, ReadOnlySpan<byte> path, string devPath, string subsystem)
    {
        if (path.IsEmpty || !Note(_file.Read(directory, path)))
            return null;
        counts.Devices++;
        return UeventText.ParseFile(_file.Text, devPath, subsystem, _seqnum);
    }

    bool Open(DirectoryReader reader, int parent, string path)
    {
        Span<byte> bytes = stackalloc byte[SysPath.MaxBytes];
        if (path.Length * ByteText.MaxBytesPerChar >= bytes.Length)
            return false;
        bytes[ByteText.Write(path, bytes)] = 0;
        var opened = Note(reader.Open(parent, bytes));
        counts.Directories += opened ? 1 : 0;
        return opened;
    }

    /// <summary>Whether there was no error. Does not count errors of a device removed during the scan.</summary>
    bool Note(Errno error)
    {
        if (error is not (Errno.None or Errno.ENOENT or Errno.ENODEV or Errno.ENOTDIR))
            counts.Unreadable++;
        return error is Errno.None;
    }
}

/// <summary>Reads uevent files through one buffer. Not thread-safe.</summary>
/// <param name="sysfs">The kernel's files; else only regular files are read, without blocking.</param>
public sealed class UeventFile(bool sysfs)
{
    /// <summary>Eight times the kernel's limit for one event (linux/kobject.h: UEVENT_BUFFER_SIZE).</summary>
    public const int MaxBytes = 16 << 10;

    readonly byte[] _buffer = new byte[MaxBytes + 1];
    int _length;

    /// <summary>The last file's content. Valid until the next <see cref="Read"/>.</summary>
    internal ReadOnlySpan<byte> Text => _buffer.AsSpan(0, _length);

    /// <param name="path">NUL-terminated, relative to <paramref name="directory"/>.</param>
    internal Errno Read(int directory, ReadOnlySpan<byte> path)
    {
        _length = 0;
        const int Flags = Libc.O_RDONLY | Libc.O_NONBLOCK | Libc.O_NOCTTY | Libc.O_CLOEXEC;
        var fd = Libc.OpenAt(directory, in path[0], Flags | Libc.O_NOFOLLOW, 0);
        if (fd < 0)
            return Libc.LastError;
        var error = sysfs ? Errno.None : Judge(fd);
        if (error is Errno.None)
        {
            // One read is enough: sysfs prints an attribute at once, and a short read of a regular file is its end.
            var length = Libc.Read(fd, ref _buffer[0], _buffer.Length);
            error = length < 0 ? Libc.LastError : length > MaxBytes ? Errno.EFBIG : Errno.None;
            _length = error is Errno.None ? (int)length : 0;
        }
        _ = Libc.Close(fd);
        return error;
    }

    static Errno Judge(int fd) =>
        Libc.StatXAt(fd, "", Libc.AT_EMPTY_PATH, Libc.STATX_BASIC_STATS, out var stat) < 0 ? Libc.LastError :
        (stat.Mode & Libc.S_IFMT) == Libc.S_IFREG ? Errno.None : Errno.EINVAL;
}

/// <summary>Subsystems whose devices never request a module: the kernel's core creates them, not a driver's match, and
/// none of their buses, classes and device types has a uevent function that adds a MODALIAS. They are most devices of a
/// large machine, many of them one per CPU or per memory block; so scanning the remaining subsystems finds every device
/// that can request a module.</summary>
static class SilentSubsystems
{
    internal static bool Contains(string subsystem) => subsystem is
        "clockevents" // kernel/time/clockevents.c: one per CPU
        or "clocksource" // kernel/time/clocksource.c
        or "container" // drivers/base/container.c
        or "cpuid" // arch/x86/kernel/cpuid.c: one per CPU
        or "edac" // drivers/edac/edac_module.c
        or "event_source" // kernel/events/core.c
        or "machinecheck" // arch/x86/kernel/cpu/mce/core.c: one per CPU
        or "mem" // drivers/char/mem.c
        or "memory" // drivers/base/memory.c: one per block of 128 MiB or more
        or "memory_tiering" // mm/memory-tiers.c
        or "misc" // drivers/char/misc.c
        or "msr" // arch/x86/kernel/msr.c: one per CPU
        or "node" // drivers/base/node.c
        or "serial-base" // drivers/tty/serial/serial_base_bus.c
        or "thermal" // drivers/thermal/thermal_core.c: one per CPU
        or "tty" // drivers/tty/tty_io.c: hundreds
        or "vc" // drivers/tty/vt/vc_screen.c
        or "vtconsole" // drivers/tty/vt/vt.c
        or "wakeup" // drivers/base/power/wakeup_stats.c
        or "workqueue"; // kernel/workqueue.c
}

/// <summary>Paths below a sysfs: bytes, or strings as of <see cref="ByteText"/>.</summary>
static class SysPath
{
    internal const int MaxBytes = Libc.PATH_MAX; // longest path the kernel accepts, with its NUL

    /// <summary>Resolves a link to a path from the root; in sysfs no directory on the way is a link.</summary>
    /// <param name="directory">Path of the directory of the link, from the root, without slashes at its ends.</param>
    /// <returns>The length; 0 if the link leads out of the tree or to its root, or the path is too long.</returns>
    internal static int Resolve(ReadOnlySpan<byte> directory, ReadOnlySpan<byte> target, Span<byte> result)
    {
        if (target.StartsWith((byte)'/') || directory.Length > result.Length)
            return 0;
        directory.CopyTo(result);
        var length = directory.Length;
        foreach (var range in target.Split((byte)'/'))
        {
            var part = target[range];
            if (part.IsEmpty || part is [(byte)'.'])
                continue;
            if (part is [(byte)'.', (byte)'.'])
            {
                if (length == 0)
                    return 0;
                length = Math.Max(result[..length].LastIndexOf((byte)'/'), 0);
                continue;
            }
            if (length + 1 + part.Length > result.Length)
                return 0;
            if (length > 0)
                result[length++] = (byte)'/';
            part.CopyTo(result[length..]);
            length += part.Length;
        }
        return length;
    }

    /// <summary>The parts joined by a slash, with a NUL; empty if <paramref name="buffer"/> is too small.</summary>
    internal static ReadOnlySpan<byte> Join(Span<byte> buffer, ReadOnlySpan<byte> directory, ReadOnlySpan<byte> name)
    {
        var length = directory.Length + 1 + name.Length;
        if (length >= buffer.Length)
            return [];
        directory.CopyTo(buffer);
        buffer[directory.Length] = (byte)'/';
        name.CopyTo(buffer[(directory.Length + 1)..]);
        buffer[length] = 0;
        return buffer[..(length + 1)];
    }

    /// <summary>A DEVPATH: the path with a leading slash.</summary>
    internal static string ToDevPath(ReadOnlySpan<byte> path) => $"/{ByteText.Of(path)}";
}
