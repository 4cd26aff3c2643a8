using Drover.Devices;
using Drover.Model.Recording;
using Drover.Model.Scenarios;
using Drover.Modules;
using Drover.Modules.Config;
using Drover.Modules.Index;
using Drover.Modules.Tests.Image;
using Drover.Modules.Tree;

namespace Drover.Model.Tests.Recording;

public sealed class ScenarioRecorderTests : IDisposable
{
    const string Cpu = "cpu:type:x86,ven0000fam0006mod0055:feature:,0081";

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("drover-recorder-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Record_contains_requested_modules_and_their_dependencies()
    {
        var scenario = Record(
            [
                ("ahci", ["libata", "scsi_mod"]), ("libata", ["scsi_mod"]), ("scsi_mod", []), ("sd_mod", ["scsi_mod"]),
                ("unasked", [])
            ],
            [("pci:disk*", "ahci")],
            "softdep ahci post: sd_mod",
            [
                Device("/devices/pci0000:00/0000:00:1f.2", "pci", "pci:disk1"),
                Device("/devices/nobody", "platform", "platform:nobody"), Device("/devices/virtual/mem/null", "mem")
            ]);

        Assert.Equal(["scsi_mod", "libata", "ahci", "sd_mod"], scenario.Modules.Select(module => module.Name));
        var ahci = scenario.Modules[2];
        Assert.Equal(["scsi_mod", "libata"], ahci.Dependencies);
        Assert.Equal(["sd_mod"], ahci.SoftdepsAfter);
        Assert.Equal((8192, 4096), (ahci.ImageBytes, ahci.TextBytes));
        Assert.Equal((new FileInfo(FileOf("ahci")).Length, false), (ahci.FileBytes, ahci.IsMeasured));
        Assert.Equal(
            ("pci:disk1", "ahci"), (Assert.Single(scenario.Aliases).Modalias, scenario.Aliases[0].Modules.Single()));
        // a device without a modalias requests nothing; an unknown modalias is a request
        Assert.Equal(
            ["/devices/nobody", "/devices/pci0000:00/0000:00:1f.2"], scenario.Devices.Select(device => device.Path));
        foreach (var (modalias, modules) in scenario.Aliases)
            Assert.Equal(modules, ScenarioCatalog.Of(scenario).Resolve(modalias).Modules);
    }

    [Fact]
    public void Record_joins_devices_that_each_CPU_has()
    {
        var scenario = Record([("kvm", [])], [("cpu:*", "kvm"), ("acpi*:LNXCPU:*", "kvm")], "",
        [
            .. Enumerable.Range(0, 12).Select(cpu => Device($"/devices/system/cpu/cpu{cpu}", "cpu", Cpu)),
            .. Enumerable.Range(0, 12).Select(
                cpu => Device($"/devices/LNXSYSTM:00/LNXCPU:{cpu:x2}", "acpi", "acpi:LNXCPU:")),
            // as many as CPUs, but not devices of CPUs
            .. Enumerable.Range(0, 12).Select(port => Device($"/devices/pci0000:00/port{port}", "pci", "pci:port")),
        ]);
        Assert.Equal(12, scenario.Cpus);
        Assert.Equal(
            ["/devices/LNXSYSTM:00/LNXCPU:{cpu}", "/devices/system/cpu/cpu{cpu}"],
            scenario.Devices.Where(device => device.IsPerCpu).Select(device => device.Path));
        Assert.Equal(14, scenario.Devices.Count);
    }

    [Fact]
    public void Record_keeps_devices_of_different_CPUs_apart()
    {
        var scenario = Record([("kvm", [])], [("cpu:*", "kvm")], "",
            [
                .. Enumerable.Range(0, 4).Select(
                    cpu => Device($"/devices/system/cpu/cpu{cpu}", "cpu", cpu < 2 ? Cpu : $"{Cpu},0090"))
            ]);
        Assert.Equal((4, 4, false), (scenario.Cpus, scenario.Devices.Count, scenario.Devices[0].IsPerCpu));
    }

    [Fact]
    public void A_device_appears_with_the_module_of_its_nearest_ancestor()
    {
        var drivers = new Dictionary<string, string>
        {
            ["/devices/pci/usb"] = "hcd",
            ["/devices/pci/usb/hub"] = "built_in_hub",
            ["/devices/pci/usb/hub/1-1"] = "mouse",
        };
        var scenario = Record(
            [("hcd", []), ("mouse", []), ("parport_pc", []), ("ppdev", [])],
            [("pci:usb", "hcd"), ("usb:*", "mouse"), ("pnp:port", "parport_pc")],
            "",
            [
                Device("/devices/pci/usb", "pci", "pci:usb"),
                Device("/devices/pci/usb/hub/1-1", "usb", "usb:1"),
                Device("/devices/pnp/port", "pnp", "pnp:port"),
                Device("/module/parport_pc", "module"),
            ],
            drivers);
        Assert.Equal([null, "hcd", null, "parport_pc"], scenario.Devices.Select(device => device.AppearsWith));
        Assert.Equal(["ppdev"], scenario.Devices[3].Modaliases);
    }

    [Fact]
    public void Record_omits_blacklisted_modules_and_notes_unloadable_ones()
    {
        var scenario = Record(
            [("good", []), ("bad", []), ("ring_a", ["ring_b"]), ("ring_b", ["ring_a"])],
            [("pci:*", "good"), ("pci:*", "bad"), ("pci:*", "ring_a"), ("pci:*", "missing")],
            "blacklist bad",
            [Device("/devices/a", "pci", "pci:1"), Device("/devices/b", "pci", "pci:ä")],
            out var notes);
        Assert.Equal(["good"], scenario.Modules.Select(module => module.Name));
        Assert.Equal(["good"], scenario.Aliases.Single().Modules);
        Assert.Equal(
            [
                "/devices/b: modalias left out: it must be ASCII, without blanks",
                "missing: left out: in no index",
                "ring_a: left out: dependency cycle: ring_a → ring_b → ring_a",
            ],
            notes.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Record_reports_a_damaged_module_file()
    {
        _ = FileOf("broken");
        var catalog = Catalog([("broken", [])], [("pci:*", "broken")], "");
        File.WriteAllText(FileOf("broken"), "no module");
        Assert.Throws<ModuleDataException>(
            () => new ScenarioRecorder(Machine([]), catalog).Record([Device("/devices/a", "pci", "pci:1")]));
    }

    Scenario Record(
        (string, string[])[] modules, (string, string)[] aliases, string config, DeviceEvent[] devices,
        Dictionary<string, string>? drivers = null) =>
        Record(modules, aliases, config, devices, out _, drivers);

    Scenario Record(
        (string, string[])[] modules, (string, string)[] aliases, string config, DeviceEvent[] devices,
        out IReadOnlyList<string> notes, Dictionary<string, string>? drivers = null)
    {
        var recorder = new ScenarioRecorder(Machine(drivers ?? []), Catalog(modules, aliases, config));
        var scenario = recorder.Record(devices);
        notes = recorder.Notes;
        return scenario;
    }

    static RecordedMachine Machine(Dictionary<string, string> drivers) => new()
    {
        Name = "test",
        Cpus = 1,
        MemoryBytes = 1 << 30,
        DriverModuleOf = path => drivers.GetValueOrDefault(path),
    };

    ModuleCatalog Catalog(
        (string Name, string[] Needs)[] modules, (string Pattern, string Module)[] aliases, string config)
    {
        var (dependencies, patterns) = (new IndexBuilder(), new IndexBuilder());
        foreach (var (name, needs) in modules)
        {
            var elf = new ElfWriter(is64: true, bigEndian: false).AddInfo($"name={name}")
                .Add(".text", TestSection.Alloc | TestSection.Exec, new byte[100])
                .Add(".data", TestSection.Alloc | TestSection.Write, new byte[10]);
            File.WriteAllBytes(FileOf(name), elf.ToBytes());
            dependencies.Add(name, string.Join(' ', needs.Select(FileOf).Prepend(FileOf(name) + ":")), 0);
        }
        for (var i = 0; i < aliases.Length; i++)
            patterns.Add(aliases[i].Pattern, aliases[i].Module, (uint)i);
        var tree = ModuleTree.FromTables(
            _folder.FullName, new IndexTrie(dependencies.ToBytes(), "dep"), new IndexTrie(patterns.ToBytes(), "alias"));
        return new ModuleCatalog(tree, ModprobeConfig.Parse(config));
    }

    string FileOf(string module) => Path.Combine(_folder.FullName, $"{module}.ko");

    static DeviceEvent Device(string path, string subsystem, params string[] modaliases) =>
        new(DeviceAction.Add, path, subsystem, 0, modaliases, []);
}
