using Drover.Devices;
using Drover.Kernel;
using Drover.Linux.Netlink;
using Drover.Linux.ProcFs;
using Drover.Linux.Syscalls;
using Drover.Modules;
using Drover.Text;

namespace Drover.Linux.Sysfs;

/// <summary>The devices of a sysfs, or of a copy, which has no events or SEQNUM. Used on the event loop.</summary>
public sealed class SysfsDevices : IDevices, IDisposable
{
    readonly EventLoop _loop;
    readonly bool _walkTree;
    readonly UeventSeqnum? _seqnum;
    readonly int _root;

    /// <param name="loop">Runs the callbacks of <see cref="Listen"/>.</param>
    /// <exception cref="DirectoryNotFoundException">The directory cannot be opened, or holds no sysfs.</exception>
    public SysfsDevices(EventLoop loop, string root = "/sys") : this(loop, root, walkTree: false)
    {
    }

    /// <param name="walkTree">Scan a live sysfs like a copy.</param>
    internal SysfsDevices(EventLoop loop, string root, bool walkTree)
    {
        _loop = loop;
        _root = Libc.OpenAt(Libc.AT_FDCWD, root, Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_CLOEXEC, 0);
        if (_root < 0)
            throw new DirectoryNotFoundException($"{root}: {ErrnoText.Describe(Libc.LastError)}");
        if (!Array.Exists(["devices", "bus", "class"], name => Directory.Exists(Path.Combine(root, name))))
        {
            _ = Libc.Close(_root);
            throw new DirectoryNotFoundException(
                $"{root} is not a sysfs, nor a copy of one: it has none of devices, bus and class");
        }
        IsLive = Libc.FStatFs(_root, out var fileSystem) == 0 && fileSystem.Type == Libc.SYSFS_MAGIC;
        _walkTree = walkTree || !IsLive;
        _seqnum = IsLive ? new(Path.Combine(root, "kernel/uevent_seqnum")) : null;
    }

    /// <summary>It is a sysfs of this kernel, wherever it is mounted.</summary>
    public bool IsLive { get; }

    /// <inheritdoc/>
    public ulong Seqnum => _seqnum?.Read() ?? 0;

    /// <summary>Counts of the latest enumeration so far.</summary>
    public SysfsCounts Counts { get; private set; } = new();

    /// <inheritdoc/>
    /// <remarks>SEQNUM is the kernel's at the start; a device added later also sends an event.</remarks>
    public IEnumerable<DeviceEvent> Enumerate()
    {
        Counts = new();
        return Walk(Counts);
    }

    /// <inheritdoc/>
    public IDisposable? Listen(Action<DeviceEvent> received, Action lost) =>
        IsLive ? UeventSocket.TryOpen(_loop, received, lost) : null;

    /// <summary>The module of a device's driver, else the driver's name (built in), or null without a driver.</summary>
    /// <param name="devPath">DEVPATH: the path below /sys.</param>
    public string? DriverModuleOf(string devPath) =>
        LinkedName(devPath, "driver/module") ?? LinkedName(devPath, "driver");

    string? LinkedName(string devPath, string link)
    {
        Span<byte> path = stackalloc byte[SysPath.MaxBytes];
        Span<byte> target = stackalloc byte[SysPath.MaxBytes];
        var name = $".{devPath}/{link}\0";
        if (name.Length * ByteText.MaxBytesPerChar > path.Length)
            return null;
        ByteText.Write(name, path);
        var length = Libc.ReadLinkAt(_root, in path[0], ref target[0], target.Length);
        return length <= 0 || length == target.Length
            ? null
            : ModuleName.FromPath(ByteText.Of(target[..(int)length]));
    }

    IEnumerable<DeviceEvent> Walk(SysfsCounts counts)
    {
        using var walk = new SysfsWalk(_root, live: !_walkTree, _seqnum, counts);
        foreach (var device in walk.Devices())
            yield return device;
    }

    /// <summary>Closes the sysfs; call it after the last enumeration.</summary>
    public void Dispose()
    {
        _seqnum?.Dispose();
        _ = Libc.Close(_root);
    }
}

/// <summary>Counts of one scan of all devices. Written by the enumeration, on its thread.</summary>
public sealed class SysfsCounts
{
    /// <summary>Ten times the devices of the largest machines; a larger tree is no sysfs.</summary>
    public const int MaxDevices = 1 << 20;

    /// <summary>A device has fewer than four directories on the machines examined.</summary>
    public const int MaxDirectories = 4 * MaxDevices;

    /// <summary>Directories read.</summary>
    public int Directories { get; internal set; }

    /// <summary>Devices found.</summary>
    public int Devices { get; internal set; }

    /// <summary>Skipped links to devices that were found before, under another subsystem or name.</summary>
    public int Repeated { get; internal set; }

    /// <summary>Skipped directories and uevent files: unreadable, too large, or not regular files.</summary>
    public int Unreadable { get; internal set; }

    /// <summary>The scan stopped at one of the limits.</summary>
    public bool Truncated { get; internal set; }
}
