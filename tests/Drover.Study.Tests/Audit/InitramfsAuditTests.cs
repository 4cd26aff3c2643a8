using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using Drover.CommandLine;
using Drover.Modules;
using Drover.Study.Audit;
using Drover.Tests;

namespace Drover.Study.Tests.Audit;

/// <summary>Images of an initramfs, made here as initramfs-tools and dracut make them.</summary>
public sealed class InitramfsAuditTests : IDisposable
{
    const string Modules = "lib/modules/6.1.0-test/kernel";

    /// <summary>A disk that t_e1000e drives, and a keyboard at t_acpi_cpufreq: the modules of the fixture.</summary>
    const string MountInfo = "24 1 8:1 / / rw,relatime shared:1 - btrfs /dev/sda1 rw\n";

    const string DiskAlias = "pci:v00008086d000010D3sv00sd00bc02sc00i00";

    readonly RecordableRoot _root = new("drover-image-");

    public void Dispose() => _root.Dispose();

    static readonly string[] s_packers = ["cat", "gzip", "xz --check=crc32", "zstd -q", "lz4 -l -q"];

    public static TheoryData<string> Packers => new(s_packers);

    [Theory]
    [MemberData(nameof(Packers))]
    public void Archives_follow_one_another_plain_or_packed(string packer)
    {
        var early = Archive(("kernel/x86/microcode/GenuineIntel.bin", "code"));
        var second = Archive(("usr/lib/firmware/a.fw", "firmware"), ("x", "old"));
        var main = Archive(("usr/bin/sh", "shell"), ("./x", "new"), ("etc/modprobe.d/a.conf", "blacklist a\n"));
        var image = Write([.. early, .. new byte[508], .. second, .. Pack(packer, main)]);
        var files = InitramfsImage.Read(image).Files;
        Assert.Equal(
            ["bin/sh", "etc/modprobe.d/a.conf", "kernel/x86/microcode/GenuineIntel.bin", "lib/firmware/a.fw", "x"],
            files.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("new", Encoding.ASCII.GetString(files["x"].Content.Span));
    }

    [Fact]
    public void Hard_and_symbolic_links_have_the_contents_of_what_they_mean()
    {
        // dracut links equal files; cpio writes the contents with the last of them
        byte[] archive =
        [
            .. Entry("etc/modprobe.d/1.conf", "", links: 2, inode: 7),
            .. Entry("etc/modprobe.d/2.conf", "options a\n", links: 2, inode: 7),
            .. Entry("etc/modprobe.d/3.conf", "2.conf", mode: 0xA1FF),
            .. Entry("etc/modprobe.d/4.conf", "/dev/null", mode: 0xA1FF),
            .. Entry("TRAILER!!!", ""),
        ];
        var image = InitramfsImage.Read(Write(archive));
        Assert.Equal(
            ["options a\n", "options a\n", "options a\n", ""],
            "1234".Select(name => Encoding.ASCII.GetString(image.TextOf($"etc/modprobe.d/{name}.conf")!.Value.Span)));
    }

    [Theory]
    [InlineData("BZh91AY", "compressed by bzip2, which this program cannot read")]
    [InlineData("]\0\0\0\u0080", "compressed by lzma, which")]
    [InlineData("MZ", "neither a cpio archive (newc) nor compressed by gzip, xz, zstd or lz4 -l")]
    [InlineData("070701", "a cpio archive without its end")]
    public void What_cannot_be_read_is_named(string text, string why)
    {
        var image = Write(Encoding.Latin1.GetBytes(text));
        var damage = Assert.Throws<ModuleDataException>(() => InitramfsImage.Read(image));
        Assert.Contains(why, damage.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_images_are_typed_errors()
    {
        foreach (var packer in s_packers)
        {
            var whole = Pack(packer, Archive(("etc/a", new string('a', 3000)), ("b", "b")));
            var random = new Random(packer.Length);
            for (var i = 0; i < 200; i++)
            {
                var bytes = whole[..(i % 2 == 0 ? whole.Length : random.Next(whole.Length))];
                if (bytes.Length > 0)
                    bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                try
                {
                    _ = InitramfsImage.Read(Write(bytes));
                }
                catch (ModuleDataException)
                {
                    // the only error that damage may be
                }
            }
        }
    }

    [Fact]
    public void Modules_of_root_and_keyboard_are_followed_through_all_they_need()
    {
        File.WriteAllText(
            _root.Make("etc/modprobe.d/soft.conf"),
            "softdep t_btrfs pre: t_ptp\nweakdep t_e1000e t_acpi_cpufreq\nalias fs-btrfs t_btrfs\n");
        var audit = Audit(MakeSys(), ($"{Modules}/drivers/net/t_e1000e.ko.xz", "x"), ("init", "x"));
        Assert.Equal(
            """
            t_acpi_cpufreq keyboard a driver of it
            t_btrfs root its file system
            t_crc32c_generic root softdep of t_btrfs
            t_pps_core root t_e1000e needs it
            t_ptp root t_e1000e needs it
            t_raid6_pq root t_btrfs needs it
            """.Split('\n').Order(),
            audit.Lacking.Select(one => $"{one.Module} {one.For} {one.Why}").Order());
        Assert.Equal((7, 1), (audit.Needed, audit.ModulesInImage));
        Assert.Empty(audit.Limitations);
        Assert.DoesNotContain("t_btrfs", audit.Later);
    }

    /// <summary>The running kernel has the disk's driver built in; the image's kernel has a module for it.</summary>
    [Theory]
    [InlineData(DiskAlias, "", "t_e1000e: a driver of it, built into the running kernel")]
    [InlineData(DiskAlias, "t_e1000e.alias=pci:v00008086d000010D3*\0", null)]
    [InlineData("pci:v0000FFFFd000010D3sv00sd00bc02sc00i00", "", null)]
    public void Driver_that_is_built_in_here_may_be_a_module_there(string alias, string builtIn, string? lacking)
    {
        var sys = MakeSys(keyboard: false);
        File.Delete($"{sys}/bus/t_e1000e/module");
        File.WriteAllText($"{sys}/devices/pci0/disk/modalias", $"{alias}\n");
        File.AppendAllText(_root.Make("lib/modules/6.1.0-test/modules.builtin.modinfo"), builtIn);
        var audit = Audit(sys, ("init", "x"));
        Assert.Empty(audit.Limitations);
        Assert.Equal(lacking, audit.Lacking.Where(one => one.Module == "t_e1000e")
            .Select(one => $"{one.Module}: {one.Why}").SingleOrDefault());
        // whatever its drivers are, the device has a file system
        Assert.Contains(audit.Lacking, one => one.Module == "t_btrfs");
        audit = Audit(sys, ($"{Modules}/t_e1000e.ko", ""));
        Assert.DoesNotContain(audit.Lacking, one => one.Module == "t_e1000e");
    }

    [Fact]
    public void Weakdep_of_a_needed_module_is_wanted_too()
    {
        File.WriteAllText(_root.Make("etc/modprobe.d/weak.conf"), "weakdep t_e1000e t_raid6_pq\n");
        var audit = Audit(MakeSys(keyboard: false), ($"{Modules}/t_e1000e.ko", ""), ($"{Modules}/t_ptp.ko", ""),
            ($"{Modules}/t_pps_core.ko", ""));
        Assert.Contains(new LackingModule("t_raid6_pq", "root", "weakdep of t_e1000e"), audit.Lacking);
    }

    [Fact]
    public void Configuration_that_differs_is_named()
    {
        Assert.Equal(["etc/modprobe.d/site.conf: not in the image"], Differences());
        var site = _root.Make("etc/modprobe.d/site.conf");
        var text = File.ReadAllText(site);
        Assert.Empty(Differences(("etc/modprobe.d/site.conf", text)));
        File.SetLastWriteTimeUtc(site, new DateTime(2026, 5, 6, 0, 0, 0, DateTimeKind.Utc));
        File.WriteAllText(_root.Make("usr/lib/modprobe.d/vendor.conf"), "blacklist a\n");
        File.WriteAllText(_root.Make("etc/drover/policy.d/10.conf"), "forbid a\n");
        Assert.Equal(
            [
                "etc/drover/policy.d/10.conf: not in the image", "etc/modprobe.d/gone.conf: only in the image",
                "etc/modprobe.d/site.conf: other contents; the image's is older (2001-09-09, here 2026-05-06)",
            ],
            Differences(
                ("etc/modprobe.d/site.conf", "# old\n"), ("etc/modprobe.d/gone.conf", "x\n"),
                ("lib/modprobe.d/vendor.conf", "blacklist a\n")));
    }

    /// <summary>Names and links of an image are bytes, as those of the system are.</summary>
    [Fact]
    public void Configuration_with_other_letters_is_the_same_file()
    {
        const string Text = "blacklist a\n";
        var site = _root.Make("etc/modprobe.d/site.conf");
        File.WriteAllText(_root.Make("etc/modprobe.d/küche.conf"), Text);
        File.WriteAllText(_root.Make("etc/modprobe.d/link.conf"), Text);
        var image = InitramfsImage.Read(Write(
            [
                .. Entry("etc/modprobe.d/site.conf", File.ReadAllText(site)),
                .. Entry("etc/modprobe.d/küche.conf", Text),
                .. Entry("etc/modprobe.d/link.conf", "küche.conf", mode: 0xA1FF), .. Entry("TRAILER!!!", ""),
            ]));
        Assert.Empty(Audit(MakeSys(), image).Files);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(7)]
    public void Damaged_number_is_reported_at_its_entry(int field)
    {
        var (first, second) = (Entry("etc/a", "a"), Entry("etc/b", "b", links: 2));
        second[6 + (8 * field)] = (byte)'x';
        var file = Write([.. first, .. second, .. Entry("TRAILER!!!", "")]);
        var damage = Assert.Throws<ModuleDataException>(() => InitramfsImage.Read(file));
        Assert.Equal(first.Length, damage.Offset);
    }

    [Fact]
    public void Report_is_text_and_a_document()
    {
        var image = Write(Archive(($"{Modules}/drivers/net/t_e1000e.ko", ""), ("etc/modprobe.d/old.conf", "x")));
        var boot = _root.Make("boot/initrd.img-6.1.0-test");
        File.Copy(image, boot);
        Run("running").ShouldBe("audit-initramfs.txt");
        Run(boot, "--json").ShouldBe("audit-initramfs-json.txt");

        CommandLineRun Run(string file, params string[] more)
        {
            var run = CommandLineRun.Run(
                ["audit", "--root", _root.Path, "--sys", CommandLineRun.Sys, "--initramfs", file, .. more]);
            return run with { Out = run.Out.Replace(_root.Path, "ROOT", StringComparison.Ordinal) };
        }
    }

    [Theory]
    [InlineData("--cpus", "4")]
    [InlineData("--metrics", "-")]
    public void Options_of_another_audit_are_refused(string option, string value) => Assert.Contains(
        $"--initramfs audits an image: leave out {option}",
        CommandLineRun.Run("audit", "--initramfs", "running", option, value).Error, StringComparison.Ordinal);

    string[] Differences(params (string Path, string Text)[] files) =>
        [.. Audit(MakeSys(), files).Files.Select(file => $"{file.Path}: {file.Difference}")
            .Order(StringComparer.Ordinal)];

    InitramfsAudit Audit(string sys, params (string Path, string Text)[] files) =>
        Audit(sys, InitramfsImage.Read(Write(Archive(files))));

    InitramfsAudit Audit(string sys, InitramfsImage image) => InitramfsAudit.Of(
        image,
        ModuleSource.Open(Arguments.Parse(["--root", _root.Path], [CommonOptions.Root, CommonOptions.Release])),
        _root.Path, sys, MountInfo);

    /// <summary>A sysfs with the root file system's disk and a keyboard.</summary>
    string MakeSys(bool keyboard = true)
    {
        var sys = _root.Make("sys/x")[..^2];
        if (Directory.Exists($"{sys}/devices"))
            return sys;
        Device("devices/pci0/disk", "t_e1000e");
        _ = Directory.CreateDirectory($"{sys}/devices/pci0/disk/block/sda/sda1");
        _ = Directory.CreateDirectory($"{sys}/dev/block");
        File.CreateSymbolicLink($"{sys}/dev/block/8:1", "../../devices/pci0/disk/block/sda/sda1");
        Device("devices/usb1", "t_acpi_cpufreq");
        var first = keyboard ? "10 fffffffffffffffe" : "40";
        foreach (var (input, keys) in new[] { ("input1", first), ("input2", "30000") })
        {
            File.WriteAllText(_root.Make($"sys/devices/usb1/{input}/capabilities/key"), $"{keys}\n");
            _ = Directory.CreateDirectory($"{sys}/class/input");
            File.CreateSymbolicLink($"{sys}/class/input/{input}", $"../../devices/usb1/{input}");
        }
        return sys;

        void Device(string path, string module)
        {
            _ = Directory.CreateDirectory($"{sys}/{path}");
            _ = Directory.CreateDirectory($"{sys}/module/{module}");
            _ = Directory.CreateDirectory($"{sys}/bus/{module}");
            File.CreateSymbolicLink($"{sys}/bus/{module}/module", $"../../module/{module}");
            var up = string.Concat(Enumerable.Repeat("../", path.Count(letter => letter == '/') + 1));
            File.CreateSymbolicLink($"{sys}/{path}/driver", $"{up}bus/{module}");
        }
    }

    string Write(byte[] image)
    {
        var file = _root.Make("image");
        File.WriteAllBytes(file, image);
        return file;
    }

    static byte[] Archive(params (string Path, string Text)[] files) =>
        [.. files.SelectMany(file => Entry(file.Path, file.Text)), .. Entry("TRAILER!!!", "")];

    static byte[] Entry(string path, string text, int mode = 0x81A4, int links = 1, int inode = 1)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var nameBytes = Encoding.UTF8.GetByteCount(path) + 1;
        int[] fields = [inode, mode, 0, 0, links, 1_000_000_000, bytes.Length, 8, 1, 0, 0, nameBytes, 0];
        var head = "070701" + string.Concat(fields.Select(field => field.ToString("X8", CultureInfo.InvariantCulture)))
            + path + "\0";
        return [.. Padded(Encoding.UTF8.GetBytes(head)), .. Padded(bytes)];
    }

    static byte[] Padded(byte[] bytes) => [.. bytes, .. new byte[-bytes.Length & 3]];

    static byte[] Pack(string command, byte[] bytes)
    {
        var words = command.Split(' ');
        if (words[0] == "gzip")
        {
            using var packed = new MemoryStream();
            using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
                gzip.Write(bytes);
            return packed.ToArray();
        }
        Assert.SkipUnless(
            new[] { "/usr/bin", "/bin" }.Any(place => File.Exists($"{place}/{words[0]}")),
            $"{words[0]} is not installed: apt-get install {words[0]}");
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        if (words[0] != "cat")
            start.ArgumentList.Add("-c");
        using var process = Process.Start(start)!;
        using (var input = process.StandardInput.BaseStream)
            input.Write(bytes);
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output.ToArray();
    }
}
