using System.IO.Compression;
using Drover.Lab.Guest;
using Drover.Lab.Reading;

namespace Drover.Lab.Tests;

public sealed class GuestFactsTests
{
    [Fact]
    public void The_kernels_statistics_are_read_by_their_names()
    {
        var stats = ModuleStats.Parse(Sample.Read("stats"));

        Assert.Equal(26, stats.EverLoaded);
        Assert.Equal(7_049_656, stats.WastedBytes);
        Assert.Equal(stats.WastedBytes, stats.BecomingBytes + stats.LoadBytes);
    }

    [Fact]
    public void Busybox_times_resident_set_is_taken_for_what_it_is()
    {
        // "Maximum resident set size (kbytes): 12640", four times too much with pages of 4 KiB
        Assert.Equal(12_640 / 4 * 1024, GuestFacts.MaximumResidentBytes(Sample.Read("time")));
    }

    [Fact]
    public void Peaks_of_processes_add_up()
    {
        Assert.Equal(4, GuestFacts.Processes(Sample.Read("processes")).Processes);
        Assert.Equal((2, (5436 + 3632) * 1024L), GuestFacts.Processes("systemd-udevd 5436\n(udev-worker) 3632\n"));
    }

    [Fact]
    public void Modules_are_sorted_and_facts_may_end_in_carriage_returns()
    {
        Assert.Equal(["button", "evdev"], GuestFacts.Modules("evdev 28672 0 - Live 0x0000000000000000\nbutton 24576 0 - Live 0x0\n"));
        Assert.Equal(12.53, GuestFacts.Facts("start=9.95\r\nend=12.53\r\n")["end"]);
    }

    [Fact]
    public async Task A_cut_archive_is_no_result()
    {
        var file = Path.GetTempFileName();
        try
        {
            using var whole = new MemoryStream();
            await using (var gzip = new GZipStream(whole, CompressionLevel.Fastest, leaveOpen: true))
            await using (var tar = new System.Formats.Tar.TarWriter(gzip))
                await tar.WriteEntryAsync(new System.Formats.Tar.PaxTarEntry(System.Formats.Tar.TarEntryType.RegularFile, "./facts") { DataStream = new MemoryStream("status=0\n"u8.ToArray()) }, TestContext.Current.CancellationToken);

            await File.WriteAllBytesAsync(file, whole.ToArray(), TestContext.Current.CancellationToken);
            Assert.Equal("status=0\n", (await GuestResult.ReadAsync(file, TimeSpan.Zero, TestContext.Current.CancellationToken))?.Text("facts"));

            await File.WriteAllBytesAsync(file, whole.ToArray()[..20], TestContext.Current.CancellationToken);
            Assert.Null(await GuestResult.ReadAsync(file, TimeSpan.Zero, TestContext.Current.CancellationToken));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Nodes_are_told_by_kind_rights_owner_path_and_target()
    {
        const string List = """
            drwxr-xr-x    4 root     root          2020 Nov 23 05:46 /dev
            lrwxrwxrwx    1 root     root             8 Nov 23 05:46 /dev/char/10:1 -> ../psaux
            crw-rw----    1 root     tty       4,  64 Nov 23 05:46 /dev/ttyS0
            brw-rw----    1 root     cdrom    11,   0 Nov 23  2025 /dev/sr0
            """;
        Assert.Equal(
            ["brw-rw---- root:cdrom /dev/sr0", "crw-rw---- root:tty /dev/ttyS0", "lrwxrwxrwx root:root /dev/char/10:1 -> ../psaux"], GuestFacts.Nodes(List));
    }

    [Fact]
    public void Which_number_an_input_device_got_is_no_difference()
    {
        const string List = """
            lrwxrwxrwx    1 root     root             9 Nov 23 05:46 /dev/input/by-path/platform-pcspkr-event-spkr -> ../event2
            lrwxrwxrwx    1 root     root             9 Nov 23 05:46 /dev/char/13:66 -> ../input/event2
            """;
        Assert.Equal(
            ["lrwxrwxrwx root:root /dev/char/13:66 -> ../input/event2", "lrwxrwxrwx root:root /dev/input/by-path/platform-pcspkr-event-spkr -> ../event#"], GuestFacts.Nodes(List));
    }
}
