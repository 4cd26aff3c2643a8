using Drover.Cli;
using Drover.Devices;
using Drover.Linux;
using Drover.Linux.Sysfs;
using Drover.Model;
using Drover.Modules;
using Drover.Output;

namespace Drover.Verbs;

/// <summary>Records a machine that a command line means as a scenario. Stateless.</summary>
static class MachineRecording
{
    public const string ThisSys = "/sys";

    public static readonly Option Sys = new("sys", "the sysfs whose devices are meant", "DIR", ThisSys);

    public static readonly Option Memory = new("memory", "memory of the machine", "SIZE", "this machine's", Kind: ValueKind.Bytes);

    /// <summary>What its devices ask for, of these modules. What had to be left out is complained of.</summary>
    /// <param name="description">How it was recorded.</param>
    /// <param name="more">Devices beside those that are there, or null.</param>
    /// <exception cref="CannotException">How much memory it has is not known, or no device asks for a module.</exception>
    /// <exception cref="ScenarioException">It is more than a scenario holds.</exception>
    public static Scenario Record(Arguments arguments, ModuleCatalog catalog, string description, Terminal terminal, Func<IEnumerable<DeviceEvent>, IEnumerable<DeviceEvent>>? more = null)
    {
        var sys = arguments.Text(Sys) ?? ThisSys;
        using var loop = new LiveLoop();
        using var devices = new SysfsDevices(loop, sys);
        if (!devices.IsLive && !arguments.Has(Memory))
            throw new CannotException($"how much memory the machine of {sys} has is not known: say it with --memory SIZE, such as --memory 16G");
        return Record(catalog, more is null ? devices.Enumerate() : more(devices.Enumerate()), sys, terminal, new()
        {
            Name = "",
            Description = description,
            Cpus = devices.IsLive ? Machine.CountCpus() : 1,
            MemoryBytes = arguments.Size(Memory) ?? Machine.TotalBytes(),
            DriverModuleOf = devices.DriverModuleOf,
        });
    }

    /// <summary>What these devices ask for.</summary>
    /// <param name="source">Where they were found, for messages.</param>
    /// <param name="machine">Its name and kernel are told by the module tree.</param>
    /// <exception cref="CannotException">No device asks for a module.</exception>
    /// <exception cref="ScenarioException">It is more than a scenario holds.</exception>
    public static Scenario Record(ModuleCatalog catalog, IEnumerable<DeviceEvent> devices, string source, Terminal terminal, RecordedMachine machine)
    {
        var kernel = Path.GetFileName(catalog.Tree.Directory);
        var recorder = new ScenarioRecorder(machine with { Name = kernel, Kernel = kernel }, catalog);
        var scenario = recorder.Record(devices);
        foreach (var note in recorder.Notes)
            terminal.Complain(note);
        if (scenario.Devices.Count == 0)
            throw new CannotException($"no device in {source} asks for a module: is it a sysfs, or a copy of one with its uevent files?");
        return scenario with { Name = $"{kernel}, {scenario.Cpus} CPUs" };
    }
}
