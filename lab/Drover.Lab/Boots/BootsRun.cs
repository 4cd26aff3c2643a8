using Drover.Lab.Guest;
using Drover.Lab.Install;
using Drover.Lab.Prepare;
using Drover.Lab.Runs;

namespace Drover.Lab.Boots;

/// <summary>Boots a small Debian whose root file system is an NVDIMM, memory for the guest, by the clock of
/// instructions: the boot has no host's input or output in it.</summary>
/// <param name="folder">Each boot is saved there at once.</param>
/// <param name="resume">Take saved boots of the same machine and drover.</param>
/// <param name="hasSlowModule">The boots mount a file system whose module is slow to load.</param>
/// <param name="policy">What Drover may load, in its initramfs too; null for no policy.</param>
sealed class BootsRun(
    LabHost host, Laboratory laboratory, RunSettings settings, string folder, bool resume, bool hasSlowModule,
    string? policy)
{
    const string RecordFile = "var/lib/drover/boot-record", PolicyFile = "etc/drover/policy.d/lab.conf";

    /// <summary>The trace includes the initramfs and, for accounts of it, who ran when.</summary>
    const string TraceArguments =
        "trace_clock=mono trace_buf_size=8M trace_event=module:module_load,module:module_request,"
        + "sched:sched_switch,sched:sched_process_exec,"
        + "syscalls:sys_enter_finit_module,syscalls:sys_exit_finit_module,"
        + "syscalls:sys_enter_init_module,syscalls:sys_exit_init_module " + BootTimes.Probe;

    /// <summary>Boots with each loader and seed, seed after seed.</summary>
    public async IAsyncEnumerable<WholeBoot> RunAsync(
        GuestSystem system, int cpus, IReadOnlyList<BootLoader> loaders, int seeds)
    {
        using var work = host.Work();
        var kernel = await laboratory.PrepareAsync(system);
        // the same for all boots, even if it is built again meanwhile
        string? binary = null;
        if (loaders.Any(loader => loader != BootLoader.Udev))
            File.Copy(settings.DroverFor(system), binary = work.File("drover"));
        var machine = new BootMachine(
            kernel.Key, cpus, settings.Memory,
            string.Join(',', settings.Devices) + (hasSlowModule ? $",{SlowModule.File}" : ""),
            binary is null ? null : Laboratory.HashOf(binary), binary is null ? null : policy);
        var disks = new Dictionary<BootLoader, BootDisk>();
        foreach (var seed in Enumerable.Range(1, seeds))
        {
            foreach (var loader in loaders)
            {
                var setup = loader == BootLoader.Udev ? machine with { BinarySha256 = null, Policy = null } : machine;
                var file = Path.Combine(folder, $"{system.FileName}-c{cpus}-{loader.OptionName()}-s{seed}.json");
                if (resume && ReportFile.ReadIfPresent<SavedBoot>(file) is { } saved && saved.Machine == setup)
                {
                    yield return saved.Boot;
                    continue;
                }
                if (!disks.TryGetValue(loader, out var disk))
                    disks[loader] = disk = await DiskAsync(loader);
                var boot = WholeBoot.Read(loader, seed, await BootAsync(loader, seed, disk));
                ReportFile.Write(file, new SavedBoot(setup, boot));
                yield return boot;
            }
        }

        async Task<BootDisk> DiskAsync(BootLoader loader)
        {
            var disk = await DebianDisk.PrepareAsync(host, DiskPlan.InMemory(), kernel);
            if (loader != BootLoader.Udev)
                disk = await disk.WithDroverAsync(kernel, binary!, Laboratory.HashOf(binary!));
            var diskFolder = Directory.CreateDirectory(work.File($"disk-{loader.OptionName()}")).FullName;
            var channel = await GuestChannel.PrepareAsync(
                host, await Toolbox.PrepareAsync(host), system.Architecture);
            var copy = await disk.CopyToAsync(diskFolder, channel);
            await WriteAsync("end", Resources.Read("boot-end"), "lab/end");
            if (hasSlowModule)
            {
                await copy.WriteAsync(settings.StudyFor(system), "lab/drover-study");
                await copy.AddModuleAsync(
                    await SlowModule.PrepareAsync(host, system), await GuestTree.PrepareAsync(host, system));
            }
            var made = new BootDisk(copy.Image, await copy.InitramfsAsync(Path.Combine(diskFolder, "initramfs")));
            if (policy is not null && loader != BootLoader.Udev)
            {
                await copy.MakeDirectoryAsync("etc/drover");
                await copy.MakeDirectoryAsync(Path.GetDirectoryName(PolicyFile)!);
                await WriteAsync("policy", policy, PolicyFile);
                AddTo(made.Initramfs, PolicyFile, policy);
            }
            if (loader == BootLoader.Record)
            {
                host.Log($"booting {system}, to record the boot");
                var result = await BootAsync(BootLoader.Drover, 1, made, $"{system.FileName}-recorded");
                var record = result.Required("boot-record");
                await WriteAsync("record", record, RecordFile);
                AddTo(made.Initramfs, RecordFile, record);
            }
            return made;

            async Task WriteAsync(string name, string text, string path)
            {
                var file = Path.Combine(diskFolder, name);
                await File.WriteAllTextAsync(file, text);
                await copy.WriteAsync(file, path);
            }
        }

        Task<GuestResult> BootAsync(BootLoader loader, int seed, BootDisk disk, string? name = null)
        {
            var run = new GuestRun(
                kernel, system.KernelGate, cpus, GuestLoader.Drover, settings.Memory,
                settings.Timeout ?? TimeSpan.FromMinutes(30))
            {
                Clock = Clock.Instructions,
                QemuSeed = seed,
                Console = settings.Console,
                Devices = settings.Devices,
                MemoryDisk = disk.Image,
                Initramfs = disk.Initramfs,
                KernelArguments = $"root=UUID={DiskPlan.Uuid} ro systemd.unit=multi-user.target lab.seed={seed} "
                    + TraceArguments + (hasSlowModule ? $" {SlowModule.Mount}" : ""),
            };
            return laboratory.BootAsync(run, name ?? $"{system.FileName}-{loader.OptionName()}-{seed}");
        }
    }

    /// <summary>Adds a file to an initramfs: the kernel unpacks archives that follow one another.</summary>
    static void AddTo(string initramfs, string path, string text)
    {
        using var output = new FileStream(initramfs, FileMode.Append);
        // an archive begins at a multiple of four
        output.Write(new byte[(4 - (output.Position % 4)) % 4]);
        using var archive = new CpioWriter(output);
        archive.File(path, text);
    }

    /// <param name="Image">The disk's, which no boot writes.</param>
    sealed record BootDisk(string Image, string Initramfs);

    /// <param name="Kernel">The key of its image, with the version of everything in it.</param>
    /// <param name="BinarySha256">Of drover; null if the disk has none.</param>
    /// <param name="Policy">Its text; null if the disk has none.</param>
    sealed record BootMachine(
        string Kernel, int Cpus, string Memory, string Devices, string? BinarySha256, string? Policy);

    sealed record SavedBoot(BootMachine Machine, WholeBoot Boot);
}
