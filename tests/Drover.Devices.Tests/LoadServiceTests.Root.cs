using Drover.Loading;

namespace Drover.Devices.Tests;

/// <summary>With a record of the last boot, what the root file system needs is loaded before all else.</summary>
public partial class LoadServiceTests
{
    static readonly TimeSpan s_callTime = TimeSpan.FromMilliseconds(100);

    /// <summary>The controller's driver makes a disk, whose driver the root file system needs as well.</summary>
    [Fact]
    public void Other_devices_wait_for_the_chain_to_the_root_file_system()
    {
        var bench = RootBench(s_callTime);
        bench.WhenLoaded("ahci", () => bench.Devices.Appears("/devices/pci/disk", "scsi:t-0x00"));
        bench.Run(async service => Assert.True(await service.SettleAsync(null, null, default)));

        Assert.Equal(["ahci", "sd_mod"], bench.Order[..2]);
        Assert.Equal(["ahci", "e1000e", "kvm", "psmouse", "sd_mod"], bench.Order.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_disk_that_does_not_answer_holds_the_others_up_for_a_second()
    {
        var bench = RootBench(TimeSpan.FromSeconds(30));
        bench.Run(async service =>
        {
            await bench.Loop.Delay(TimeSpan.FromMilliseconds(900));
            Assert.Equal(["ahci"], bench.Order);
            await bench.Loop.Delay(TimeSpan.FromMilliseconds(500));
            Assert.Equal(["ahci", "e1000e", "kvm", "psmouse"], bench.Order.Order(StringComparer.Ordinal));
            Assert.True(await service.SettleAsync(null, null, default));
        });
    }

    /// <summary>Another disk than in the last boot: the scan shows that nothing of the record is there.</summary>
    [Fact]
    public void Without_the_device_of_the_record_nothing_waits()
    {
        var bench = RootBench(s_callTime);
        bench.Record = RecordWithRoot("pci:other");
        bench.Run(async service =>
        {
            await bench.Loop.Delay(TimeSpan.FromMilliseconds(100));
            Assert.Equal(4, bench.Order.Count);
            Assert.True(await service.SettleAsync(null, null, default));
        });
    }

    /// <summary>A program that waits for its module is no device.</summary>
    [Fact]
    public void A_request_by_name_does_not_wait_for_the_root_file_system()
    {
        var bench = RootBench(TimeSpan.FromSeconds(30));
        bench.Run(async service =>
        {
            var outcome = await service.LoadForClientAsync(new LoadRequest("e1000e"), default);
            Assert.Equal(OutcomeKind.Loaded, outcome.Modules[0].Kind);
            Assert.Equal(["ahci", "e1000e"], bench.Order);
        });
    }

    static Bench RootBench(TimeSpan controllerTakes)
    {
        var bench = new Bench(
            [
                new("e1000e") { Inode = 1 }, new("psmouse") { Inode = 2 },
                new("ahci") { Inode = 3, Takes = controllerTakes },
                new("sd_mod") { Inode = 4 }, new("kvm") { Inode = 5 },
            ],
            [
                ("pci:net", "e1000e"), ("serio:*", "psmouse"), ("pci:ahci", "ahci"), ("scsi:*", "sd_mod"),
                ("cpu:*", "kvm"),
            ])
        {
            Record = RecordWithRoot("pci:ahci", "scsi:t-0x00"),
        };
        foreach (var modalias in new[] { "pci:net", "serio:1", "cpu:1", "pci:ahci" })
            bench.Devices.Add($"/devices/{modalias}", modalias);
        return bench;
    }

    static BootRecord RecordWithRoot(params string[] modaliases) => BootRecord.Of(
        "sim",
        [
            .. modaliases.Select(modalias => new AliasReport(
                modalias, 1, $"/devices/{modalias}", [new ModuleOutcome("m", OutcomeKind.Loaded)], 1)),
        ],
        [], new HashSet<string> { "m" }, _ => null, null);
}
