using System.Formats.Tar;
using Drover.Lab.Guest;
using Drover.Lab.Host;
using Drover.Lab.Reading;

namespace Drover.Lab.Tests.Reading;

public sealed class GuestFactsTests
{
    [Fact]
    public void The_resident_set_of_busyboxs_time_is_corrected()
    {
        // "Maximum resident set size (kbytes): 12640", four times too much with pages of 4 KiB
        Assert.Equal(12_640 / 4 * 1024, GuestFacts.MaxResidentBytes(Sample.Read("time")));
    }

    [Fact]
    public void Peaks_of_processes_add_up()
    {
        Assert.Equal(4, GuestFacts.Processes(Sample.Read("processes")).Processes);
        Assert.Equal((2, (5436 + 3632) * 1024L), GuestFacts.Processes("systemd-udevd 5436\n(udev-worker) 3632\n"));
    }

    [Fact]
    public void Modules_are_sorted_and_facts_may_have_carriage_returns()
    {
        const string Modules = "evdev 28672 0 - Live 0x0000000000000000\nbutton 24576 0 - Live 0x0\n";
        Assert.Equal(["button", "evdev"], GuestFacts.Modules(Modules));
        Assert.Equal(12.53, GuestFacts.Facts("start=9.95\r\nend=12.53\r\n")["end"]);
    }

    [Fact]
    public void A_damaged_archive_is_an_error()
    {
        using var whole = new MemoryStream();
        using (var text = new MemoryStream("status=0\n"u8.ToArray()))
        using (var tar = new TarWriter(whole, leaveOpen: true))
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "./facts") { DataStream = text });
        var archive = whole.ToArray();

        Assert.Equal("status=0\n", GuestResult.Read(archive, TimeSpan.Zero).Text("facts"));
        var damaged = Assert.Throws<LabException>(() => GuestResult.Read(archive[..700], TimeSpan.Zero));
        Assert.Contains("damaged", damaged.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nodes_have_kind_permissions_owner_path_and_target()
    {
        const string List = """
            drwxr-xr-x    4 root     root          2020 Nov 23 05:46 /dev
            lrwxrwxrwx    1 root     root             8 Nov 23 05:46 /dev/char/10:1 -> ../psaux
            crw-rw----    1 root     tty       4,  64 Nov 23 05:46 /dev/ttyS0
            brw-rw----    1 root     cdrom    11,   0 Nov 23  2025 /dev/sr0
            """;
        Assert.Equal(
            [
                "brw-rw---- root:cdrom /dev/sr0", "crw-rw---- root:tty /dev/ttyS0",
                "lrwxrwxrwx root:root /dev/char/10:1 -> ../psaux",
            ],
            GuestFacts.Nodes(List));
    }

    [Fact]
    public void The_number_of_an_input_device_is_left_out()
    {
        const string List = """
            lrwxrwxrwx    1 root     root             9 Nov 23 05:46 /dev/input/by-path/pcspkr-event-spkr -> ../event2
            lrwxrwxrwx    1 root     root             9 Nov 23 05:46 /dev/char/13:66 -> ../input/event2
            """;
        Assert.Equal(
            [
                "lrwxrwxrwx root:root /dev/char/13:66 -> ../input/event2",
                "lrwxrwxrwx root:root /dev/input/by-path/pcspkr-event-spkr -> ../event#",
            ],
            GuestFacts.Nodes(List));
    }
}
