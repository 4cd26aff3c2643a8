using System.Security.Cryptography;
using System.Text;
using Drover.Lab.Guest;

namespace Drover.Lab.Prepare;

/// <summary>
/// A disk with a small Debian on it: systemd, udev, kmod, dpkg and initramfs-tools or dracut from their packages, a kernel, and an initramfs that a guest made of it with
/// its own tools. Nothing is mounted or run on this machine: the file system is filled and read by e2fsprogs.
/// </summary>
sealed class DebianDisk(string image, string release)
{
    /// <summary>What is asked for; apt adds what they need. The essential ones are named: apt takes those for granted.</summary>
    static readonly string[] Packages =
    [
        "systemd-sysv", "udev", "kmod", "busybox-static", "dpkg", "init-system-helpers", "base-files", "base-passwd", "bash", "coreutils", "cpio", "dash", "diffutils", "findutils", "grep",
        "gzip", "libc-bin", "libgcc-s1", "mawk", "mount", "perl-base", "sed", "tar", "util-linux", "zstd",
    ];

    /// <summary>Units that a first boot would spend its time with, and that have no say here.</summary>
    static readonly string[] Masked = ["systemd-hwdb-update.service", "systemd-journal-catalog-update.service", "systemd-firstboot.service", "systemd-update-utmp.service", "getty.target"];

    /// <summary>What the initramfs has beside what hooks add: the way to the disk, and some of what udev finds devices for before the disk is there.</summary>
    static readonly string[] InitramfsModules = ["virtio_pci", "virtio_blk", "ext4", "ahci", "sd_mod", "i2c_i801"];

    /// <summary>What dracut would else look for on a disk that boots from anything.</summary>
    const string DracutModulesLeftOut = "crypt dm lvm mdraid multipath dmraid nbd nfs iscsi network network-legacy btrfs qemu qemu-net resume terminfo i18n kernel-network-modules";

    const string ImageFile = "disk.img", ImageSize = "2G";

    /// <summary>The file of the image.</summary>
    public string Image => image;

    /// <summary>A disk as it was made, for one invocation to change.</summary>
    /// <param name="series">Of the kernel.</param>
    /// <param name="maker">The package that makes the initramfs: initramfs-tools or dracut.</param>
    /// <param name="kernel">The lab's own preparation of it, which makes the first initramfs.</param>
    /// <param name="folder">Where the copy goes.</param>
    public static async Task<DebianDisk> CopyAsync(string series, string maker, KernelImage kernel, LabCache cache, DebianPackages debian, GuestTree tree, string folder, Action<string> say, CancellationToken stop)
    {
        var kernelPackage = (await debian.FilesAsync([await debian.KernelImageAsync(series, stop)], stop))[0];
        var packages = await debian.FilesAsync(await debian.WithDependenciesAsync([.. Packages, maker], stop), stop);
        var names = string.Join('\n', packages.Append(kernelPackage).Select(Path.GetFileName).Append(Resources.InstallPrepare).Concat(InitramfsModules));
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(names)))[..12];
        var entry = await cache.EntryAsync("disks", key, async made =>
        {
            say("preparing a disk with a small Debian (some minutes: a guest makes its initramfs)");
            using var work = cache.Work();
            GuestTree.MergeUsr(work.Path);
            foreach (var package in packages)
            {
                await DebianPackages.UnpackAsync(package, work.Path, stop);
                await DebianPackages.RegisterAsync(package, work.Path, stop);
            }
            await DebianPackages.UnpackAsync(kernelPackage, work.Path, stop);
            var release = KernelImage.PruneModules(work.Path);
            await tree.DepmodAsync(work.Path, release, stop);
            Settle(work.Path);
            await File.WriteAllTextAsync(Path.Combine(made, "release"), release, stop);
            var disk = Path.Combine(made, ImageFile);
            await Command.RunAsync("mke2fs", ["-q", "-t", "ext4", "-d", work.Path, disk, ImageSize], stop);
            var result = await Qemu.BootAsync(new GuestRun(kernel, Gate.None, 2, Loader.List, "2G", TimeSpan.FromMinutes(15)) { Init = Resources.InstallPrepare, Disk = disk }, cache, stop);
            if (!result.Required("facts").Contains("status=0", StringComparison.Ordinal))
                throw new LabException($"the disk's initramfs could not be made:\n{result.Text("initramfs")}");
        }, say, stop);
        var copy = Path.Combine(folder, ImageFile);
        await Command.RunAsync("cp", ["--sparse=always", Path.Combine(entry, ImageFile), copy], stop);
        return new DebianDisk(copy, await File.ReadAllTextAsync(Path.Combine(entry, "release"), stop));
    }

    /// <summary>Puts a program into a directory of the disk.</summary>
    public Task WriteAsync(string file, string path, CancellationToken stop) =>
        Command.ShellAsync("""printf 'write %s %s\nsif %s mode 0100755\n' "$2" "$3" "$3" | debugfs -w -f - "$1" >/dev/null""", stop, Image, file, path);

    /// <summary>Takes the initramfs out, as it is now, for QEMU to start.</summary>
    public async Task<string> InitramfsAsync(string file, CancellationToken stop)
    {
        await Command.RunAsync("debugfs", ["-R", $"dump /boot/initrd.img-{release} {file}", Image], stop);
        return file;
    }

    /// <summary>What installing packages would have done, as far as it matters here.</summary>
    static void Settle(string root)
    {
        foreach (var name in new[] { "dev", "proc", "sys", "run", "tmp", "root", "lab", "var/tmp" })
            Directory.CreateDirectory(Path.Combine(root, name));
        File.Copy(Path.Combine(root, "usr/share/base-passwd/passwd.master"), Path.Combine(root, "etc/passwd"));
        File.Copy(Path.Combine(root, "usr/share/base-passwd/group.master"), Path.Combine(root, "etc/group"));
        Link(root, "usr/bin/sh", "dash");
        Link(root, "usr/bin/awk", "mawk");
        foreach (var unit in Masked)
            Link(root, $"etc/systemd/system/{unit}", "/dev/null");
        Write(root, "etc/machine-id", "0123456789abcdef0123456789abcdef\n");
        Write(root, "etc/fstab", "/dev/vda / ext4 rw 0 1\n");
        Write(root, "etc/initramfs-tools/conf.d/lab", "MODULES=list\n");
        Write(root, "etc/initramfs-tools/modules", string.Join('\n', InitramfsModules) + "\n");
        Write(root, "etc/dracut.conf.d/lab.conf", $"hostonly=no\ncompress=gzip\ndrivers=\"{string.Join(' ', InitramfsModules)}\"\nomit_dracutmodules=\"{DracutModulesLeftOut}\"\n");
        Write(root, "etc/systemd/system/lab.service", "[Unit]\nAfter=sysinit.target systemd-udev-settle.service\nWants=systemd-udev-settle.service\n[Service]\nType=oneshot\nExecStart=/lab/boot\nStandardOutput=journal+console\n");
        Write(root, "etc/systemd/system/lab.target", "[Unit]\nRequires=sysinit.target\nWants=lab.service\n");
    }

    static void Write(string root, string path, string text)
    {
        var file = Path.Combine(root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    static void Link(string root, string path, string target)
    {
        var file = Path.Combine(root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.Delete(file);
        File.CreateSymbolicLink(file, target);
    }
}
