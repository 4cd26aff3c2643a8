using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using CsCheck;
using Drover.Kernel;
using Drover.Linux.Tests;
using Drover.Modules;
using Drover.Study.Audit;

namespace Drover.Study.Tests.Audit;

/// <summary>Machines in tar archives, hostile ones included.</summary>
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
    public void Copy_of_sys_is_read_at_any_depth(TarEntryFormat format)
    {
        Write(format, false,
            ($"report/sys{Nic}/uevent", NicUevent, null),
            ($"report/sys{Nic}/subsystem", null, "../../../bus/pci"),
            ("report/sys/bus/pci/drivers/e1000e/module", null, "../../../../module/e1000e-ng"),
            ("report/sys/module/loop/initstate", "live\n", null),
            ("report/sys/module/late/initstate", "coming\n", null),
            ("report/sys/module/compression", "zstd\n", null));
        var archive = SysfsArchive.Read(File);
        var device = Assert.Single(archive.Devices);
        Assert.Equal((Nic, "pci"), (device.DevPath, device.Subsystem));
        Assert.Equal("pci:v00008086d000010D3", Assert.Single(device.Modaliases));
        Assert.Equal("e1000e_ng", archive.DriverModuleOf(Nic) is { } module ? ModuleName.FromPath(module) : null);
        Assert.Equal(["loop"], archive.Live!);
        Assert.Equal(ModuleCompression.Zstd, archive.Decompresses);
        Assert.Null(archive.Release);
    }

    [Fact]
    public void Report_has_devices_modules_memory_and_kernel()
    {
        const string Database = $"""
            P: {Nic}
            L: 0
            E: DEVPATH={Nic}
            E: SUBSYSTEM=pci
            E: DRIVER=e1000e
            E: MODALIAS=pci:v00008086d000010D3

            P: no path
            E: MODALIAS=x


            """;
        Write(TarEntryFormat.Gnu, true,
            ("sosreport-x/sos_commands/devices/udevadm_info_--export-db", Database, null),
            ("sosreport-x/sos_commands/kernel/lsmod", "Module      Size  Used by\ne1000e     331776  0\n", null),
            ("sosreport-x/proc/meminfo", "MemTotal:        2097152 kB\nMemAvailable:    1048576 kB\n", null),
            ("sosreport-x/sos_commands/kernel/uname_-a", "Linux host 5.14.0-427.el9.x86_64 #1 SMP\n", null));
        var archive = SysfsArchive.Read(File);
        var device = Assert.Single(archive.Devices);
        Assert.Equal((Nic, "pci"), (device.DevPath, device.Subsystem));
        Assert.Equal("pci:v00008086d000010D3", Assert.Single(device.Modaliases));
        Assert.Equal(["e1000e"], archive.Live!);
        Assert.Equal((2L << 30, "5.14.0-427.el9.x86_64"), (archive.MemoryBytes, archive.Release));
        Assert.Null(archive.Decompresses);
        Assert.False(archive.LacksDevices);
    }

    [Fact]
    public void Report_without_udev_database_lacks_devices()
    {
        Write(TarEntryFormat.Gnu, true,
            ("sosreport-x/sos_commands/devices/udevadm_info_--export-db", "udevadm: not found\n", null),
            ($"sosreport-x/sys{Nic}/uevent", NicUevent, null));
        Assert.True(SysfsArchive.Read(File).LacksDevices);
        Write(TarEntryFormat.Gnu, true, ($"copy/sys{Nic}/uevent", NicUevent, null));
        Assert.False(SysfsArchive.Read(File).LacksDevices);
    }

    [Fact]
    public void Long_paths_are_complete()
    {
        var path = $"/devices/{string.Join('/', Enumerable.Repeat("pci0000:00", 40))}";
        foreach (var format in new[] { TarEntryFormat.Pax, TarEntryFormat.Gnu })
        {
            var link = $"{string.Concat(Enumerable.Repeat("../", 60))}bus/pci";
            Write(format, false, ($"sys{path}/uevent", NicUevent, null), ($"sys{path}/subsystem", null, link));
            var device = Assert.Single(SysfsArchive.Read(File).Devices);
            Assert.Equal((path, "pci"), (device.DevPath, device.Subsystem));
        }
    }

    [Theory]
    [InlineData("../../release")]
    [InlineData("..")]
    public void Release_that_is_a_path_is_ignored(string release)
    {
        Write(TarEntryFormat.Ustar, false, ("proc/version", $"Linux version {release} (x)\n", null));
        Assert.Null(SysfsArchive.Read(File).Release);
    }

    [Fact]
    public void Damaged_archive_is_read_or_refused()
    {
        var longName = $"sys/{new string('x', 200)}";
        Write(TarEntryFormat.Pax, false, ($"sys{Nic}/uevent", NicUevent, null), (longName, "y", null));
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
    public void Other_file_is_refused(string text, int times)
    {
        System.IO.File.WriteAllText(File, string.Concat(Enumerable.Repeat(text, times)));
        Assert.Throws<ModuleDataException>(() => SysfsArchive.Read(File));
    }

    [Fact]
    public void Huge_name_is_refused()
    {
        // gigabytes, and the smallest size above the limit
        foreach (var size in (string[])["77777777777", "17777777777", "10000000000", "00000200001"])
        {
            RefusesName('L', size);
            RefusesName('x', size);
        }
    }

    /// <summary>What <c>tar --sparse</c> writes; the reader cannot read it.</summary>
    [Fact]
    public void Sparse_file_is_refused_with_what_to_do()
    {
        System.IO.File.WriteAllBytes(File, Header('S', "00000000000"));
        var refused = Assert.Throws<ModuleDataException>(() => SysfsArchive.Read(File));
        Assert.Contains("without --sparse", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>A size in the base 256 that is wider than 64 bits.</summary>
    [Fact]
    public void Number_out_of_range_is_refused()
    {
        System.IO.File.WriteAllBytes(File, Header('0', $"\u0080{new string('\u00ff', 11)}"));
        Assert.Throws<ModuleDataException>(() => SysfsArchive.Read(File));
    }

    void RefusesName(char type, string size)
    {
        System.IO.File.WriteAllBytes(File, Header(type, size));
        Assert.Throws<ModuleDataException>(() => SysfsArchive.Read(File));
    }

    /// <param name="size">As the header has it, in Latin-1.</param>
    static byte[] Header(char type, string size)
    {
        var header = new byte[1024];
        "long"u8.CopyTo(header);
        Encoding.Latin1.GetBytes(size).CopyTo(header, 124);
        header[156] = (byte)type;
        header.AsSpan(148, 8).Fill((byte)' ');
        var checksum = Convert.ToString(header.Sum(value => value), 8).PadLeft(6, '0');
        Encoding.ASCII.GetBytes($"{checksum}\0 ").CopyTo(header, 148);
        return header;
    }

    void Write(TarEntryFormat format, bool packed, params (string Name, string? Text, string? Link)[] entries)
    {
        using var archive = System.IO.File.Create(File);
        using var stream = packed ? new GZipStream(archive, CompressionLevel.Fastest) : (Stream)archive;
        using var tar = new TarWriter(stream, format);
        foreach (var (name, text, link) in entries)
        {
            var file = format is TarEntryFormat.V7 ? TarEntryType.V7RegularFile : TarEntryType.RegularFile;
            tar.WriteEntry(Entry(format, text is null ? TarEntryType.SymbolicLink : file, name, text, link));
        }
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
