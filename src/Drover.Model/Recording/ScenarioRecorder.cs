using Drover.Devices;
using Drover.Loading;
using Drover.Model.Scenarios;
using Drover.Modules;
using Drover.Modules.Config;
using Drover.Modules.Image;

namespace Drover.Model.Recording;

/// <summary>The facts of a machine that are not in its devices and modules.</summary>
public sealed record RecordedMachine
{
    public required string Name { get; init; }
    public string Description { get; init; } = "";
    public string Kernel { get; init; } = "";
    /// <summary>Its CPUs, used where there are no devices of CPUs.</summary>
    public required int Cpus { get; init; }
    public required long MemoryBytes { get; init; }
    /// <summary>The module whose driver is bound to the device at a path below /sys, or null.</summary>
    public required Func<string, string?> DriverModuleOf { get; init; }
}

/// <summary>Makes a scenario of a machine's devices and module tree. For one recording, on one thread.</summary>
/// <remarks>sysfs does not show when a device appeared. The recorder assumes that it appears with the module that
/// drives its nearest ancestor, of the modules in the scenario; these must be live on the recorded machine.</remarks>
public sealed class ScenarioRecorder(RecordedMachine machine, ModuleCatalog catalog)
{
    readonly RecordedPlan _plan = new(catalog);
    readonly List<string> _notes = [];

    /// <summary>Omissions and their reasons, a sentence each.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Records the devices that request modules, in path order as <c>udevadm trigger</c> does.</summary>
    /// <exception cref="ScenarioException">A limit of scenarios is exceeded, or modules.dep
    /// contradicts itself.</exception>
    /// <exception cref="ModuleDataException">An index or a module's file is corrupt.</exception>
    /// <exception cref="IOException">A module's file cannot be read.</exception>
    public Scenario Record(IEnumerable<DeviceEvent> devices)
    {
        var all = devices.OrderBy(device => device.DevPath, StringComparer.Ordinal).ToList();
        var cpus = all.Count(device => CpuTemplates.IsCpu(device.DevPath)) is > 0 and var found ? found : machine.Cpus;
        var aliases = new Dictionary<string, ScenarioAlias?>(StringComparer.Ordinal);
        var requesting = all.Select(device => (Device: device, Modaliases: Requests(device, aliases)))
            .Where(device => device.Modaliases.Count > 0).ToList();
        var recorded = requesting.ConvertAll(device => ToScenario(device.Device, device.Modaliases));
        _notes.AddRange(_plan.Notes);
        var (modules, compression) = ModuleSizes.Of(_plan.Modules);
        var scenario = new Scenario
        {
            Name = machine.Name,
            Description = machine.Description,
            Kernel = machine.Kernel,
            Cpus = cpus,
            MemoryBytes = machine.MemoryBytes,
            Compression = compression,
            Modules = modules,
            Aliases = [.. aliases.Values.OfType<ScenarioAlias>()],
            Devices = CpuTemplates.Fold(recorded, cpus),
        };
        ScenarioRules.Require(scenario);
        return scenario;
    }

    /// <summary>The requests of a device, whose modules are added to the plan.</summary>
    List<string> Requests(DeviceEvent device, Dictionary<string, ScenarioAlias?> aliases)
    {
        var requests = new List<string>();
        var isReserved = device.DevPath.Contains(Scenario.CpuMark, StringComparison.Ordinal);
        if (isReserved || ScenarioRules.TextProblem(device.DevPath) is not null)
            return requests;
        foreach (var request in DeviceRequests.Of(device))
        {
            if (ScenarioRules.ModaliasProblem(request.Name) is { } problem)
            {
                _notes.Add($"{device.DevPath}: modalias left out: it {problem}");
                continue;
            }
            if (!aliases.TryGetValue(request.Name, out var alias))
                aliases.Add(request.Name, alias = Resolve(request.Name));
            // a udev rule names a module, and requests nothing where the module does not exist
            if (alias is not null || !request.ApplyBlacklist)
                requests.Add(request.Name);
        }
        return requests;
    }

    ScenarioAlias? Resolve(string name)
    {
        var modules = catalog.Resolve(name).Modules
            .Where(module => !catalog.IsBlacklisted(module) && _plan.TryAdd(module)).ToList();
        return modules.Count > 0 ? new(name, modules) : null;
    }

    ScenarioDevice ToScenario(DeviceEvent device, IReadOnlyList<string> modaliases) => new()
    {
        Path = device.DevPath,
        Subsystem = device.Subsystem,
        Modaliases = modaliases,
        AppearsWith = AppearsWith(device),
    };

    string? AppearsWith(DeviceEvent device)
    {
        var path = device.DevPath;
        if (device.Subsystem == "module")
            return path[(path.LastIndexOf('/') + 1)..] is var name && _plan.Has(name) ? name : null;
        for (var end = path.LastIndexOf('/'); end > 0; end = path.LastIndexOf('/', end - 1))
        {
            if (machine.DriverModuleOf(path[..end]) is { } module && _plan.Has(module))
                return module;
        }
        return null;
    }
}

/// <summary>Joins devices that each CPU has: equal subsystem and modaliases, paths that differ only in the
/// number at the end, one for every CPU. Two such families request modules on x86: <c>cpu0</c>, and ACPI's
/// processors, <c>LNXCPU:00</c> or <c>ACPI0007:00</c>, with hexadecimal numbers; in a scenario both have
/// the CPU's number.</summary>
static class CpuTemplates
{
    /// <summary>Names before the number. Ports and disks have numbers as well, perhaps as many as CPUs.</summary>
    static readonly string[] s_decimal = ["/cpu"], s_hexadecimal = ["/LNXCPU:", "/ACPI0007:"];

    /// <summary>The path is a CPU's; their number is the machine's.</summary>
    public static bool IsCpu(string path) => StemOf(path, s_decimal, NumberStyles.None) == "/devices/system/cpu/cpu";

    /// <summary>The devices in their order; a family takes the place of its first member.</summary>
    public static List<ScenarioDevice> Fold(IReadOnlyList<ScenarioDevice> devices, int cpus)
    {
        if (cpus <= 1)
            return [.. devices];
        var families = devices.Select((device, index) => (Device: device, Index: index, Key: KeyOf(device)))
            .Where(member => member.Key is not null).GroupBy(member => member.Key!, StringComparer.Ordinal)
            .Where(family => family.Count() == cpus).ToList();
        var leaders = families.ToDictionary(family => family.First().Index, family => family.First().Device);
        var others = families.SelectMany(family => family.Skip(1)).Select(member => member.Index).ToHashSet();
        var folded = new List<ScenarioDevice>(devices.Count - others.Count);
        for (var i = 0; i < devices.Count; i++)
        {
            if (leaders.TryGetValue(i, out var leader))
                folded.Add(leader with { Path = StemOf(leader.Path) + Scenario.CpuMark, IsPerCpu = true });
            else if (!others.Contains(i))
                folded.Add(devices[i]);
        }
        return folded;
    }

    /// <summary>Equal for the members of a family; null for other devices.</summary>
    static string? KeyOf(ScenarioDevice device) =>
        StemOf(device.Path) is { } stem
            ? string.Join('\n', [stem, device.Subsystem, device.AppearsWith ?? "", .. device.Modaliases])
            : null;

    static string? StemOf(string path) =>
        StemOf(path, s_decimal, NumberStyles.None) ?? StemOf(path, s_hexadecimal, NumberStyles.AllowHexSpecifier);

    static string? StemOf(string path, string[] names, NumberStyles digits)
    {
        foreach (var name in names)
        {
            var end = path.LastIndexOf(name, StringComparison.Ordinal) + name.Length;
            if (end >= name.Length && int.TryParse(path.AsSpan(end), digits, CultureInfo.InvariantCulture, out _))
                return path[..end];
        }
        return null;
    }
}

static class ModuleSizes
{
    /// <summary>Of an init that was not measured: a line through the medians of the 38 modules of the lab's 6.1 guest,
    /// its times divided by 20. Three of four modules lie within a factor of 2.5; ciphers that test themselves take up
    /// to 20 times as long.</summary>
    const double InitBaseNs = 550_000, InitNsPerByte = 20;

    /// <summary>The modules with their sizes, and the most frequent compression.</summary>
    /// <exception cref="ModuleDataException">A file is corrupt.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static (List<ScenarioModule> Modules, ModuleCompression Compression) Of(IReadOnlyList<PlannedModule> planned)
    {
        var listed = planned.Select(module => module.Name).ToHashSet(StringComparer.Ordinal);
        var modules = new List<ScenarioModule>(planned.Count);
        var compressions = new List<ModuleCompression>(planned.Count);
        foreach (var module in planned)
        {
            var file = ModuleFile.Measure(module.Path);
            var elf = ModuleFile.ReadImage(module.Path);
            var image = ModuleImage.Parse(elf, module.Path);
            compressions.Add(file.Compression);
            modules.Add(new ScenarioModule
            {
                Name = module.Name,
                FileBytes = file.FileBytes,
                ElfBytes = elf.Length,
                ImageBytes = image.ImageBytes,
                TextBytes = image.TextBytes,
                Dependencies = [.. module.HardDependencies.Where(listed.Contains)],
                SoftdepsBefore = [.. module.Before.Select(soft => soft.Name).Where(listed.Contains)],
                SoftdepsAfter = [.. module.After.Select(soft => soft.Name).Where(listed.Contains)],
                InitNs = (long)(InitBaseNs + (InitNsPerByte * image.ImageBytes)),
            });
        }
        var compression = compressions.Count == 0
            ? ModuleCompression.None
            : compressions.GroupBy(kind => kind).MaxBy(kind => kind.Count())!.Key;
        // a scenario has one compression: where that is none, a compressed file counts with its decompressed size
        if (compression is ModuleCompression.None)
            modules = [.. modules.Select(module => module with { FileBytes = module.ElfBytes })];
        return (modules, compression);
    }
}
