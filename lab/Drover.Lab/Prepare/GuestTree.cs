namespace Drover.Lab.Prepare;

/// <summary>The guest's user space: busybox for the shell, Debian's systemd, udev with its rules and compiled hwdb,
/// Debian's kmod, and their libraries. Everything comes from packages and nothing from the host: a guest is the same on
/// every machine.</summary>
sealed class GuestTree(LabHost host, string folder)
{
    /// <summary>The guest's programs, and libraries that they load at run time; libgcc-s1 is for native .NET
    /// programs.</summary>
    static readonly string[] s_packages =
    [
        "busybox-static", "systemd", "udev", "kmod", "libkmod2", "libgcc-s1", "libacl1", "libblkid1", "liblzma5",
    ];

    /// <summary>The commands of the guest's scripts; modprobe and the like are kmod's.</summary>
    static readonly string[] s_applets =
    [
        "sh", "cat", "dmesg", "find", "gzip", "kill", "ln", "ls", "mkdir", "mkfifo", "mount", "reboot", "sort", "stty",
        "tar", "time", "uname", "wc", "xargs",
    ];

    /// <summary>The groups that udev's rules name.</summary>
    static readonly string[] s_groups =
    [
        "root", "tty", "disk", "lp", "kmem", "dialout", "cdrom", "tape", "audio", "video", "input", "kvm", "render",
        "sgx",
    ];

    static readonly string[] s_removed = ["usr/share", "usr/include", "usr/lib/udev/hwdb.d"];

    GuestTree? _tools; // a tree of this machine's architecture; null for this one

    public string Folder { get; } = folder;

    /// <summary>Identifies the versions of all packages in the tree.</summary>
    public string Key => Path.GetFileName(Folder);

    public static async Task<GuestTree> PrepareAsync(LabHost host, GuestSystem system)
    {
        var native = system.Architecture == GuestSystem.HostArchitecture;
        var tools = native
            ? null
            : await PrepareAsync(host, system with { Architecture = GuestSystem.HostArchitecture });
        var archive = new DebianArchive(host, system.Release, system.Architecture);
        // the libraries of the dependencies, without dpkg, debconf and the like
        var names = (await archive.WithDependenciesAsync(s_packages))
            .Where(name => s_packages.Contains(name) || DebianArchive.IsLibrary(name)).ToList();
        var packages = await archive.FilesAsync(names);
        var key = LabHost.HashOf(string.Join('\n', packages.Select(Path.GetFileName).Concat(s_applets)))[..12];
        return new(host, await host.EntryAsync("guest", key, MakeAsync)) { _tools = tools };

        async Task MakeAsync(string folder)
        {
            host.Log($"preparing the user space of {system}");
            MergeUsr(folder);
            foreach (var package in packages)
                await archive.UnpackAsync(package, folder);
            var tree = new GuestTree(host, folder) { _tools = tools };
            await tree.CompileHwdbAsync(folder);
            var gconv = Path.Combine("usr/lib", system.Architecture.Tuple, "gconv");
            foreach (var path in s_removed.Append(gconv).Select(path => Path.Combine(folder, path)))
            {
                if (Directory.Exists(path))
                    Directory.Delete(path, recursive: true);
            }
            tree.Complete();
        }
    }

    public Task DepmodAsync(string root, string release) => RunAsync("depmod", "usr/bin/kmod", "-b", root, release);

    /// <summary>As udev's postinst does.</summary>
    public Task CompileHwdbAsync(string root) =>
        RunAsync("systemd-hwdb", "usr/bin/systemd-hwdb", "--root=" + root, "--usr", "update");

    /// <summary>Runs a program of the tree, or of its twin for this machine, with that tree's libraries.</summary>
    Task<string> RunAsync(string name, string program, params string[] arguments)
    {
        if (_tools is not null)
            return _tools.RunAsync(name, program, arguments);
        var architecture = GuestSystem.HostArchitecture;
        var libraries = Path.Combine(Folder, "usr/lib", architecture.Tuple);
        var path = $"{libraries}:{Path.Combine(libraries, "systemd")}";
        string[] linker = ["--library-path", path, "--argv0", name, Path.Combine(Folder, program)];
        return host.RunAsync(Path.Combine(libraries, architecture.DynamicLinker), [.. linker, .. arguments]);
    }

    /// <summary>Makes /bin, /sbin, /lib and /lib64 links into /usr.</summary>
    public static void MergeUsr(string folder)
    {
        foreach (var name in new[] { "bin", "sbin", "lib", "lib64" })
        {
            Directory.CreateDirectory(Path.Combine(folder, "usr", name));
            File.CreateSymbolicLink(Path.Combine(folder, name), "usr/" + name);
        }
    }

    /// <summary>Adds the folders, busybox's links and the files of /etc that no package has.</summary>
    void Complete()
    {
        foreach (var name in new[] { "dev", "proc", "sys", "run", "tmp", "root", "etc" })
            Directory.CreateDirectory(Path.Combine(Folder, name));
        var links = s_applets.Select(applet => Path.Combine(Folder, "usr/bin", applet));
        foreach (var link in links.Where(path => !File.Exists(path)))
            File.CreateSymbolicLink(link, "busybox");
        File.WriteAllText(Path.Combine(Folder, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
        File.WriteAllLines(Path.Combine(Folder, "etc/group"), s_groups.Select((name, id) => $"{name}:x:{id}:"));
        File.WriteAllText(Path.Combine(Folder, "etc/nsswitch.conf"), "passwd: files\ngroup: files\n");
    }
}
