using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using CsCheck;
using Drover.Linux.Sysfs;
using Drover.Modules;

namespace Drover.Linux.Tests;

/// <summary>Machines out of tar archives, which somebody else has made.</summary>
public sealed class SysfsArchiveTests : IDisposable
{
    const string Nic = "/devices/pci0000:00/0000:00:19.0";

    const string NicUevent = "DRIVER=e1000e\nPCI_CLASS=20000\nMODALIAS=pci:v00008086d000010D3\n";

    readonly TestDirectory _directory = new();

    string File => _directory["machine.tar"];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(TarEntryFormat.Ustar)]
    [InlineData(TarEntryFormat.Pax)]
    [InlineData(TarEntryFormat.Gnu)]
    [InlineData(TarEntryFormat.V7)]
    public void A_copy_of_sys_is_read_at_any_depth(TarEntryFormat format)
    {
        Write(format, false, ($"report/sys{Nic}/uevent", NicUevent, null), ($"report/sys{Nic}/subsystem", null, "../../../bus/pci"), ("report/sys/bus/pci/drivers/e1000e/module", null, "../../../../module/e1000e-ng"),
            ("report/sys/module/loop/initstate", "live\n", null), ("report/sys/module/late/initstate", "coming\n", null), ("report/sys/module/compression", "zstd\n", null));
        var archive = SysfsArchive.Read(File);
        var device = Assert.Single(archive.Devices);
        Assert.Equal((Nic, "pci", "pci:v00008086d000010D3"), (device.DevPath, device.Subsystem, Assert.Single(device.Modaliases)));
        Assert.Equal("e1000e_ng", archive.DriverModuleOf(Nic) is { } module ? ModuleName.FromPath(module) : null);
        Assert.Equal(["loop"], archive.Live!);
        Assert.Equal(ModuleCompression.Zstd, archive.Decompresses);
        Assert.Null(archive.Release);
    }

    [Fact]
    public void A_report_tells_devices_modules_memory_and_kernel()
    {
        Write(TarEntryFormat.Gnu, true,
            ("sosreport-x/sos_commands/devices/udevadm_info_--export-db", $"P: {Nic}\nL: 0\nE: DEVPATH={Nic}\nE: SUBSYSTEM=pci\nE: DRIVER=e1000e\nE: MODALIAS=pci:v00008086d000010D3\n\nP: no path\nE: MODALIAS=x\n\n", null),
            ("sosreport-x/sos_commands/kernel/lsmod", "Module                  Size  Used by\ne1000e                 331776  0\n", null),
            ("sosreport-x/proc/meminfo", "MemTotal:        2097152 kB\nMemAvailable:    1048576 kB\n", null),
            ("sosreport-x/sos_commands/kernel/uname_-a", "Linux host 5.14.0-427.el9.x86_64 #1 SMP\n", null));
        var archive = SysfsArchive.Read(File);
        var device = Assert.Single(archive.Devices);
        Assert.Equal((Nic, "pci", "pci:v00008086d000010D3"), (device.DevPath, device.Subsystem, Assert.Single(device.Modaliases)));
        Assert.Equal(["e1000e"], archive.Live!);
        Assert.Equal((2L << 30, "5.14.0-427.el9.x86_64", null), (archive.MemoryBytes, archive.Release, archive.Decompresses));
        Assert.False(archive.LacksDevices);
    }

    [Fact]
    public void A_report_without_udevs_database_is_known_to_lack_devices()
    {
        Write(TarEntryFormat.Gnu, true, ("sosreport-x/sos_commands/devices/udevadm_info_--export-db", "udevadm: not found\n", null), ($"sosreport-x/sys{Nic}/uevent", NicUevent, null));
        Assert.True(SysfsArchive.Read(File).LacksDevices);
        Write(TarEntryFormat.Gnu, true, ($"copy/sys{Nic}/uevent", NicUevent, null));
        Assert.False(SysfsArchive.Read(File).LacksDevices);
    }

    [Fact]
    public void Long_paths_are_whole()
    {
        var path = $"/devices/{string.Join('/', Enumerable.Repeat("pci0000:00", 40))}";
        foreach (var format in new[] { TarEntryFormat.Pax, TarEntryFormat.Gnu })
        {
            Write(format, false, ($"sys{path}/uevent", NicUevent, null), ($"sys{path}/subsystem", null, $"{string.Concat(Enumerable.Repeat("../", 60))}bus/pci"));
            Assert.Equal((path, "pci"), SysfsArchive.Read(File).Devices.Select(device => (device.DevPath, device.Subsystem)).Single());
        }
    }

    [Theory]
    [InlineData("../../release")]
    [InlineData("..")]
    public void A_release_is_no_path(string release)
    {
        Write(TarEntryFormat.Ustar, false, ("proc/version", $"Linux version {release} (x)\n", null));
        Assert.Null(SysfsArchive.Read(File).Release);
    }

    [Fact]
    public void Whatever_the_bytes_it_is_read_or_refused()
    {
        Write(TarEntryFormat.Pax, false, ($"sys{Nic}/uevent", NicUevent, null), ($"sys/{new string('x', 200)}", "y", null));
        var sound = System.IO.File.ReadAllBytes(File);
        Gen.Select(Gen.Int[0, sound.Length - 1], Gen.Byte, Gen.Int[0, sound.Length]).Sample((at, value, length) =>
        {
            var bytes = sound[..length];
            if (at < length)
                bytes[at] = value;
            System.IO.File.WriteAllBytes(File, bytes);
            try
            {
                Assert.InRange(SysfsArchive.Read(File).Devices.Count(), 0, 1);
            }
            catch (ModuleDataException refused)
            {
                Assert.Equal(File, refused.File);
            }
        }, threads: 1, iter: 500);
    }

    [Theory]
    [InlineData("no archive at all, but a text that is longer than a header: ", 20)]
    [InlineData("x", 1)]
    public void What_is_no_archive_is_refused(string text, int times)
    {
        System.IO.File.WriteAllText(File, string.Concat(Enumerable.Repeat(text, times)));
        Assert.Throws<ModuleDataException>(() => SysfsArchive.Read(File));
    }

    [Fact]
    public void A_name_that_says_it_is_huge_is_not_read()
    {
        var header = new byte[1024];
        "long"u8.CopyTo(header);
        "77777777777\0"u8.CopyTo(header.AsSpan(124));
        header[156] = (byte)'L';
        header.AsSpan(148, 8).Fill((byte)' ');
        Encoding.ASCII.GetBytes($"{Convert.ToString(header.Sum(value => value), 8).PadLeft(6, '0')}\0 ").CopyTo(header, 148);
        System.IO.File.WriteAllBytes(File, header);
        Assert.Contains("too long", Assert.Throws<ModuleDataException>(() => SysfsArchive.Read(File)).Message, StringComparison.Ordinal);
    }

    void Write(TarEntryFormat format, bool packed, params (string Name, string? Text, string? Link)[] entries)
    {
        using var file = System.IO.File.Create(File);
        using var stream = packed ? new GZipStream(file, CompressionLevel.Fastest) : (Stream)file;
        using var tar = new TarWriter(stream, format);
        foreach (var (name, text, link) in entries)
            tar.WriteEntry(Entry(format, text is null ? TarEntryType.SymbolicLink : format is TarEntryFormat.V7 ? TarEntryType.V7RegularFile : TarEntryType.RegularFile, name, text, link));
    }

    static TarEntry Entry(TarEntryFormat format, TarEntryType type, string name, string? text, string? link)
    {
        TarEntry entry = format switch
        {
            TarEntryFormat.V7 => new V7TarEntry(type, name),
            TarEntryFormat.Ustar => new UstarTarEntry(type, name),
            TarEntryFormat.Pax => new PaxTarEntry(type, name),
            _ => new GnuTarEntry(type, name),
        };
        if (link is not null)
            entry.LinkName = link;
        if (text is not null)
            entry.DataStream = new MemoryStream(Encoding.Latin1.GetBytes(text));
        return entry;
    }
}
