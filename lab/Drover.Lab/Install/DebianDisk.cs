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

    const string ImageFile = "disk.img", ImageSize = "2G", ReleaseFile = "release";

    public string Image => image;

    /// <summary>The disk of a plan in the cache, for reading only.</summary>
    /// <param name="kernel">The lab's kernel of the system, for the guest that makes the first initramfs.</param>
    public static async Task<DebianDisk> PrepareAsync(LabHost host, DiskPlan plan, KernelImage kernel)
    {
        var system = kernel.System;
        var debian = new DebianArchive(host, system.Release, system.Architecture);
        var tree = await GuestTree.PrepareAsync(host, system);
        var kernelPackages = await debian.FilesAsync(await debian.KernelPackagesAsync(system.KernelSeries));
        var packages = await debian.FilesAsync(
            await debian.WithDependenciesAsync([.. s_packages, plan.Maker, .. plan.Packages]));
        var names = string.Join('\n', packages.Concat(kernelPackages).Select(Path.GetFileName)
            .Append(Resources.Read("install-prepare")).Append(plan.Text));
        return await InCacheAsync(host, LabHost.HashOf(names)[..12], MakeAsync);

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
            // since 7.x a kernel's package copies its image there when it is configured
            var bootable = work.File($"boot/vmlinuz-{release}");
            if (!File.Exists(bootable))
            {
                Directory.CreateDirectory(work.File("boot"));
                File.Copy(kernel.Image, bootable);
            }
            await tree.DepmodAsync(work.Path, release);
            await tree.CompileHwdbAsync(work.Path);
            Complete(work.Path, plan);
            foreach (var script in plan.Scripts)
                await host.RunAsync("chmod", ["0755", work.File(script)]);
            await File.WriteAllTextAsync(Path.Combine(made, ReleaseFile), release);
            var disk = Path.Combine(made, ImageFile);
            await host.RunAsync(
                "mke2fs", ["-q", "-t", "ext4", "-U", DiskPlan.Uuid, "-d", work.Path, disk, ImageSize]);
            await ChangeAsync(host, kernel, disk, "");
        }
    }

    /// <summary>A disk in the cache that this one becomes by <c>drover install</c> in a guest.</summary>
    public async Task<DebianDisk> WithDroverAsync(KernelImage kernel, string drover, string sha256)
    {
        var key = $"{Path.GetFileName(Path.GetDirectoryName(image))}-{sha256[..12]}";
        return await InCacheAsync(host, key, async made =>
        {
            host.Log("installing Drover on a disk (some minutes: a guest makes its initramfs)");
            var disk = new DebianDisk(host, Path.Combine(made, ImageFile), release);
            await CopyAsync(disk.Image);
            await File.WriteAllTextAsync(Path.Combine(made, ReleaseFile), release);
            await disk.WriteAsync(drover, "lab/drover");
            await ChangeAsync(host, kernel, disk.Image, "change=install\n");
        });
    }

    /// <summary>A copy of the disk, for one invocation, with the guest's side of the channel.</summary>
    public async Task<DebianDisk> CopyToAsync(string folder, GuestChannel channel)
    {
        var copy = new DebianDisk(host, Path.Combine(folder, ImageFile), release);
        await CopyAsync(copy.Image);
        var program = Path.Combine(folder, "host");
        await File.WriteAllBytesAsync(program, channel.Program);
        await copy.WriteAsync(program, "lab/host");
        return copy;
    }

    public Task WriteAsync(string file, string path) => host.ShellAsync(
        """printf 'write %s %s\nsif %s mode 0100755\n' "$2" "$3" "$3" | debugfs -w -f - "$1" >/dev/null""",
        image, file, path);

    /// <summary>Makes a directory in one that is there.</summary>
    public Task MakeDirectoryAsync(string path) =>
        host.RunAsync("debugfs", ["-w", "-R", $"mkdir {path}", image]);

    /// <summary>Adds a module to those of the disk's kernel, and makes their indexes again.</summary>
    public async Task AddModuleAsync(string file, GuestTree tree)
    {
        using var work = host.Work();
        var modules = Directory.CreateDirectory(work.File("lib/modules")).FullName;
        await host.RunAsync("debugfs", ["-R", $"rdump /usr/lib/modules/{release} {modules}", image]);
        File.Copy(file, Path.Combine(modules, release, Path.GetFileName(file)));
        await tree.DepmodAsync(work.Path, release);
        await host.ShellAsync(
            """
            cd "$1"
            for file in *.ko modules.*; do
                printf 'rm %s\nwrite %s %s\n' "$3/$file" "$file" "$3/$file"
            done | debugfs -w -f - "$2" >/dev/null
            """, Path.Combine(modules, release), image, $"/usr/lib/modules/{release}");
    }

    /// <summary>Copies the disk's present initramfs to a file, for QEMU to start.</summary>
    public async Task<string> InitramfsAsync(string file)
    {
        await host.RunAsync("debugfs", ["-R", $"dump /boot/initrd.img-{release} {file}", image]);
        return file;
    }

    static async Task<DebianDisk> InCacheAsync(LabHost host, string key, Func<string, Task> make)
    {
        var entry = await host.EntryAsync("disks", key, make);
        var release = await File.ReadAllTextAsync(Path.Combine(entry, ReleaseFile));
        return new(host, Path.Combine(entry, ImageFile), release);
    }

    /// <summary>Runs install-prepare in a guest that has the disk.</summary>
    static async Task ChangeAsync(LabHost host, KernelImage kernel, string disk, string settings)
    {
        var run = new GuestRun(kernel, Gate.None, 2, GuestLoader.List, "2G", TimeSpan.FromMinutes(30))
        {
            Init = "install-prepare",
            Disk = disk,
            Settings = settings,
            Threads = Threads.Multi,
        };
        var result = await Machine.RunAsync(run, host);
        if (!result.Required("facts").Contains("status=0", StringComparison.Ordinal))
            throw new LabException($"the disk's initramfs could not be made:\n{result.Text("initramfs")}");
    }

    Task<string> CopyAsync(string file) => host.RunAsync("cp", ["--sparse=always", image, file]);

    /// <summary>The part of the packages' installation that matters here, and the lab's own files.</summary>
    static void Complete(string root, DiskPlan plan)
    {
        foreach (var name in new[] { "dev", "proc", "sys", "run", "tmp", "root", "lab", "var/tmp" })
            Directory.CreateDirectory(Path.Combine(root, name));
        var passwd = Path.Combine(root, "usr/share/base-passwd");
        File.Copy(Path.Combine(passwd, "passwd.master"), Path.Combine(root, "etc/passwd"));
        File.Copy(Path.Combine(passwd, "group.master"), Path.Combine(root, "etc/group"));
        Link("usr/bin/sh", "dash");
        Link("usr/bin/awk", "mawk");
        foreach (var unit in plan.Masked)
            Link($"etc/systemd/system/{unit}", "/dev/null");
        Write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
        foreach (var (path, text) in plan.Files)
            Write(path, text);
        foreach (var (path, target) in plan.Links)
            Link(path, target);
        // newer than /usr: no unit takes the boot for the first after an update (systemd-update-done.service(8))
        Write("etc/.updated", "");
        Write("var/.updated", "");

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
