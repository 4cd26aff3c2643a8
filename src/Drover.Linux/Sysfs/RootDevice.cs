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
        var device = DeviceOf(mountInfo ?? ReadMountInfo());
        return device is not null && LinuxPath.Real($"{sys}/dev/block/{device}") is { } path
            ? ModulesAbove(sys, path)
            : new HashSet<string>();
    }

    /// <summary>The modules whose drivers a device needs, as those of the root file system's.</summary>
    /// <param name="path">The directory of the device, without links.</param>
    public static IReadOnlySet<string> ModulesAbove(string sys, string path)
    {
        var modules = new HashSet<string>();
        AddAbove(path, LinuxPath.Real($"{sys}/devices") ?? $"{sys}/devices", modules, depth: 0);
        return modules;
    }

    /// <summary>MAJOR:MINOR of the last mount on <c>/</c> (proc_pid_mountinfo(5)); null for none.</summary>
    internal static string? DeviceOf(string mountInfo) => mountInfo.Split('\n').Select(line => line.Split(' '))
        .LastOrDefault(words => words is [_, _, _, _, "/", ..])?[2];

    static void AddAbove(string device, string top, HashSet<string> modules, int depth)
    {
        const int MaxDepth = 8; // of devices that stand on others
        for (var path = device; path.Length > top.Length; path = path[..path.LastIndexOf('/')])
        {
            if (LinuxPath.Real($"{path}/driver/module") is { } module)
                modules.Add(ModuleName.Normalize(Path.GetFileName(module)));
            var slaves = $"{path}/slaves";
            if (depth == MaxDepth || !Directory.Exists(slaves))
                continue;
            foreach (var slave in Directory.EnumerateFileSystemEntries(slaves))
            {
                if (LinuxPath.Real(slave) is { } below)
                    AddAbove(below, top, modules, depth + 1);
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
