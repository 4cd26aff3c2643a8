using Drover.Linux.ProcFs;
using Drover.Model.Kernel;
using Drover.Model.Scenarios;
using Drover.Modules;
using Drover.Study.Scenarios;

namespace Drover.Study.Audit;

static class AuditSource
{
    const int MaxConfigBytes = 4 << 20; // a kernel's configuration has some 300 KB
    const string Description = "Audited by 'drover audit'.";

    public static readonly Option Tar = new(
        "tar", "a tar archive with another machine's /sys, or a sos report; plain or compressed", "FILE");

    /// <summary>Options that a recorded scenario excludes.</summary>
    static readonly Option[] s_machineOptions =
        [CommonOptions.Root, CommonOptions.Release, ScenarioSource.Sys, ScenarioSource.Memory, Tar,
            EarlierBoot.FileOption];

    /// <exception cref="UsageException">The options contradict each other.</exception>
    /// <exception cref="CommandException">A fact is missing, or a file cannot be read.</exception>
    public static AuditedMachine Open(Arguments arguments, Terminal terminal)
    {
        var tar = arguments.Text(Tar);
        if (arguments.Text(ScenarioSource.File) is not { } file)
            return tar is null ? OpenMachine(arguments, terminal) : OpenTar(tar, arguments, terminal);
        if (Array.Find(s_machineOptions, arguments.Has) is { } option)
            throw new UsageException($"--scenario is a recorded machine: leave out --{option.Name}");
        var scenario = ScenarioFile.Load(file);
        return AuditedMachine.Of(scenario, PathOf(scenario, kmod: null, decompresses: null), live: null, []);
    }

    static LoadPath PathOf(Scenario scenario, int? kmod, ModuleCompression? decompresses) =>
        new(scenario.Kernel, KernelGates.Of(scenario.Kernel), kmod, scenario.Compression, decompresses);

    static AuditedMachine OpenMachine(Arguments arguments, Terminal terminal)
    {
        var boot = EarlierBoot.Open(arguments);
        var catalog = ModuleSource.Open(arguments);
        var root = arguments.Text(CommonOptions.Root) ?? "/";
        var modules = $"{arguments.Text(ScenarioSource.Sys) ?? ScenarioSource.ThisSys}/module/";
        var scenario = ScenarioSource.Record(
            arguments, catalog, Description, terminal, devices => boot?.AddTo(devices, catalog) ?? devices);
        var decompresses = Directory.Exists(modules) ? SysModule.Compression(modules) : FromConfig(root, scenario);
        var path = PathOf(scenario, KmodVersion.Find(root), decompresses);
        List<string> limitations = InitramfsPolicy.IsOld(root, scenario.Kernel) is { } old ? [old] : [];
        return AuditedMachine.Of(scenario, path, SysModule.Live(modules), limitations, boot);
    }

    static AuditedMachine OpenTar(string file, Arguments arguments, Terminal terminal)
    {
        if (arguments.Has(ScenarioSource.Sys))
            throw new UsageException("--tar has a machine's /sys: leave out --sys");
        var boot = EarlierBoot.Open(arguments);
        var archive = SysfsArchive.Read(file);
        if (archive.Release is null && !arguments.Has(CommonOptions.Release))
            throw new CommandException($"{file} lacks the kernel's release (proc/version, uname -a): add --release");
        var memory = arguments.Size(ScenarioSource.Memory) ?? archive.MemoryBytes;
        if (memory == 0)
            throw new CommandException($"{file} lacks the size of the memory (proc/meminfo): add --memory SIZE");
        var catalog = ModuleSource.Open(arguments, archive.Release);
        var devices = boot?.AddTo(archive.Devices, catalog) ?? archive.Devices;
        var scenario = ScenarioSource.Record(catalog, devices, file, terminal, new()
        {
            Name = "",
            Description = Description,
            Cpus = 1,
            MemoryBytes = memory,
            DriverModuleOf = archive.DriverModuleOf,
        });
        // without --root there is only this machine's kmod
        var kmod = arguments.Text(CommonOptions.Root) is { } root ? KmodVersion.Find(root) : null;
        var path = PathOf(scenario, kmod, archive.Decompresses);
        List<string> limitations =
        [
            "Only devices are read from an archive; "
            + $"modules and modprobe.d are those of {catalog.Tree.Directory} and its root.",
        ];
        if (archive.LacksDevices)
        {
            limitations.Add("This report has no udev database (udevadm info --export-db), so most devices are missing: "
                + "make it again on a machine with udevadm.");
        }
        return AuditedMachine.Of(scenario, path, archive.Live, limitations, boot);
    }

    /// <summary>From the kernel's configuration, where distributions install it; null if it is missing.</summary>
    static ModuleCompression? FromConfig(string root, Scenario scenario)
    {
        var kernel = scenario.Kernel;
        string[] places =
            [$"boot/config-{kernel}", $"lib/modules/{kernel}/config", $"usr/lib/modules/{kernel}/config"];
        foreach (var place in places)
        {
            var file = new FileInfo(RootedPath.Find(root, Path.Join(root, place)));
            if (file is not { Exists: true, Length: <= MaxConfigBytes })
                continue;
            return File.ReadLines(file.FullName).Contains("CONFIG_MODULE_DECOMPRESS=y")
                ? scenario.Compression
                : ModuleCompression.None;
        }
        return null;
    }
}
