namespace Drover.Lab.Install;

/// <summary>What differs between disks with a small Debian.</summary>
/// <param name="Maker">The package that makes the initramfs: initramfs-tools or dracut.</param>
/// <param name="Packages">Besides those of all disks; apt adds dependencies.</param>
/// <param name="Masked">Units that are masked.</param>
/// <param name="Files">Text files by path.</param>
/// <param name="Links">Targets of links by path.</param>
sealed record DiskPlan(
    string Maker, IReadOnlyList<string> Packages, IReadOnlyList<string> Masked,
    IReadOnlyDictionary<string, string> Files, IReadOnlyDictionary<string, string> Links)
{
    /// <summary>Of every disk's file system.</summary>
    public const string Uuid = "6d6f6475-6c65-4000-8000-6c6f61646564";

    /// <summary>Units that take time at a first boot and do not matter here.</summary>
    static readonly string[] s_masked =
    [
        "systemd-hwdb-update.service", "systemd-journal-catalog-update.service", "systemd-firstboot.service",
        "systemd-update-utmp.service",
    ];

    /// <summary>The initramfs' modules besides those of hooks: for the disk, and for some other devices.</summary>
    static readonly string[] s_initramfsModules = ["virtio_pci", "virtio_blk", "ext4", "ahci", "sd_mod", "i2c_i801"];

    /// <summary>dracut's modules for other kinds of disks.</summary>
    const string DracutModulesLeftOut =
        "crypt dm lvm mdraid multipath dmraid nbd nfs iscsi network network-legacy btrfs qemu qemu-net resume terminfo "
        + "i18n kernel-network-modules";

    const string EndUnit = "etc/systemd/system/lab-end.service", MemoryUnit = "etc/systemd/system/lab-memory.service";

    /// <summary>Identifies the plan's text.</summary>
    public string Text => string.Join('\n', (string[])
    [
        Maker, .. Packages, .. Masked, .. Files.Concat(Links).Select(entry => $"{entry.Key}\n{entry.Value}"),
    ]);

    /// <summary>The files that are executable.</summary>
    public IEnumerable<string> Scripts =>
        Files.Where(file => file.Value.StartsWith("#!", StringComparison.Ordinal)).Select(file => file.Key);

    /// <summary>A disk for virtio_blk whose initramfs has few modules and loads them by their names.</summary>
    public static DiskPlan ForInstall(string maker) => new(
        maker, [], [.. s_masked, "getty.target"],
        new Dictionary<string, string>
        {
            ["etc/fstab"] = "/dev/vda / ext4 rw 0 1\n",
            ["etc/initramfs-tools/conf.d/lab"] = "MODULES=list\n",
            ["etc/initramfs-tools/modules"] = string.Join('\n', s_initramfsModules) + "\n",
            ["etc/dracut.conf.d/lab.conf"] = $"hostonly=no\ncompress=gzip\n"
                + $"drivers=\"{string.Join(' ', s_initramfsModules)}\"\n"
                + $"omit_dracutmodules=\"{DracutModulesLeftOut}\"\n",
            ["etc/systemd/system/lab.service"] = "[Unit]\nAfter=sysinit.target systemd-udev-settle.service\n"
                + "Wants=systemd-udev-settle.service\n"
                + "[Service]\nType=oneshot\nExecStart=/lab/boot\nStandardOutput=journal+console\n",
            ["etc/systemd/system/lab.target"] = "[Unit]\nRequires=sysinit.target\nWants=lab.service\n",
        },
        new Dictionary<string, string>());

    /// <summary>A disk that is memory, as an NVDIMM. The initramfs is as Debian makes it, with the driver of the disk,
    /// which nothing asks for by its name.</summary>
    public static DiskPlan InMemory() => new(
        "initramfs-tools", ["dbus", "e2fsprogs", "logsave"], s_masked,
        new Dictionary<string, string>
        {
            ["etc/fstab"] = $"UUID={Uuid} / ext4 errors=remount-ro 0 1\n",
            ["etc/initramfs-tools/hooks/lab"] = Resources.Read("boot-hook"),
            ["etc/initramfs-tools/scripts/init-top/000-lab"] = Resources.Read("boot-begin"),
            ["etc/initramfs-tools/scripts/init-bottom/lab"] = Resources.Read("boot-leave"),
            ["lab/memory"] = Resources.Read("boot-memory"),
            [MemoryUnit] = "[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/lab/memory /run/lab-memory\n",
            [EndUnit] = "[Unit]\nAfter=multi-user.target\n"
                + "[Service]\nType=oneshot\nExecStart=/lab/end\nStandardOutput=journal+console\n",
        },
        new Dictionary<string, string>
        {
            ["etc/systemd/system/sysinit.target.wants/lab-memory.service"] = $"/{MemoryUnit}",
            ["etc/systemd/system/multi-user.target.wants/lab-end.service"] = $"/{EndUnit}",
        });
}
