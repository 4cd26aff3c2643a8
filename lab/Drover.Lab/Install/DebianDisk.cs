using Drover.Lab.Guest;
using Drover.Lab.Prepare;

namespace Drover.Lab.Install;

/// <summary>A disk with a small Debian: systemd, udev, kmod, dpkg and initramfs-tools or dracut from their packages, a
/// kernel, and an initramfs that a guest made with the disk's own tools. Nothing is mounted or run on this machine:
/// e2fsprogs fills and reads the file system.</summary>
sealed class DebianDisk(LabHost host, string image, string release)
{
    /// <summary>apt adds dependencies; essential packages are named, as apt assumes that they are there.</summary>
    static readonly string[] s_packages =
    [
        "systemd-sysv", "udev", "kmod", "busybox-static", "dpkg", "init-system-helpers", "base-files", "base-passwd",
        "bash", "coreutils", "cpio", "dash", "diffutils", "findutils", "grep", "gzip", "libc-bin",
        "libgcc-s1", "mawk", "mount", "perl-base", "sed", "tar", "util-linux", "zstd",
    ];

    /// <summary>Units that take time at a first boot and do not matter here.</summary>
    static readonly string[] s_masked =
    [
        "systemd-hwdb-update.service", "systemd-journal-catalog-update.service", "systemd-firstboot.service",
        "systemd-update-utmp.service", "getty.target",
    ];

    /// <summary>The initramfs' modules besides those of hooks: for the disk, and for some other devices.</summary>
    static readonly string[] s_initramfsModules = ["virtio_pci", "virtio_blk", "ext4", "ahci", "sd_mod", "i2c_i801"];

    /// <summary>dracut's modules for other kinds of disks.</summary>
    const string DracutModulesLeftOut =
        "crypt dm lvm mdraid multipath dmraid nbd nfs iscsi network network-legacy btrfs qemu qemu-net resume terminfo "
        + "i18n kernel-network-modules";

    const string ImageFile = "disk.img", ImageSize = "2G";

    public string Image => image;

    /// <summary>A copy of the disk, for one invocation.</summary>
    /// <param name="maker">The package that makes the initramfs: initramfs-tools or dracut.</param>
    /// <param name="kernel">The lab's kernel of the system, for the guest that makes the first initramfs.</param>
    public static async Task<DebianDisk> CopyAsync(LabHost host, string maker, KernelImage kernel, string folder)
    {
        var system = kernel.System;
        var debian = new DebianArchive(host, system.Release, system.Architecture);
        var tree = await GuestTree.PrepareAsync(host, system);
        var kernelPackages = await debian.FilesAsync(await debian.KernelPackagesAsync(system.KernelSeries));
        var packages = await debian.FilesAsync(await debian.WithDependenciesAsync([.. s_packages, maker]));
        var names = string.Join('\n', packages.Concat(kernelPackages).Select(Path.GetFileName)
            .Append(Resources.Read("install-prepare")).Concat(s_initramfsModules));
        var key = LabHost.HashOf(names)[..12];
        var entry = await host.EntryAsync("disks", key, MakeAsync);
        var copy = Path.Combine(folder, ImageFile);
        await host.RunAsync("cp", ["--sparse=always", Path.Combine(entry, ImageFile), copy]);
        return new(host, copy, await File.ReadAllTextAsync(Path.Combine(entry, "release")));

        async Task MakeAsync(string made)
        {
            host.Log("preparing a disk with a small Debian (some minutes: a guest makes its initramfs)");
            using var work = host.Work();
            GuestTree.MergeUsr(work.Path);
            foreach (var package in packages)
            {
                await debian.UnpackAsync(package, work.Path);
                await debian.RegisterAsync(package, work.Path);
            }
            foreach (var package in kernelPackages)
                await debian.UnpackAsync(package, work.Path);
            var release = KernelImage.PruneModules(work.Path);
            await tree.DepmodAsync(work.Path, release);
            Complete(work.Path);
            await File.WriteAllTextAsync(Path.Combine(made, "release"), release);
            var disk = Path.Combine(made, ImageFile);
            await host.RunAsync("mke2fs", ["-q", "-t", "ext4", "-d", work.Path, disk, ImageSize]);
            var run = new GuestRun(kernel, Gate.None, 2, GuestLoader.List, "2G", TimeSpan.FromMinutes(15))
            {
                Init = "install-prepare",
                Disk = disk,
            };
            var result = await Machine.RunAsync(run, host);
            if (!result.Required("facts").Contains("status=0", StringComparison.Ordinal))
                throw new LabException($"the disk's initramfs could not be made:\n{result.Text("initramfs")}");
        }
    }

    public Task WriteAsync(string file, string path) => host.ShellAsync(
        """printf 'write %s %s\nsif %s mode 0100755\n' "$2" "$3" "$3" | debugfs -w -f - "$1" >/dev/null""",
        image, file, path);

    /// <summary>Copies the disk's present initramfs to a file, for QEMU to start.</summary>
    public async Task<string> InitramfsAsync(string file)
    {
        await host.RunAsync("debugfs", ["-R", $"dump /boot/initrd.img-{release} {file}", image]);
        return file;
    }

    /// <summary>The part of the packages' installation that matters here, and the lab's own files.</summary>
    static void Complete(string root)
    {
        foreach (var name in new[] { "dev", "proc", "sys", "run", "tmp", "root", "lab", "var/tmp" })
            Directory.CreateDirectory(Path.Combine(root, name));
        var passwd = Path.Combine(root, "usr/share/base-passwd");
        File.Copy(Path.Combine(passwd, "passwd.master"), Path.Combine(root, "etc/passwd"));
        File.Copy(Path.Combine(passwd, "group.master"), Path.Combine(root, "etc/group"));
        Link("usr/bin/sh", "dash");
        Link("usr/bin/awk", "mawk");
        foreach (var unit in s_masked)
            Link($"etc/systemd/system/{unit}", "/dev/null");
        Write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
        Write("etc/fstab", "/dev/vda / ext4 rw 0 1\n");
        Write("etc/initramfs-tools/conf.d/lab", "MODULES=list\n");
        Write("etc/initramfs-tools/modules", string.Join('\n', s_initramfsModules) + "\n");
        Write("etc/dracut.conf.d/lab.conf", $"hostonly=no\ncompress=gzip\n"
            + $"drivers=\"{string.Join(' ', s_initramfsModules)}\"\nomit_dracutmodules=\"{DracutModulesLeftOut}\"\n");
        Write("etc/systemd/system/lab.service", "[Unit]\nAfter=sysinit.target systemd-udev-settle.service\n"
            + "Wants=systemd-udev-settle.service\n"
            + "[Service]\nType=oneshot\nExecStart=/lab/boot\nStandardOutput=journal+console\n");
        Write("etc/systemd/system/lab.target", "[Unit]\nRequires=sysinit.target\nWants=lab.service\n");

        void Write(string path, string text) => File.WriteAllText(New(path), text);
        void Link(string path, string target) => File.CreateSymbolicLink(New(path), target);

        string New(string path)
        {
            var file = Path.Combine(root, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.Delete(file);
            return file;
        }
    }
}
