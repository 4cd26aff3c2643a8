using Drover.Devices;
using Drover.Linux.Runtime;
using Drover.Linux.Sysfs;

namespace Drover.Linux.Tests.Sysfs;

public sealed class SysfsDevicesTests : IDisposable
{
    readonly LiveLoop _loop = new();
    readonly TestDirectory _sys = new();

    public SysfsDevicesTests() => Directory.CreateDirectory(_sys["devices"]);

    public void Dispose()
    {
        _sys.Dispose();
    }

    [Fact]
    public void Enumerate_finds_devices_of_buses_and_classes_with_path_and_subsystem()
    {
        Pci("devices/pci0000:00/0000:00:01.0", "0000:00:01.0", "PCI_CLASS=20000\nMODALIAS=pci:v1\n");
        _sys.File("devices/pci0000:00/0000:00:01.0/net/eth0/uevent", "INTERFACE=eth0\n");
        _sys.Link("class/net/eth0", "../../devices/pci0000:00/0000:00:01.0/net/eth0");
        _sys.File("class/net/bonding_masters", "");

        var (devices, counts) = Enumerate();

        Assert.Equal(["/devices/pci0000:00/0000:00:01.0", "/devices/pci0000:00/0000:00:01.0/net/eth0"],
            devices.Select(d => d.DevPath).Order());
        var pci = devices.Single(d => d.Subsystem == "pci");
        Assert.Equal(["pci:v1"], pci.Modaliases);
        Assert.Equal(["PCI_CLASS=20000"], pci.Properties);
        Assert.Equal((DeviceAction.Add, 0UL), (pci.Action, pci.Seqnum));
        Assert.Equal("net", devices.Single(d => d != pci).Subsystem);
        Assert.Equal((2, 0, 0, false), (counts.Devices, counts.Repeated, counts.Unreadable, counts.Truncated));
    }

    [Fact]
    public void Enumerate_keeps_both_MODALIAS_lines_of_a_device()
    {
        Pci("devices/a", "a", "MODALIAS=acpi:A:\nMODALIAS=of:NaTbCc\nMODALIAS=\n");
        Assert.Equal(["acpi:A:", "of:NaTbCc"], Assert.Single(Enumerate().Devices).Modaliases);
    }

    [Fact]
    public void Module_of_a_device_is_that_of_its_driver_or_the_driver_name()
    {
        _sys.File("devices/a/uevent", "");
        _sys.File("devices/b/uevent", "");
        _sys.Link("devices/a/driver", "../../bus/pci/drivers/intel-smbus");
        _sys.Link("bus/pci/drivers/intel-smbus/module", "../../../../module/i2c_i801");
        _sys.Link("devices/b/driver", "../../bus/acpi/drivers/power-button");
        _sys.File("bus/acpi/drivers/power-button/bind", "");
        using var devices = new SysfsDevices(_loop, _sys.Path);
        Assert.Equal("i2c_i801", devices.DriverModuleOf("/devices/a"));
        Assert.Equal("power_button", devices.DriverModuleOf("/devices/b"));
        Assert.Null(devices.DriverModuleOf("/devices"));
        Assert.Null(devices.DriverModuleOf("/devices/" + new string('x', 10_000)));
    }

    [Fact]
    public void Enumerate_walks_the_tree_of_a_copy_without_bus_and_class_links()
    {
        _sys.File("devices/uevent", "MODALIAS=root\n");
        _sys.File("devices/platform/uevent", "");
        _sys.File("devices/platform/x/y/uevent", "MODALIAS=platform:y\n");
        _sys.Link("devices/platform/x/y/subsystem", "../../../../bus/platform");
        _sys.File("devices/platform/power/control", "auto\n");

        var (devices, _) = Enumerate();

        Assert.Equal(
            [("/devices", ""), ("/devices/platform", ""), ("/devices/platform/x/y", "platform")],
            devices.Select(d => (d.DevPath, d.Subsystem)).Order());
    }

    [Fact]
    public void Enumerate_finds_a_device_on_two_lists_once()
    {
        Pci("devices/a", "a", "MODALIAS=a\n");
        _sys.Link("class/some/a", "../../devices/a");
        _sys.Link("class/some/again", "../../bus/./../devices//a");
        var (devices, counts) = Enumerate();
        Assert.Single(devices);
        Assert.Equal(2, counts.Repeated);
    }

    [Fact]
    public void Enumerate_skips_cyclic_and_broken_links_and_follows_links_out_of_the_tree()
    {
        using var elsewhere = new TestDirectory();
        elsewhere.File("device/uevent", "MODALIAS=elsewhere\n");
        Pci("devices/a", "a", "MODALIAS=a\n");
        _sys.Link("devices/a/loop", "../a");
        _sys.Link("devices/a/deep", "../../devices");
        _sys.Link("bus/pci/devices/self", "self");
        _sys.Link("bus/pci/devices/gone", "../../../devices/gone");
        _sys.Link("bus/pci/devices/absolute", elsewhere["device"]);
        _sys.Link("bus/pci/devices/above", "../../../../" + Path.GetFileName(elsewhere.Path) + "/device");
        _sys.Link("bus/loop", "../bus");

        var (devices, _) = Enumerate();

        Assert.Equal(["/bus/pci/devices/above", "/bus/pci/devices/absolute", "/devices/a"],
            devices.Select(d => d.DevPath).Order());
        Assert.Equal(2, devices.Count(d => d.Modaliases is ["elsewhere"]));
    }

    [Fact]
    public void Enumerate_counts_special_files_without_blocking()
    {
        Pci("devices/huge", "huge", "MODALIAS=x\n" + new string('x', UeventFile.MaxBytes));
        Pci("devices/good", "good", "MODALIAS=good\n");
        Directory.CreateDirectory(_sys["devices/pipe"]);
        Run("mkfifo", _sys["devices/pipe/uevent"]);
        _sys.Link("devices/linked/uevent", "/proc/self/environ");
        Directory.CreateDirectory(_sys["devices/directory/uevent"]);
        File.WriteAllText(_sys["devices/good/uevent"], "MODALIAS=good\nNOISE\n=\nA=ÿ\n");

        var (devices, counts) = Enumerate();

        var good = Assert.Single(devices);
        Assert.Equal(["good"], good.Modaliases);
        Assert.Equal(["A=\u00ff"], good.Properties);
        Assert.Equal(4, counts.Unreadable);
    }

    [Fact]
    public void Enumerate_counts_unreadable_files()
    {
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "needs a user other than root: root may read everything");
        Pci("devices/a", "a", "MODALIAS=a\n");
        File.SetUnixFileMode(_sys["devices/a/uevent"], UnixFileMode.None);
        var (devices, counts) = Enumerate();
        Assert.Empty(devices);
        Assert.NotEqual(0, counts.Unreadable);
    }

    [Fact]
    public void Enumerate_stops_at_PATH_MAX()
    {
        // one path of 40 × 200 bytes is too long: each half is created, and one moved below the other
        var half = string.Join('/', Enumerable.Repeat(new string('d', 200), 15));
        _sys.File($"devices/{half}/uevent", "MODALIAS=shallow\n");
        _sys.File($"other/{half}/uevent", "MODALIAS=deep\n");
        Run("sh", "-c", $"cd '{_sys.Path}/devices/{half}' && mv '{_sys.Path}/other' .");
        var (devices, counts) = Enumerate();
        Assert.Equal(["shallow"], devices.SelectMany(d => d.Modaliases));
        Assert.Equal(1, counts.Unreadable);
        Run("sh", "-c", $"cd '{_sys.Path}/devices/{half}' && rm -r other");
    }

    [Fact]
    public void Enumerate_lists_loaded_modules_with_subsystem_module()
    {
        _sys.File("module/parport_pc/initstate", "live\n");
        _sys.File("module/version", "");
        var module = Assert.Single(Enumerate().Devices);
        Assert.Equal(("/module/parport_pc", "module"), (module.DevPath, module.Subsystem));
    }

    [Fact]
    public void Copy_of_sysfs_has_no_events_and_no_seqnum()
    {
        using var devices = new SysfsDevices(_loop, _sys.Path);
        Assert.False(devices.IsLive);
        Assert.Null(devices.Listen(_ => { }, () => { }));
        Assert.Equal(0UL, devices.Seqnum);
    }

    [Fact]
    public void Missing_tree_is_named_in_the_exception()
    {
        var thrown = Assert.Throws<DirectoryNotFoundException>(() => new SysfsDevices(_loop, _sys["none"]));
        Assert.Contains(_sys["none"], thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Disposed_enumeration_closes_its_descriptors()
    {
        Pci("devices/a", "a", "MODALIAS=a\n");
        Pci("devices/b", "b", "MODALIAS=b\n");
        using var devices = new SysfsDevices(_loop, _sys.Path);
        Assert.Equal(2, devices.Enumerate().Take(2).Count()); // warms up JIT and statics
        var before = OpenBelow();
        using (var enumerator = devices.Enumerate().GetEnumerator())
        {
            Assert.True(enumerator.MoveNext());
            Assert.True(OpenBelow() > before);
        }
        Assert.Equal(before, OpenBelow());

        int OpenBelow() => new DirectoryInfo("/proc/self/fd").EnumerateFileSystemInfos()
            .Count(fd => fd.LinkTarget?.StartsWith(_sys.Path, StringComparison.Ordinal) is true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Enumerate_finds_the_devices_that_find_and_grep_find_on_this_machine(bool walkTree)
    {
        Assert.SkipUnless(Directory.Exists("/sys/devices"), "no sysfs here");
        var expected = Run("sh", "-c", "find /sys/devices -name uevent -exec grep -H ^MODALIAS= {} + || true")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split("/uevent:MODALIAS=", 2))
            .Select(pair => (DevPath: pair[0]["/sys".Length..], Modalias: pair[1]));
        using var devices = new SysfsDevices(_loop, "/sys", walkTree);

        var found = devices.Enumerate().ToList();

        Assert.Equal(expected.Order(), found.SelectMany(d => d.Modaliases.Select(m => (d.DevPath, m))).Order());
        Assert.Equal(found.Count, found.Select(d => d.DevPath).Distinct().Count());
        Assert.Equal(found.Count, devices.Counts.Devices);
    }

    [Fact]
    public void Tree_walk_and_lists_find_the_same_devices_on_this_machine()
    {
        Assert.SkipUnless(Directory.Exists("/sys/devices"), "no sysfs here");
        using var lists = new SysfsDevices(_loop, "/sys");
        using var tree = new SysfsDevices(_loop, "/sys", walkTree: true);
        var linked = Run("sh", "-c",
            "for l in /sys/bus/*/devices/* /sys/class/*/*; do [ -L $l ] && [ -e $l/uevent ] && readlink -f $l; " +
                "done | sort -u; ls -d /sys/module/*/ | sed s,/$,,")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(path => path["/sys".Length..]);
        var listed = lists.Enumerate().ToList();
        var found = listed.Select(d => (d.DevPath, d.Subsystem)).ToHashSet();
        var all = tree.Enumerate().ToList();
        var silent = all.Where(d => SilentSubsystems.Contains(d.Subsystem)).ToList();
        Assert.Equal(linked.Except(silent.Select(d => d.DevPath)).Order(), found.Select(d => d.DevPath).Order());
        Assert.All(silent, d => Assert.Empty(d.Modaliases));
        Assert.Subset(all.Select(d => (d.DevPath, d.Subsystem)).ToHashSet(), found);
        Assert.All(listed, d =>
            Assert.Equal(File.Exists($"/sys{d.DevPath}/uevent") && d.Subsystem != "module"
            ? Modaliases($"/sys{d.DevPath}/uevent")
            : [], d.Modaliases));

        static IEnumerable<string> Modaliases(string uevent) =>
            File.ReadLines(uevent).Where(line => line.StartsWith("MODALIAS=", StringComparison.Ordinal))
                .Select(line => line["MODALIAS=".Length..]);
    }

    void Pci(string path, string name, string uevent)
    {
        _sys.File($"{path}/uevent", uevent);
        _sys.Link($"bus/pci/devices/{name}", $"../../../{path}");
    }

    (List<DeviceEvent> Devices, SysfsCounts Counts) Enumerate()
    {
        using var devices = new SysfsDevices(_loop, _sys.Path);
        return (devices.Enumerate().ToList(), devices.Counts);
    }

    static string Run(string program, params string[] arguments) => TestProcess.Run(program, arguments);
}
