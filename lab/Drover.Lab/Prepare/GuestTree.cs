namespace Drover.Lab.Prepare;

/// <summary>The guest's user space: busybox for the shell, Debian's udev with its rules and compiled hwdb, Debian's
/// kmod, and their libraries. Everything comes from packages and nothing from the host: a guest is the same on every
/// machine.</summary>
sealed class GuestTree(LabHost host, string folder)
{
    /// <summary>The guest's programs and all their libraries; libgcc-s1 is for native .NET programs.</summary>
    static readonly string[] s_packages =
    [
        "busybox-static", "udev", "kmod", "libc6", "libgcc-s1", "libudev1", "libkmod2", "libacl1", "libblkid1",
        "libcap2", "libselinux1", "libpcre2-8-0", "liblzma5", "libzstd1", "libssl3",
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

    static readonly string[] s_removed =
        ["usr/share", "usr/include", "usr/lib/x86_64-linux-gnu/gconv", "usr/lib/udev/hwdb.d"];

    public string Folder { get; } = folder;

    /// <summary>Identifies the versions of all packages in the tree.</summary>
    public string Key => Path.GetFileName(Folder);

    public static async Task<GuestTree> PrepareAsync(LabHost host, DebianPackages debian)
    {
        var packages = await debian.FilesAsync(s_packages);
        var names = string.Join('\n', packages.Select(Path.GetFileName).Concat(s_applets));
        var key = LabHost.HashOf(names)[..12];
        return new(host, await host.EntryAsync("guest", key, MakeAsync));

        async Task MakeAsync(string folder)
        {
            host.Log("preparing the guest's user space");
            MergeUsr(folder);
            foreach (var package in packages)
                await debian.UnpackAsync(package, folder);
            var tree = new GuestTree(host, folder);
            // as udev's postinst does
            await tree.RunAsync("systemd-hwdb", "usr/bin/systemd-hwdb", "--root=" + folder, "--usr", "update");
            foreach (var path in s_removed.Select(path => Path.Combine(folder, path)).Where(Directory.Exists))
                Directory.Delete(path, recursive: true);
            tree.Complete();
        }
    }

    public Task DepmodAsync(string root, string release) => RunAsync("depmod", "usr/bin/kmod", "-b", root, release);

    /// <summary>Runs one of the tree's programs on this machine, with the tree's libraries.</summary>
    Task<string> RunAsync(string name, string program, params string[] arguments)
    {
        var libraries = Path.Combine(Folder, "usr/lib/x86_64-linux-gnu");
        string[] loader = ["--library-path", libraries, "--argv0", name, Path.Combine(Folder, program)];
        return host.RunAsync(Path.Combine(libraries, "ld-linux-x86-64.so.2"), [.. loader, .. arguments]);
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
