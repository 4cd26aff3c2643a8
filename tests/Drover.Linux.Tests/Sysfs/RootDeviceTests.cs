using Drover.Linux.Sysfs;

namespace Drover.Linux.Tests.Sysfs;

public sealed class RootDeviceTests
{
    const string MountInfo =
        "1 1 0:1 / / rw - rootfs rootfs rw\n24 1 253:0 / / rw,relatime shared:1 - ext4 /dev/mapper/root rw\n"
        + "30 24 8:1 / /boot rw - ext4 /dev/sda1 rw\n";

    [Fact]
    public void The_drivers_of_the_device_and_of_all_that_it_stands_on_count()
    {
        using var sys = new TestDirectory();
        // dm-0 on sda2, a disk of an AHCI controller behind a bridge without a driver
        const string Disk = "devices/pci0/0000:00:01.0/0000:01:00.0/ata1/host0/0:0:0:0";
        sys.File($"{Disk}/block/sda/sda2/dev", "8:2");
        sys.File("bus/scsi/drivers/sd/uevent", "");
        sys.Link($"{Disk}/driver", "../../../../../../../bus/scsi/drivers/sd");
        sys.File("module/sd_mod/x", "");
        sys.Link("bus/scsi/drivers/sd/module", "../../../../module/sd_mod");
        sys.File("bus/pci/drivers/ahci/uevent", "");
        sys.Link("devices/pci0/0000:00:01.0/0000:01:00.0/driver", "../../../../bus/pci/drivers/ahci");
        sys.File("module/ahci/x", "");
        sys.Link("bus/pci/drivers/ahci/module", "../../../../module/ahci");
        sys.File("devices/virtual/block/dm-0/dev", "253:0");
        sys.Link("devices/virtual/block/dm-0/slaves/sda2", $"../../../../../{Disk}/block/sda/sda2");
        sys.Link("dev/block/253:0", "../../devices/virtual/block/dm-0");

        Assert.Equal(["ahci", "sd_mod"], RootDevice.Modules(sys.Path, MountInfo).Order());
    }

    [Theory]
    [InlineData("")]
    [InlineData("1 1 0:1 / / rw - rootfs rootfs rw\n")]
    [InlineData("1 1 99:1 / / rw - ext4 /dev/x rw\n")]
    public void A_root_without_a_block_device_needs_nothing(string mountInfo)
    {
        using var sys = new TestDirectory();

        Assert.Empty(RootDevice.Modules(sys.Path, mountInfo));
    }
}
