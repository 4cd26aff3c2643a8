using System.Text;
using Drover.Devices;
using Drover.Linux.Netlink;
using Drover.Linux.Syscalls;
using Drover.Loading;
using Drover.Modules;

namespace Drover.Linux.Sysfs;

/// <summary>The devices of a sysfs: of this machine, or of another's copied to a directory, which has no events and no SEQNUM. Used on the event loop.</summary>
public sealed class SysfsDevices : IDevices, IDisposable
{
    readonly EventLoop _loop;
    readonly bool _walkTree;
    readonly UeventSeqnum? _seqnum;
    readonly int _root;

    /// <param name="root">Where the sysfs is.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such directory, or it cannot be opened.</exception>
    public SysfsDevices(EventLoop loop, string root = "/sys")
        : this(loop, root, walkTree: false)
    {
    }

    /// <param name="walkTree">Look at a live sysfs the way a copy is looked at.</param>
    internal SysfsDevices(EventLoop loop, string root, bool walkTree)
    {
        _loop = loop;
        _root = Libc.OpenAt(Libc.AT_FDCWD, root, Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_CLOEXEC, 0);
        if (_root < 0)
        {
            throw new DirectoryNotFoundException($"{root}: {ErrnoText.Describe(Libc.LastError)}: a directory that holds a sysfs is needed.");
        }

        IsLive = Libc.FStatFs(_root, out var fileSystem) == 0 && fileSystem.Type == Libc.SYSFS_MAGIC;
        _walkTree = walkTree || !IsLive;
        _seqnum = IsLive ? new(Path.Combine(root, "kernel/uevent_seqnum")) : null;
    }

    /// <summary>It is this kernel's own sysfs, wherever it is mounted.</summary>
    public bool IsLive { get; }

    /// <inheritdoc/>
    public ulong Seqnum => _seqnum?.Read() ?? 0;

    /// <summary>What the enumeration begun last came upon so far.</summary>
    public SysfsCounts Counts { get; private set; } = new();

    /// <inheritdoc/>
    /// <remarks>A device's SEQNUM is the kernel's when the list of its subsystem was opened: the device was there, or its own event follows.</remarks>
    public IEnumerable<DeviceEvent> Enumerate()
    {
        Counts = new();
        return Walk(Counts);
    }

    /// <inheritdoc/>
    public IDisposable? Listen(Action<DeviceEvent> received, Action lost) => IsLive ? UeventSocket.TryOpen(_loop, received, lost) : null;

    /// <summary>
    /// The module whose driver has a device, or null for a device without driver. Where the driver does not say whose it is (it is built in, or, as ACPI's button up to 6.1, registered
    /// without its owner), the driver's own name.
    /// </summary>
    /// <param name="devPath">Path below /sys.</param>
    public string? DriverModuleOf(string devPath) => LinkedName(devPath, "driver/module") ?? LinkedName(devPath, "driver");

    string? LinkedName(string devPath, string link)
    {
        Span<byte> path = stackalloc byte[SysPath.MaxBytes];
        Span<byte> target = stackalloc byte[SysPath.MaxBytes];
        var name = $".{devPath}/{link}\0";
        if (name.Length > path.Length)
        {
            return null;
        }

        Encoding.Latin1.GetBytes(name, path);
        var length = Libc.ReadLinkAt(_root, in path[0], ref target[0], target.Length);
        return length <= 0 || length == target.Length ? null : ModuleName.FromPath(SysPath.ToText(target[..(int)length]));
    }

    IEnumerable<DeviceEvent> Walk(SysfsCounts counts)
    {
        using var walk = new SysfsWalk(_root, live: !_walkTree, _seqnum, counts);
        foreach (var device in walk.Devices())
        {
            yield return device;
        }
    }

    /// <summary>Gives back what it holds open; to be called after the last enumeration.</summary>
    public void Dispose()
    {
        _seqnum?.Dispose();
        _ = Libc.Close(_root);
    }
}
