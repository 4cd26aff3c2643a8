using Drover.Model.Herds;
using Drover.Modules;
using Drover.Study.Boot;
using Drover.Study.Files;
using Drover.Study.Herd;
using Drover.Study.Scenarios;

namespace Drover.Study.Audit;

sealed class AuditVerb(HerdEngine engine) : Verb
{
    const int LargerCpus = 1024;

    static readonly Option Cpus = HerdArguments.Cpus with
    {
        Help = $"what it would cost with so many CPUs, 1 to {Sweep.MaxCpus}",
        Default = $"{LargerCpus}",
    };

    /// <summary>What makes it an audit of another machine, or of another kernel.</summary>
    static readonly Option[] s_elsewhere =
    [
        CommonOptions.Root, CommonOptions.Release, ScenarioSource.Sys, ScenarioSource.Memory, AuditSource.Tar,
        EarlierBoot.FileOption, ScenarioSource.File,
    ];

    /// <summary>In place of a file: the image of the kernel whose modules are audited.</summary>
    const string Running = "running";

    static readonly Option Initramfs = new(
        "initramfs", $"what this image lacks of what root and the keyboard need; '{Running}' is the kernel's in /boot",
        "FILE")
    {
        Words = [Running],
    };

    static readonly Option[] s_notOfImages =
    [
        ScenarioSource.Memory, AuditSource.Tar, EarlierBoot.FileOption, ScenarioSource.File, Cpus,
        CommonOptions.Metrics,
    ];

    public AuditVerb()
        : this(HerdRun.Run) { }

    public override string Name => "audit";

    public override string Summary =>
        "predict what a boot of this machine costs in module loads, and what Drover would change";

    public override string Operands => "";

    public override string Details =>
        """
        Reads /sys and the module tree, boots the machine in the model of 'drover herd', and prints how
        often udev calls the kernel, and how often in vain: on the machine as it is, with each of the
        kernel's gates, with Drover, and with more CPUs. Lists the modules that are requested most, the
        drivers without hardware, and whether kmod bypasses the kernel's gate. Ends with what would help, in
        the order of the time it would save, with the command to do it. Loads nothing; needs no root.
        With --initramfs it looks at an image instead: what this machine's root file system and keyboard need
        and the image lacks, and where its modprobe.d and policy are not the system's.
        Run it after the boot: before, some facts are unknown (docs/audit.md) unless a recording of an
        earlier boot (--boot) contains them.
        """;

    public override IReadOnlyList<Option> Options =>
    [
        CommonOptions.Root, CommonOptions.Release, ScenarioSource.Sys, ScenarioSource.Memory, AuditSource.Tar,
        EarlierBoot.FileOption, ScenarioSource.File with { Default = "this machine" }, Cpus,
        Initramfs, CommonOptions.Json, CommonOptions.Metrics,
    ];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover audit", "this machine"),
        new("drover audit --cpus 4096 --json", "the same with many CPUs, figures for a script"),
        new("drover audit --root /mnt --sys /tmp/copy-of-sys --memory 16G", "another machine"),
        new("drover audit --tar sosreport.tar.xz --root /mnt", "from a report, with the module tree of its kernel"),
        new("drover audit --boot /run/drover/boot.jsonl", "with its last boot, as 'drover install --watch' records it"),
        new("drover audit --initramfs running", "what the initramfs lacks, before the next boot shows it"),
        new("drover audit --scenario machine.json", "a machine that 'drover scenario' recorded"),
        new("drover audit --metrics -", "figures for Prometheus (docs/fleet.md)"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        HerdArguments.CheckCpus(arguments);
        ScenarioSource.CheckMemory(arguments);
        var metrics = MetricsFile.Of(arguments);
        if (arguments.Has(Initramfs))
            return AuditImage(arguments, terminal);
        using var interrupt = new Interrupt();
        var machine = AuditSource.Open(arguments, terminal);
        var plan = BootsOf(machine, arguments.Count(Cpus) ?? LargerCpus);
        var finished = new HerdRuns(engine, terminal)
            .Run([.. plan.Select(boot => boot.Options)], timelines: false, trace: null, interrupt.Token);
        if (finished.Count < plan.Count)
        {
            terminal.Warn("audit: interrupted");
            return ExitCode.Failure;
        }
        var boots = plan.Zip(finished, (boot, run) => new AuditBoot(boot.Title, run.Result));
        // another machine's boot is not recorded here
        var isHere = !s_elsewhere.Any(arguments.Has);
        var report = new AuditReport(machine, [.. boots], isHere ? BootVerb.OfThisMachine() : null, isHere);
        if (metrics is { } file)
            MetricsFile.Write(file, report.Metrics(), terminal);
        else if (arguments.Has(CommonOptions.Json))
            report.WriteJson(terminal.Out);
        else
            report.WriteText(terminal);
        return ExitCode.Ok;
    }

    static int AuditImage(Arguments arguments, Terminal terminal)
    {
        if (Array.Find(s_notOfImages, arguments.Has) is { } option)
            throw new UsageException($"--initramfs audits an image: leave out --{option.Name}");
        var root = ModuleSource.RootOf(arguments);
        var catalog = ModuleSource.Open(arguments);
        terminal.WarnOfDamage(catalog);
        var release = Path.GetFileName(catalog.Tree.Directory.TrimEnd('/'));
        var file = arguments.Text(Initramfs)!;
        if (file == Running)
        {
            file = InitramfsPolicy.ImageOf(root, release)?.FullName ?? throw new CommandException(
                $"no image of kernel {release} in {Path.Join(root, "boot")}: name its file");
        }
        var sys = arguments.Text(ScenarioSource.Sys) ?? ScenarioSource.ThisSys;
        const string Mounts = "/proc/self/mountinfo";
        var mountInfo = sys == ScenarioSource.ThisSys && root == "/" && SystemFiles.Current.IsFile(Mounts)
            ? ByteText.Of(SystemFiles.Current.ReadAllBytes(Mounts))
            : "";
        var audit = InitramfsAudit.Of(InitramfsImage.Read(file), catalog, root, sys, mountInfo);
        var report = new InitramfsReport(audit, InputFile.NameOf(file));
        if (arguments.Has(CommonOptions.Json))
            report.WriteJson(terminal.Out);
        else
            report.WriteText(terminal);
        return ExitCode.Ok;
    }

    /// <summary>udev on the machine as it is and Drover (both twice if <see cref="LoadPath.IsUndecided"/>), udev on
    /// each gate, and both with more CPUs.</summary>
    /// <param name="cpus">Of the larger machine, which is left out if it has the same number.</param>
    internal static List<(string Title, HerdOptions Options)> BootsOf(AuditedMachine machine, int cpus)
    {
        var path = machine.Path;
        var udev = On(path);
        var drover = udev with { Loader = LoaderKind.Drover };
        List<(string, HerdOptions)> boots = [("udev as it is", udev), ("Drover", drover)];
        if (path.IsUndecided)
        {
            var without = On(path.WithoutDecompression);
            boots =
            [
                ("udev, if the kernel decompresses", udev), ("Drover, if the kernel decompresses", drover),
                ("udev, if it does not", without),
                ("Drover, if it does not", without with { Loader = LoaderKind.Drover }),
            ];
        }
        foreach (var gate in HerdNames.Gates)
        {
            var gated = udev with { Loader = LoaderKind.Udev, Gate = gate, KernelDecompresses = true };
            boots.Add(($"udev, gate {HerdNames.Of(gate)}", gated));
        }
        if (cpus != udev.Cpus)
        {
            boots.Add(($"udev as it is, {HerdNames.CpusOf(cpus)}", udev with { Cpus = cpus }));
            boots.Add(($"Drover, {HerdNames.CpusOf(cpus)}", drover with { Cpus = cpus }));
        }
        return boots;

        HerdOptions On(LoadPath path) => new()
        {
            Scenario = machine.Scenario,
            Cpus = machine.Scenario.Cpus,
            MemoryBytes = machine.Scenario.MemoryBytes,
            Loader = path.Udev,
            Gate = path.ModelGate,
            KernelDecompresses = path.KernelReadsFiles,
        };
    }
}
