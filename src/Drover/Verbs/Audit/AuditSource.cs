using Drover.Cli;
using Drover.Linux;
using Drover.Linux.Sysfs;
using Drover.Model;
using Drover.Modules;
using Drover.Output;
using Drover.Verbs.Herd;

namespace Drover.Verbs.Audit;

/// <summary>Finds what an audit is to know of the machine that a command line means. Stateless.</summary>
static class AuditSource
{
    /// <summary>A kernel's configuration has some 300 KB.</summary>
    const int MostConfigBytes = 4 << 20;

    public static readonly Option Tar = new("tar", "a tar archive with another machine's /sys, or a sos report; plain or packed", "FILE");

    static readonly Option[] OfMachines = [CommonOptions.Root, CommonOptions.Release, MachineRecording.Sys, MachineRecording.Memory, Tar, EarlierBoot.FileOption];

    /// <exception cref="UsageException">The options contradict each other.</exception>
    /// <exception cref="CannotException">The machine cannot be looked at.</exception>
    public static AuditedMachine Open(Arguments arguments, Terminal terminal)
    {
        if (arguments.Text(ScenarioSource.File) is not { } file)
            return arguments.Text(Tar) is { } tar ? Unpack(tar, arguments, terminal) : Look(arguments, terminal);
        if (Array.Find(OfMachines, arguments.Has) is { } option)
            throw new UsageException($"--scenario is a machine that was recorded already: --{option.Name} has no meaning then");
        var scenario = ScenarioFile.Load(file);
        var path = new LoadPath(scenario.Kernel, KernelGates.Of(scenario.Kernel), null, scenario.Compression, null);
        return AuditedMachine.Of(scenario, path, live: null, []);
    }

    static AuditedMachine Look(Arguments arguments, Terminal terminal)
    {
        var boot = EarlierBoot.Open(arguments);
        var catalog = ModuleSource.Open(arguments);
        var root = arguments.Text(CommonOptions.Root) ?? "/";
        var modules = $"{arguments.Text(MachineRecording.Sys) ?? MachineRecording.ThisSys}/module/";
        var scenario = MachineRecording.Record(arguments, catalog, "Looked at by 'drover audit'.", terminal, boot is null ? null : devices => boot.AddTo(devices, catalog));
        var decompresses = Directory.Exists(modules) ? SysModule.Compression(modules) : FromConfig(root, scenario);
        return AuditedMachine.Of(scenario, new LoadPath(scenario.Kernel, KernelGates.Of(scenario.Kernel), KmodVersion.Find(root), scenario.Compression, decompresses), SysModule.Live(modules), [], boot);
    }

    static AuditedMachine Unpack(string file, Arguments arguments, Terminal terminal)
    {
        if (arguments.Has(MachineRecording.Sys))
            throw new UsageException("--tar has a machine's /sys: leave out --sys");
        var boot = EarlierBoot.Open(arguments);
        var archive = SysfsArchive.Read(file);
        if (archive.Release is null && !arguments.Has(CommonOptions.Release))
            throw new CannotException($"{file} does not tell its kernel's release (proc/version, uname -a): say it with --release VERSION");
        var memory = arguments.Size(MachineRecording.Memory) ?? archive.MemoryBytes;
        if (memory == 0)
            throw new CannotException($"{file} does not tell how much memory its machine has (proc/meminfo): say it with --memory SIZE, such as --memory 16G");
        var catalog = ModuleSource.Open(arguments, archive.Release);
        var scenario = MachineRecording.Record(catalog, boot?.AddTo(archive.Devices, catalog) ?? archive.Devices, file, terminal, new()
        {
            Name = "",
            Description = "Looked at by 'drover audit'.",
            Cpus = 1,
            MemoryBytes = memory,
            DriverModuleOf = archive.DriverModuleOf,
        });
        // without --root it is this machine's kmod that would be found
        var root = arguments.Text(CommonOptions.Root);
        var path = new LoadPath(scenario.Kernel, KernelGates.Of(scenario.Kernel), root is null ? null : KmodVersion.Find(root), scenario.Compression, archive.Decompresses);
        var source = $"From an archive only devices are taken; modules and modprobe.d are those of {catalog.Tree.Directory} and its root.";
        return AuditedMachine.Of(scenario, path, archive.Live, archive.LacksDevices
            ? [source, "This report has no udev database (udevadm info --export-db), so most devices are missing: make it anew on a machine with udevadm."]
            : [source], boot);
    }

    /// <summary>By the kernel's configuration, where a distribution keeps it; null where it is not there.</summary>
    static ModuleCompression? FromConfig(string root, Scenario scenario)
    {
        foreach (var path in new[] { $"boot/config-{scenario.Kernel}", $"lib/modules/{scenario.Kernel}/config", $"usr/lib/modules/{scenario.Kernel}/config" })
        {
            var file = new FileInfo(Path.Join(root, path));
            if (file is { Exists: true, Length: <= MostConfigBytes })
                return File.ReadLines(file.FullName).Contains("CONFIG_MODULE_DECOMPRESS=y") ? scenario.Compression : ModuleCompression.None;
        }
        return null;
    }
}
