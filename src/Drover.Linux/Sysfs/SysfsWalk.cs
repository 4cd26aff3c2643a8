using Drover.Devices;
using Drover.Linux.Syscalls;
using Drover.Loading;

namespace Drover.Linux.Sysfs;

/// <summary>
/// One look at all devices of a sysfs. Not thread-safe.
/// <para>
/// A live kernel lists every device that can send an event: only a device with a bus or a class sends any (kernel: <c>dev_uevent_filter</c>), and those two link to each of their devices
/// (<c>bus_add_device</c>, <c>device_add_class_symlinks</c>). Following these lists, as udev does, takes four system calls a device and none for the directories between; walking
/// <c>/sys/devices</c> takes more than twice as many, most of them in caches, queues and <c>power</c>.
/// </para>
/// <para>A copy of some machine's sysfs may have lost its links; there the tree of devices is walked as well.</para>
/// </summary>
sealed class SysfsWalk(int root, bool live, UeventSeqnum? seqnum, SysfsCounts counts) : IDisposable
{
    /// <summary>
    /// Looked at before all others: controllers of disks, networks and USB are on it, whose drivers probe for seconds, asleep for most of it. All else can be
    /// loaded meanwhile; what asks for most of the rest is the CPU, of which nothing waits for anything.
    /// </summary>
    const string First = "pci";

    /// <summary>
    /// The bus whose devices all want the same: a CPU's modalias is made of what the CPUs of the machine can do, whichever of them is asked (kernel: <c>cpu_uevent</c> calls
    /// <c>print_cpu_modalias</c> without the device). It is some 1,500 bytes in hundreds of pieces, so printing it is most of what a CPU would cost us.
    /// </summary>
    const string Alike = "cpu";

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
        foreach (var part in (IEnumerable<DeviceEvent>[])[Linked(First, $"bus/{First}/devices"), Listed("bus", "devices"), Listed("class", null), Modules(), live ? [] : Tree()])
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

    /// <summary>Closes what a walk that was left half-way has open.</summary>
    public void Dispose()
    {
        _outer.Dispose();
        _inner.Dispose();
    }

    /// <summary>The devices of all subsystems of a kind, but for those of <see cref="First"/>.</summary>
    IEnumerable<DeviceEvent> Listed(string kind, string? folder)
    {
        if (!Open(_outer, root, kind))
        {
            yield break;
        }

        while (_outer.MoveNext())
        {
            if (_outer.Type is not (EntryType.Directory or EntryType.Unknown))
            {
                continue;
            }

            var subsystem = SysPath.ToText(_outer.Name);
            if (subsystem == First || (live && SilentSubsystems.Contains(subsystem)))
            {
                continue;
            }

            foreach (var device in Linked(subsystem, folder is null ? $"{kind}/{subsystem}" : $"{kind}/{subsystem}/{folder}"))
            {
                yield return device;
            }
        }
    }

    /// <summary>The devices that a subsystem's directory links to.</summary>
    IEnumerable<DeviceEvent> Linked(string subsystem, string directory)
    {
        if (!Open(_inner, root, directory))
        {
            yield break;
        }

        while (_inner.MoveNext())
        {
            // attribute files lie beside the links
            if (_inner.Type is EntryType.Link or EntryType.Unknown && Device(directory, subsystem) is { } device)
            {
                yield return device;
            }
        }
    }

    /// <summary>The device behind the link the inner reader stands at, or null.</summary>
    DeviceEvent? Device(string directory, string subsystem)
    {
        var length = Libc.ReadLinkAt(_inner.Fd, in _inner.Name[0], ref _link[0], _link.Length);
        if (length <= 0 || length == _link.Length)
        {
            return null; // gone meanwhile, or no link
        }

        Span<byte> from = stackalloc byte[directory.Length];
        System.Text.Encoding.Latin1.GetBytes(directory, from);
        var resolved = _resolved.AsSpan(0, SysPath.Resolve(from, _link.AsSpan(0, (int)length), _resolved));
        var inside = resolved.StartsWith("devices/"u8);
        var devPath = inside ? SysPath.ToDevPath(resolved) : $"/{directory}/{SysPath.ToText(_inner.Name)}";
        if (!_seen.Add(devPath))
        {
            counts.Repeated++;
            return null;
        }

        if (live && subsystem == Alike && _cpu is not null)
        {
            counts.Devices++;
            return _cpu with { DevPath = devPath };
        }

        // By where it is rather than through its link: the kernel need not follow one. Of a link that leads elsewhere only the link is known.
        var device = inside
            ? Read(root, SysPath.Join(_path, resolved, "uevent"u8), devPath, subsystem)
            : Read(_inner.Fd, SysPath.Join(_path, _inner.Name, "uevent"u8), devPath, subsystem);
        _cpu ??= subsystem == Alike ? device : null;
        return device;
    }

    /// <summary>
    /// The modules the kernel already has, which udev's rules take for devices of a subsystem of that name (parport_pc asks for ppdev). They cost one directory: their uevent files can only be written.
    /// </summary>
    IEnumerable<DeviceEvent> Modules()
    {
        const string Subsystem = "module";
        if (!Open(_outer, root, Subsystem))
        {
            yield break;
        }

        while (_outer.MoveNext())
        {
            if (_outer.Type is EntryType.Directory or EntryType.Unknown)
            {
                counts.Devices++;
                yield return new(DeviceAction.Add, $"/{Subsystem}/{SysPath.ToText(_outer.Name)}", Subsystem, _seqnum, [], []);
            }
        }
    }

    /// <summary>Every directory below <c>devices</c> that has a uevent file, parents first, links not followed.</summary>
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
            {
                continue;
            }

            counts.Directories++;
            var hasUevent = false;
            while (_outer.MoveNext())
            {
                hasUevent |= _outer.Name.SequenceEqual("uevent"u8);
                if (_outer.Type is EntryType.Directory || (_outer.Type is EntryType.Unknown && !_outer.Name.SequenceEqual("uevent"u8)))
                {
                    Push(open, path);
                }
            }

            if (hasUevent && Found(path) is { } device)
            {
                yield return device;
            }
        }
    }

    void Push(Stack<byte[]> open, byte[] parent)
    {
        var path = SysPath.Join(_path, parent.AsSpan(0, parent.Length - 1), _outer.Name);
        if (path.IsEmpty)
        {
            counts.Unreadable++; // deeper than a path can be
            return;
        }

        open.Push(path.ToArray());
    }

    /// <summary>The device whose directory the outer reader has read.</summary>
    DeviceEvent? Found(byte[] path)
    {
        var devPath = SysPath.ToDevPath(path.AsSpan(0, path.Length - 1));
        if (!_seen.Add(devPath))
        {
            return null; // listed already
        }

        var length = Libc.ReadLinkAt(_outer.Fd, in "subsystem\0"u8[0], ref _link[0], _link.Length);
        var target = _link.AsSpan(0, (int)Math.Max(length, 0));
        return Read(_outer.Fd, "uevent\0"u8, devPath, SysPath.ToText(target[(target.LastIndexOf((byte)'/') + 1)..]));
    }

    DeviceEvent? Read(int directory, ReadOnlySpan<byte> path, string devPath, string subsystem)
    {
        if (path.IsEmpty || !Note(_file.Read(directory, path)))
        {
            return null;
        }

        counts.Devices++;
        return UeventText.ParseFile(_file.Text, devPath, subsystem, _seqnum);
    }

    bool Open(DirectoryReader reader, int parent, string path)
    {
        Span<byte> bytes = stackalloc byte[SysPath.MaxBytes];
        if (path.Length >= bytes.Length)
        {
            return false;
        }

        bytes[System.Text.Encoding.Latin1.GetBytes(path, bytes)] = 0;
        var opened = Note(reader.Open(parent, bytes));
        counts.Directories += opened ? 1 : 0;
        return opened;
    }

    /// <summary>Whether it worked; counts what did not, unless it is merely not there: devices come and go while we look.</summary>
    bool Note(Errno error)
    {
        const Errno ENOTDIR = (Errno)20;
        if (error is not (Errno.None or Errno.ENOENT or Errno.ENODEV or ENOTDIR))
        {
            counts.Unreadable++;
        }

        return error is Errno.None;
    }
}
