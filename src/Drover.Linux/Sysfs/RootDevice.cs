using Drover.Linux.Files;
using Drover.Modules;

namespace Drover.Linux.Sysfs;

/// <summary>The block device of the root file system, and what it stands on.</summary>
public static class RootDevice
{
    /// <summary>The modules whose drivers the root file system's device needs: its own, those of the devices it stands
    /// on (dm, md: <c>slaves</c>), and of every device above them. Empty where the root file system has no block
    /// device, as in an initramfs.</summary>
    /// <param name="sys">The sysfs; a copy in tests.</param>
    /// <param name="mountInfo">The text of /proc/self/mountinfo.</param>
    public static IReadOnlySet<string> Modules(string sys = "/sys", string? mountInfo = null)
    {
        var modules = new HashSet<string>();
        if (PathOf(sys, mountInfo ?? ReadMountInfo()) is { } path)
        {
            foreach (var device in DriversAbove(sys, path))
            {
                if (ModuleOf(device) is { } module)
                    modules.Add(module);
            }
        }
        return modules;
    }

    /// <summary>The directory of the root file system's block device, without links; null where it has none.</summary>
    public static string? PathOf(string sys, string mountInfo) =>
        DeviceOf(mountInfo) is { } device ? LinuxPath.Real($"{sys}/dev/block/{device}") : null;

    /// <summary>The directories of all devices with a driver that a device needs: itself, those it stands on, and every
    /// device above them.</summary>
    /// <param name="path">The directory of the device, without links.</param>
    public static IReadOnlyList<string> DriversAbove(string sys, string path)
    {
        var devices = new List<string>();
        AddAbove(path, LinuxPath.Real($"{sys}/devices") ?? $"{sys}/devices", devices, depth: 0);
        return devices;
    }

    /// <summary>The module of a device's driver; null for one that is built into the kernel.</summary>
    public static string? ModuleOf(string device) => LinuxPath.Real($"{device}/driver/module") is { } module
        ? ModuleName.Normalize(Path.GetFileName(module))
        : null;

    /// <summary>MAJOR:MINOR of the last mount on <c>/</c>; null for none.</summary>
    internal static string? DeviceOf(string mountInfo) => MountOf(mountInfo)?[2];

    /// <summary>The words of the last mount on <c>/</c> (proc_pid_mountinfo(5)); null for none.</summary>
    public static string[]? MountOf(string mountInfo) => mountInfo.Split('\n').Select(line => line.Split(' '))
        .LastOrDefault(words => words is [_, _, _, _, "/", ..]);

    static void AddAbove(string device, string top, List<string> devices, int depth)
    {
        const int MaxDepth = 8; // of devices that stand on others
        for (var path = device; path.Length > top.Length; path = path[..path.LastIndexOf('/')])
        {
            if (Directory.Exists($"{path}/driver"))
                devices.Add(path);
            var slaves = $"{path}/slaves";
            if (depth == MaxDepth || !Directory.Exists(slaves))
                continue;
            foreach (var slave in Directory.EnumerateFileSystemEntries(slaves))
            {
                if (LinuxPath.Real(slave) is { } below)
                    AddAbove(below, top, devices, depth + 1);
            }
        }
    }

    static string ReadMountInfo()
    {
        try
        {
            return File.ReadAllText("/proc/self/mountinfo");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
