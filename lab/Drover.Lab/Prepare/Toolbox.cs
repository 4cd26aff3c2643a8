namespace Drover.Lab.Prepare;

/// <summary>The newest stable Debian's QEMU and binutils for both architectures, with all their libraries, unpacked
/// into the cache. They run by their own dynamic linker, so this machine's release does not matter and nothing is
/// installed.</summary>
sealed class Toolbox(LabHost host, string folder)
{
    static readonly string[] s_packages =
    [
        "qemu-system-x86", "qemu-system-arm", "qemu-utils", "binutils-x86-64-linux-gnu", "binutils-aarch64-linux-gnu",
    ];

    /// <summary>Of the packages' dependencies, these and libraries: no maintainer script runs.</summary>
    static readonly string[] s_kept = ["qemu-", "seabios", "ipxe-qemu", "binutils-"];

    public static async Task<Toolbox> PrepareAsync(LabHost host)
    {
        await HostTools.EnsureForRunningAsync(host);
        var archive = new DebianArchive(host, DebianRelease.Trixie, GuestSystem.HostArchitecture);
        var names = (await archive.WithDependenciesAsync(s_packages))
            .Where(name => DebianArchive.IsLibrary(name)
                || s_kept.Any(kept => name.StartsWith(kept, StringComparison.Ordinal))).ToList();
        var packages = await archive.FilesAsync(names);
        var key = LabHost.HashOf(string.Join('\n', packages.Select(Path.GetFileName)))[..12];
        return new(host, await host.EntryAsync("tools", key, MakeAsync));

        async Task MakeAsync(string made)
        {
            host.Log("unpacking QEMU and binutils");
            GuestTree.MergeUsr(made);
            foreach (var package in packages)
                await archive.UnpackAsync(package, made);
        }
    }

    /// <summary>Identifies the versions of all packages.</summary>
    public string Key => Path.GetFileName(folder);

    /// <summary>The words of a command line that start one of the programs, without its arguments.</summary>
    public IReadOnlyList<string> Command(string program)
    {
        var architecture = GuestSystem.HostArchitecture;
        var libraries = Path.Combine(folder, "usr/lib", architecture.Tuple);
        return
        [
            Path.Combine(libraries, architecture.DynamicLinker), "--library-path", libraries,
            Path.Combine(folder, "usr/bin", program),
        ];
    }

    /// <summary>QEMU, with the folders of its firmware.</summary>
    public IReadOnlyList<string> Qemu(Architecture guest) =>
    [
        .. Command(guest.QemuProgram),
        "-L", Path.Combine(folder, "usr/share/qemu"), "-L", Path.Combine(folder, "usr/share/seabios"),
    ];

    public Task<string> RunAsync(string program, params IEnumerable<string> arguments)
    {
        var command = Command(program);
        return host.RunAsync(command[0], [.. command.Skip(1), .. arguments]);
    }
}

/// <summary>Tools that must be installed on this machine: dpkg and tar, and a compiler for the gates kernel. Missing
/// ones are installed through apt, with a message.</summary>
static class HostTools
{
    static readonly (string Program, string Package)[] s_forRunning =
        [("dpkg-deb", "dpkg"), ("tar", "tar"), ("mke2fs", "e2fsprogs")];

    static readonly (string Program, string Package)[] s_forBuilding =
    [
        ("make", "make"), ("gcc", "gcc"), ("flex", "flex"), ("bison", "bison"), ("bc", "bc"), ("perl", "perl"),
        ("patch", "patch"), ("xz", "xz-utils"), ("/usr/include/libelf.h", "libelf-dev"),
    ];

    public static Task EnsureForRunningAsync(LabHost host) => EnsureAsync(s_forRunning, host);

    public static Task EnsureForBuildingAsync(LabHost host, Architecture architecture) => EnsureAsync(
        architecture == GuestSystem.HostArchitecture
            ? s_forBuilding
            : [.. s_forBuilding, (architecture.Tuple + "-gcc", "gcc-" + architecture.Tuple.Replace('_', '-'))],
        host);

    static async Task EnsureAsync((string Program, string Package)[] tools, LabHost host)
    {
        if (Missing() is not [_, ..] missing)
            return;
        var install = $"apt-get install {string.Join(' ', missing)}";
        if (LabHost.Find("apt-get") is null)
            throw LabException.CannotRunHere($"the lab needs {string.Join(", ", missing)}, and there is no apt-get");
        if (!Environment.IsPrivilegedProcess)
            throw LabException.CannotRunHere($"the lab needs root once, to run `{install}`");

        using var held = await host.LockAsync(LabHost.Apt);
        // the previous holder of the lock may have installed them
        if (Missing().Count == 0)
            return;
        host.Log($"{install} (this installs packages on this machine)");
        await host.RunAsync("apt-get", ["-q", "update"]);
        await host.RunAsync("apt-get", ["-q", "-y", "--no-install-recommends", "install", .. missing]);

        List<string> Missing() =>
            tools.Where(tool => LabHost.Find(tool.Program) is null).Select(tool => tool.Package).ToList();
    }
}
