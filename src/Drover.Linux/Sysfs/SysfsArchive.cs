using System.Text;
using Drover.Devices;
using Drover.Modules;

namespace Drover.Linux.Sysfs;

/// <summary>
/// What a tar archive tells of a machine: a copy of its /sys, at any depth, or a report as <c>sos report</c> makes it, whose <c>udevadm info --export-db</c> has every device. Nothing is written to disk.
/// Immutable once it is read.
/// </summary>
public sealed class SysfsArchive
{
    /// <summary>udev's database of a machine with a hundred thousand devices.</summary>
    const int MostTextBytes = 128 << 20;

    readonly Dictionary<string, DeviceEvent> _devices = new(StringComparer.Ordinal);
    readonly Dictionary<string, string> _subsystems = new(StringComparer.Ordinal);
    readonly Dictionary<string, string> _modules = new(StringComparer.Ordinal);
    HashSet<string>? _live;
    bool _isReport;
    bool _hasDatabase;

    /// <summary>Its devices, those that one of both told of.</summary>
    public IEnumerable<DeviceEvent> Devices => _devices.Values.Select(device => device with { Subsystem = device.Subsystem.Length > 0 ? device.Subsystem : _subsystems.GetValueOrDefault(device.DevPath, "") });

    /// <summary>It is a report of sos that was made where there is no udev to ask: of the devices it has no more than those whose files it happened to copy.</summary>
    public bool LacksDevices => _isReport && !_hasDatabase;

    /// <summary>Modules that are live, normalised; null where the archive does not tell.</summary>
    public IReadOnlySet<string>? Live => _live;

    /// <summary>The kernel's release; null where the archive does not tell.</summary>
    public string? Release { get; private set; }

    /// <summary>MemTotal in bytes; 0 where the archive does not tell.</summary>
    public long MemoryBytes { get; private set; }

    /// <summary>What the kernel decompresses; null where the archive has nothing of <c>/sys/module</c>.</summary>
    public ModuleCompression? Decompresses { get; private set; }

    /// <summary>The module whose driver has a device, as <see cref="SysfsDevices.DriverModuleOf"/> has it.</summary>
    public string? DriverModuleOf(string devPath)
    {
        const string Key = "DRIVER=";
        return _devices.GetValueOrDefault(devPath)?.Properties.FirstOrDefault(property => property.StartsWith(Key, StringComparison.Ordinal)) is { } driver
            ? _modules.GetValueOrDefault(driver[Key.Length..], ModuleName.FromPath(driver[Key.Length..]))
            : null;
    }

    /// <summary>Reads it from its beginning to its end.</summary>
    /// <exception cref="ModuleDataException">It is no tar archive, damaged, or has more devices than any machine.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static SysfsArchive Read(string path)
    {
        var archive = new SysfsArchive();
        using var tar = TarArchive.Open(path);
        while (tar.MoveNext())
        {
            archive.Take(tar);
            if (archive._devices.Count > SysfsCounts.MaxDevices)
                throw new ModuleDataException(path, 0, $"more than {SysfsCounts.MaxDevices} devices");
        }
        return archive;
    }

    void Take(TarArchive tar)
    {
        var name = $"/{tar.Name}";
        _isReport |= name.Contains("/sos_commands/", StringComparison.Ordinal);
        if (name.LastIndexOf("/sys/", StringComparison.Ordinal) is >= 0 and var at)
        {
            TakeSys(tar, name[(at + "/sys".Length)..]);
            return;
        }
        switch (name)
        {
            case var _ when name.EndsWith("_--export-db", StringComparison.Ordinal):
                TakeDatabase(tar);
                break;
            case var _ when name.EndsWith("/proc/modules", StringComparison.Ordinal) || name.EndsWith("/kernel/lsmod", StringComparison.Ordinal):
                TakeModules(Text(tar));
                break;
            case var _ when name.EndsWith("/proc/meminfo", StringComparison.Ordinal):
                MemoryBytes = Machine.TotalBytes(Text(tar));
                break;
            // both have it as their third word
            case var _ when name.EndsWith("/proc/version", StringComparison.Ordinal) || name.EndsWith("/uname_-a", StringComparison.Ordinal):
                Release ??= Text(tar).Split(' ') is [_, _, { Length: > 0 } release, ..] && !release.Contains('/') && release is not (".." or ".") ? release : null;
                break;
        }
    }

    /// <param name="path">Below /sys.</param>
    void TakeSys(TarArchive tar, string path)
    {
        var slash = path.LastIndexOf('/');
        var (directory, name) = (path[..slash], path[(slash + 1)..]);
        if (directory.StartsWith("/devices/", StringComparison.Ordinal))
        {
            if (name == "uevent" && tar.IsFile && tar.Read(UeventFile.MaxBytes) is { } text)
                _devices.TryAdd(directory, UeventText.ParseFile(text, directory, "", 0));
            else if (name == "subsystem" && tar.Link.Length > 0)
                _subsystems.TryAdd(directory, LastOf(tar.Link));
        }
        else if (directory.StartsWith("/bus/", StringComparison.Ordinal) && name == "module" && tar.Link.Length > 0)
        {
            _modules.TryAdd(LastOf(directory), LastOf(tar.Link));
        }
        else if (path.StartsWith("/module/", StringComparison.Ordinal))
        {
            Decompresses ??= ModuleCompression.None;
            if (path == "/module/compression")
                Decompresses = SysModule.CompressionOf(Text(tar).TrimEnd('\n'));
            else if (name == "initstate" && Text(tar).TrimEnd('\n') == "live")
                (_live ??= new(StringComparer.Ordinal)).Add(LastOf(directory));
        }
    }

    /// <summary>Blocks of a device each: <c>P: </c> its path, <c>E: </c> a property.</summary>
    void TakeDatabase(TarArchive tar)
    {
        var (path, properties) = ("", new StringBuilder());
        foreach (var line in Text(tar).AsSpan().EnumerateLines())
        {
            if (line.StartsWith("P: ", StringComparison.Ordinal))
                (path, _, _hasDatabase) = (line[3..].ToString(), properties.Clear(), true);
            else if (line.StartsWith("E: ", StringComparison.Ordinal))
                properties.Append(line[3..]).Append('\n');
            else if (line.IsEmpty && path.StartsWith('/'))
                (path, _) = ("", _devices.TryAdd(path, DeviceOf(path, properties.ToString())));
        }
    }

    static DeviceEvent DeviceOf(string path, string properties)
    {
        const string Key = "SUBSYSTEM=";
        var device = UeventText.ParseFile(Encoding.Latin1.GetBytes(properties), path, "", 0);
        return device with { Subsystem = device.Properties.FirstOrDefault(property => property.StartsWith(Key, StringComparison.Ordinal)) is { } subsystem ? subsystem[Key.Length..] : "" };
    }

    /// <summary>/proc/modules and lsmod begin a line with the name; lsmod has a line of headings.</summary>
    void TakeModules(string text)
    {
        _live ??= new(StringComparer.Ordinal);
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (line.IndexOf(' ') is > 0 and var end && !line.StartsWith("Module ", StringComparison.Ordinal))
                _live.Add(line[..end].ToString());
        }
    }

    static string Text(TarArchive tar) => tar.IsFile && tar.Read(MostTextBytes) is { } text ? Encoding.Latin1.GetString(text) : "";

    static string LastOf(string path) => path[(path.LastIndexOf('/') + 1)..];
}
