using Drover.Devices;
using Drover.Model.Scenarios;
using Drover.Modules;
using Drover.Modules.Config;

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
