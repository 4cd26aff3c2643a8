using System.Security.Cryptography;
using System.Text;

namespace Drover.Lab.Prepare;

/// <summary>
/// The guest's user space, as a Debian system has it: busybox for the shell, Debian's udev with its rules and compiled hwdb, Debian's
/// kmod, and their libraries, each from its package and none from the host, so that a guest is the same wherever it is made.
/// </summary>
sealed class GuestTree(string folder)
{
    /// <summary>What the guest runs, and the closure of its libraries; libgcc-s1 is for a native .NET program.</summary>
    static readonly string[] Packages =
    [
        "busybox-static", "udev", "kmod",
        "libc6", "libgcc-s1", "libudev1", "libkmod2", "libacl1", "libblkid1", "libcap2", "libselinux1", "libpcre2-8-0", "liblzma5", "libzstd1", "libssl3",
    ];

    /// <summary>What the init script and its one-liner call; modprobe and its kin are kmod's.</summary>
    static readonly string[] Applets = ["sh", "cat", "dmesg", "find", "gzip", "kill", "ln", "ls", "mkdir", "mkfifo", "mount", "reboot", "sort", "stty", "tar", "time", "uname", "wc", "xargs"];

    /// <summary>The groups that udev's rules name.</summary>
    static readonly string[] Groups = ["root", "tty", "disk", "lp", "kmem", "dialout", "cdrom", "tape", "audio", "video", "input", "kvm", "render", "sgx"];

    static readonly string[] NotNeeded = ["usr/share", "usr/include", "usr/lib/x86_64-linux-gnu/gconv", "usr/lib/udev/hwdb.d"];

    public string Folder { get; } = folder;

    /// <summary>Names what the tree was made of: a new version of one package is a new tree.</summary>
    public string Key => Path.GetFileName(Folder);

    public static async Task<GuestTree> PrepareAsync(LabCache cache, DebianPackages debian, Action<string> say, CancellationToken stop)
    {
        var packages = await debian.FilesAsync(Packages, stop);
        var names = string.Join('\n', packages.Select(Path.GetFileName).Concat(Applets));
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(names)))[..12];
        return new GuestTree(await cache.EntryAsync("guest", key, async folder =>
        {
            say("preparing the guest's user space");
            MergeUsr(folder);
            foreach (var package in packages)
                await DebianPackages.UnpackAsync(package, folder, stop);
            var tree = new GuestTree(folder);
            // what udev's postinst does on a real system
            await tree.RunAsync("systemd-hwdb", "usr/bin/systemd-hwdb", ["--root=" + folder, "--usr", "update"], stop);
            tree.Trim();
            tree.Settle();
        }, say, stop));
    }

    public Task DepmodAsync(string root, string release, CancellationToken stop) => RunAsync("depmod", "usr/bin/kmod", ["-b", root, release], stop);

    /// <summary>Runs one of the tree's own programs on this machine, with the tree's own libraries.</summary>
    async Task RunAsync(string name, string program, string[] arguments, CancellationToken stop)
    {
        var libraries = Path.Combine(Folder, "usr/lib/x86_64-linux-gnu");
        await Command.RunAsync(Path.Combine(libraries, "ld-linux-x86-64.so.2"),
            ["--library-path", libraries, "--argv0", name, Path.Combine(Folder, program), .. arguments], stop);
    }

    /// <summary>/bin and its kin are links to /usr's.</summary>
    public static void MergeUsr(string folder)
    {
        foreach (var name in new[] { "bin", "sbin", "lib", "lib64" })
        {
            Directory.CreateDirectory(Path.Combine(folder, "usr", name));
            File.CreateSymbolicLink(Path.Combine(folder, name), "usr/" + name);
        }
    }

    void Trim()
    {
        foreach (var path in NotNeeded.Select(path => Path.Combine(Folder, path)).Where(Directory.Exists))
            Directory.Delete(path, recursive: true);
    }

    void Settle()
    {
        foreach (var name in new[] { "dev", "proc", "sys", "run", "tmp", "root", "etc" })
            Directory.CreateDirectory(Path.Combine(Folder, name));
        foreach (var applet in Applets.Where(applet => !File.Exists(Path.Combine(Folder, "usr/bin", applet))))
            File.CreateSymbolicLink(Path.Combine(Folder, "usr/bin", applet), "busybox");
        File.WriteAllText(Path.Combine(Folder, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
        File.WriteAllLines(Path.Combine(Folder, "etc/group"), Groups.Select((name, id) => $"{name}:x:{id}:"));
        File.WriteAllText(Path.Combine(Folder, "etc/nsswitch.conf"), "passwd: files\ngroup: files\n");
    }
}
