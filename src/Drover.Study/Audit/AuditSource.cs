using Drover.Linux.ProcFs;
using Drover.Model.Kernel;
using Drover.Model.Scenarios;
using Drover.Modules;
using Drover.Study.Scenarios;

namespace Drover.Study.Audit;

static class AuditSource
{
    const int MaxFileBytes = 64 << 20; // a kernel's configuration has some 300 KB, its System.map 10 MB
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
        if (!arguments.Has(ScenarioSource.File))
            return tar is null ? OpenMachine(arguments, terminal) : OpenTar(tar, arguments, terminal);
        if (Array.Find(s_machineOptions, arguments.Has) is { } option)
            throw new UsageException($"--scenario is a recorded machine: leave out --{option.Name}");
        var (scenario, _) = ScenarioSource.Open(arguments, BuiltInScenarios.Read);
        return AuditedMachine.Of(scenario, PathOf(scenario, kmod: null, decompresses: null), live: null, []);
    }

    static LoadPath PathOf(Scenario scenario, int? kmod, ModuleCompression? decompresses) =>
        new(scenario.Kernel, KernelGates.Of(scenario.Kernel), kmod, scenario.Compression, decompresses);

    static AuditedMachine OpenMachine(Arguments arguments, Terminal terminal)
    {
        var boot = EarlierBoot.Open(arguments);
        var catalog = ModuleSource.Open(arguments);
        var root = arguments.Text(CommonOptions.Root) ?? "/";
        var kernel = Path.GetFileName(catalog.Tree.Directory);
        // a sysfs is that of the running kernel, or of the machine it was copied from: no evidence of another kernel
        var sys = arguments.Text(ScenarioSource.Sys)
            ?? (kernel == Machine.KernelRelease() ? ScenarioSource.ThisSys : null);
        var modules = sys is null ? null : $"{sys}/module/";
        var scenario = ScenarioSource.Record(
            arguments, catalog, Description, terminal, devices => boot?.AddTo(devices, catalog) ?? devices);
        var decompresses = modules is not null && SystemFiles.Current.IsDirectory(modules)
            ? SysModule.Compression(modules)
            : FromFiles(root, scenario);
        var path = PathOf(scenario, KmodVersion.Find(root), decompresses);
        List<string> limitations = InitramfsPolicy.IsOld(root, scenario.Kernel) is { } old ? [old] : [];
        return AuditedMachine.Of(scenario, path, modules is null ? null : SysModule.Live(modules), limitations, boot);
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
        var path = PathOf(
            scenario, kmod,
            archive.Decompresses ?? FromFiles(arguments.Text(CommonOptions.Root) ?? "/", scenario));
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

    /// <summary>From the kernel's configuration, or else its symbols, where distributions install them; null if they
    /// are missing.</summary>
    static ModuleCompression? FromFiles(string root, Scenario scenario)
    {
        var kernel = scenario.Kernel;
        string[] configs =
            [$"boot/config-{kernel}", $"lib/modules/{kernel}/config", $"usr/lib/modules/{kernel}/config"];
        string[] maps = [$"boot/System.map-{kernel}", $"lib/modules/{kernel}/System.map"];
        var can = configs.Select(place => Has(place, "CONFIG_", line => line == "CONFIG_MODULE_DECOMPRESS=y"))
            .Concat(maps.Select(place =>
                Has(place, " T load_module", line => line.EndsWith(" module_decompress", StringComparison.Ordinal))))
            .FirstOrDefault(answer => answer is not null);
        return can switch
        {
            null => null,
            true => scenario.Compression,
            false => ModuleCompression.None,
        };

        // Debian's System.map is a text that says where the real one is
        bool? Has(string place, string sign, Func<string, bool> isIt)
        {
            var file = new FileInfo(RootedPath.Find(root, Path.Join(root, place)));
            if (file is not { Exists: true, Length: <= MaxFileBytes })
                return null;
            var isKnown = false;
            foreach (var line in ByteText.Of(SystemFiles.Current.ReadRegular(file.FullName)).Split('\n'))
            {
                if (isIt(line))
                    return true;
                isKnown |= line.Contains(sign, StringComparison.OrdinalIgnoreCase);
            }
            return isKnown ? false : null;
        }
    }
}
