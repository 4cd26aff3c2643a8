using Drover.Devices;
using Drover.Linux.ProcFs;
using Drover.Linux.Runtime;
using Drover.Linux.Sysfs;
using Drover.Model.Recording;
using Drover.Model.Scenarios;
using Drover.Modules.Config;
using Drover.Study.Files;

namespace Drover.Study.Scenarios;

/// <summary>The scenario of a command line: read from a file, or recorded from a machine.</summary>
static class ScenarioSource
{
    public const string ThisSys = "/sys";

    public static readonly Option File = new(
        "scenario", $"{string.Join(" or ", BuiltInScenarios.Names)}, or a file that 'drover scenario' recorded", "FILE",
        BuiltInScenarios.Debian13)
    {
        Words = BuiltInScenarios.Names,
    };
    public static readonly Option Sys = new("sys", "the sysfs with the devices", "DIR", ThisSys);
    public static readonly Option Memory = new(
        "memory", "memory of the machine", "SIZE", "this machine's", Kind: ValueKind.Bytes);

    const int BuiltInCpus = 255; // CPUs for the built-in scenario: those of the virtual machine in commit 9828ed3f695a

    /// <summary>From 1 MiB, below which no kernel that loads modules boots, to 4 PiB: physical addresses of x86 have 52
    /// bits.</summary>
    public static bool IsMemory(long bytes) => bytes is >= 1L << 20 and <= 1L << 52;

    /// <exception cref="UsageException"><c>--memory</c> is out of range.</exception>
    public static void CheckMemory(Arguments arguments)
    {
        if (arguments.Size(Memory) is { } bytes && !IsMemory(bytes))
            throw new UsageException($"--memory takes 1M to 4P, not '{arguments.Text(Memory)}'");
    }

    /// <summary>The scenario of <see cref="File"/>, or the default one, with its CPUs.</summary>
    /// <param name="builtIn">The built-in scenario of a name.</param>
    /// <exception cref="ScenarioException">The file is not a valid scenario.</exception>
    public static (Scenario Scenario, int Cpus) Open(Arguments arguments, Func<string, Scenario> builtIn)
    {
        var path = arguments.Text(File) ?? BuiltInScenarios.Debian13;
        if (BuiltInScenarios.Names.Contains(path))
            return (builtIn(path), BuiltInCpus);
        var scenario = Load(path, builtIn);
        return (scenario, scenario.Cpus);
    }

    /// <param name="path">A file, or a name of a built-in scenario.</param>
    /// <exception cref="ScenarioException">The file is not a valid scenario.</exception>
    /// <exception cref="CommandException">There is none.</exception>
    public static Scenario Load(string path, Func<string, Scenario> builtIn)
    {
        if (BuiltInScenarios.Names.Contains(path))
            return builtIn(path);
        try
        {
            return InputFile.Read(path, ScenarioFile.Read);
        }
        catch (FileNotFoundException)
        {
            var names = BuiltInScenarios.Names;
            throw new CommandException($"{path}: No such file or directory, and no machine that is built in: "
                + $"{string.Join(", ", names)}{Nearest.Hint(path, names)}");
        }
    }

    /// <summary>Records the devices of <see cref="Sys"/>. Warns of what it leaves out.</summary>
    /// <param name="more">Adds devices that are not in sysfs now; null for none.</param>
    /// <exception cref="CommandException">The memory size is unknown, or no device requests a module.</exception>
    /// <exception cref="ScenarioException">The machine is larger than a scenario may be.</exception>
    public static Scenario Record(
        Arguments arguments, ModuleCatalog catalog, string description, Terminal terminal,
        Func<IEnumerable<DeviceEvent>, IEnumerable<DeviceEvent>>? more = null)
    {
        if (!arguments.Has(Sys) && arguments.Text(CommonOptions.Root) is { } root and not "/")
            terminal.Warn($"the devices are this machine's, not those of {root}: --sys names a copy of its /sys");
        var sys = arguments.Text(Sys) ?? ThisSys;
        var loop = new LiveLoop();
        using var devices = new SysfsDevices(loop, sys);
        if (!devices.IsLive && !arguments.Has(Memory))
            throw new CommandException($"the memory of the machine of {sys} is unknown: add --memory SIZE");
        var found = devices.Enumerate();
        return Record(catalog, more?.Invoke(found) ?? found, sys, terminal, new()
        {
            Name = "",
            Description = description,
            Cpus = devices.IsLive ? Machine.CountCpus() : 1,
            MemoryBytes = arguments.Size(Memory) ?? Machine.TotalBytes(),
            DriverModuleOf = devices.DriverModuleOf,
        });
    }

    /// <summary>Records devices from any source.</summary>
    /// <param name="source">Its name, for messages.</param>
    /// <param name="machine">Its name and kernel are taken from the module tree.</param>
    /// <exception cref="CommandException">No device requests a module.</exception>
    /// <exception cref="ScenarioException">The machine is larger than a scenario may be.</exception>
    public static Scenario Record(
        ModuleCatalog catalog, IEnumerable<DeviceEvent> devices, string source, Terminal terminal,
        RecordedMachine machine)
    {
        terminal.WarnOfDamage(catalog);
        var kernel = Path.GetFileName(catalog.Tree.Directory);
        var recorder = new ScenarioRecorder(machine with { Name = kernel, Kernel = kernel }, catalog);
        var scenario = recorder.Record(devices);
        foreach (var note in recorder.Notes)
            terminal.Warn(note);
        return scenario.Devices.Count == 0
            ? throw new CommandException($"no device in {source} requests a module: are the uevent files missing?")
            : scenario with { Name = $"{kernel}, {scenario.Cpus} CPUs" };
    }
}
