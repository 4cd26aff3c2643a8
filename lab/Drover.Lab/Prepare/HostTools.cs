namespace Drover.Lab.Prepare;

/// <summary>What must be on this machine itself: QEMU, and for the gates kernel a compiler. Installed by apt where missing, and said so.</summary>
static class HostTools
{
    public const string Qemu = "qemu-system-x86_64";

    static readonly (string Program, string Package)[] ForRunning = [(Qemu, "qemu-system-x86"), ("dpkg-deb", "dpkg"), ("tar", "tar"), ("mke2fs", "e2fsprogs")];

    static readonly (string Program, string Package)[] ForBuilding =
    [
        ("make", "make"), ("gcc", "gcc"), ("flex", "flex"), ("bison", "bison"), ("bc", "bc"), ("perl", "perl"),
        ("patch", "patch"), ("xz", "xz-utils"), ("/usr/include/libelf.h", "libelf-dev"),
    ];

    public static Task EnsureForRunningAsync(LabCache cache, Action<string> say, CancellationToken stop) => EnsureAsync(ForRunning, cache, say, stop);

    public static Task EnsureForBuildingAsync(LabCache cache, Action<string> say, CancellationToken stop) => EnsureAsync(ForBuilding, cache, say, stop);

    static async Task EnsureAsync((string Program, string Package)[] wanted, LabCache cache, Action<string> say, CancellationToken stop)
    {
        var missing = Missing(wanted);
        if (missing.Count == 0)
            return;
        var install = $"apt-get install {string.Join(' ', missing)}";
        if (Command.Find("apt-get") is null)
            throw new LabException($"the lab needs {string.Join(", ", missing)}, and there is no apt-get here to install them", LabException.CannotRunHere);
        if (!Environment.IsPrivilegedProcess)
            throw new LabException($"the lab needs {string.Join(", ", missing)}, and installing needs root: run `{install}` as root once", LabException.CannotRunHere);

        using var held = await cache.LockAsync(LabCache.Apt, say, stop);
        // whoever was waited for may have wanted the same
        if (Missing(wanted).Count == 0)
            return;
        say($"{install} (this changes this machine: the lab needs them)");
        await Command.RunAsync("apt-get", ["-q", "update"], stop);
        await Command.RunAsync("apt-get", ["-q", "-y", "--no-install-recommends", "install", .. missing], stop);
    }

    static List<string> Missing((string Program, string Package)[] wanted) => wanted.Where(tool => Command.Find(tool.Program) is null).Select(tool => tool.Package).ToList();
}
