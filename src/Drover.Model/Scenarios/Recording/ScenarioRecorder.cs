using Drover.Devices;
using Drover.Modules;

namespace Drover.Model;

/// <summary>
/// Makes a scenario of a machine's devices and its module tree: what would be loaded, whatever is live now. For one recording, on one thread.
/// </summary>
/// <remarks>
/// When a device appears cannot be known from a look at sysfs. It is taken to appear with the module that drives its nearest ancestor, of those that are in the scenario;
/// so a machine tells it only once its modules are loaded.
/// </remarks>
public sealed class ScenarioRecorder(RecordedMachine machine, ModuleCatalog catalog)
{
    readonly RecordedPlan _plan = new(catalog);
    readonly List<string> _notes = [];

    /// <summary>What was left out, and why; a sentence each.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Records the devices that ask for something, in the order of their paths: that of <c>udevadm trigger</c>.</summary>
    /// <exception cref="ScenarioException">What was found is more than a scenario holds, or contradicts itself, as a broken modules.dep does.</exception>
    /// <exception cref="ModuleDataException">An index or a module's file is corrupt.</exception>
    /// <exception cref="IOException">A module's file cannot be read.</exception>
    public Scenario Record(IEnumerable<DeviceEvent> devices)
    {
        var all = devices.OrderBy(device => device.DevPath, StringComparer.Ordinal).ToList();
        var cpus = all.Count(device => CpuTemplates.IsCpu(device.DevPath)) is > 0 and var found ? found : machine.Cpus;
        var aliases = new Dictionary<string, ScenarioAlias?>(StringComparer.Ordinal);
        var asking = all.Select(device => (Device: device, Modaliases: Wishes(device, aliases))).Where(device => device.Modaliases.Count > 0).ToList();
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
            Devices = CpuTemplates.Fold([.. asking.Select(device => ToScenario(device.Device, device.Modaliases))], cpus),
        };
        ScenarioRules.Require(scenario);
        return scenario;
    }

    /// <summary>What a device asks for; on the way the modules it stands for come into the plan.</summary>
    List<string> Wishes(DeviceEvent device, Dictionary<string, ScenarioAlias?> aliases)
    {
        var wishes = new List<string>();
        if (ScenarioRules.TextProblem(device.DevPath) is { } path || device.DevPath.Contains(ScenarioFormat.CpuMark, StringComparison.Ordinal))
            return wishes;
        foreach (var wish in DeviceWishes.Of(device))
        {
            if (ScenarioRules.ModaliasProblem(wish.Asked) is { } problem)
            {
                _notes.Add($"{device.DevPath}: modalias left out: it {problem}");
                continue;
            }
            if (!aliases.TryGetValue(wish.Asked, out var alias))
                aliases.Add(wish.Asked, alias = Resolve(wish.Asked));
            // a rule of udev's names a module; where there is none, it asks for nothing
            if (alias is not null || !wish.ApplyBlacklist)
                wishes.Add(wish.Asked);
        }
        return wishes;
    }

    ScenarioAlias? Resolve(string asked)
    {
        var modules = catalog.Resolve(asked).Modules.Where(module => !catalog.IsBlacklisted(module) && _plan.TryAdd(module)).ToList();
        return modules.Count > 0 ? new(asked, modules) : null;
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
