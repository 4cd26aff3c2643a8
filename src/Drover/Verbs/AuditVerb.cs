using Drover.Cli;
using Drover.Model;
using Drover.Output;
using Drover.Verbs.Audit;
using Drover.Verbs.Herd;

namespace Drover.Verbs;

/// <summary><c>drover audit</c>: what a boot of this machine costs in module loads, and what Drover would change.</summary>
sealed class AuditVerb(HerdEngine engine) : Verb
{
    const int LargerCpus = 1024;

    static readonly Option Cpus = HerdPlan.Cpus with { Help = $"what it would cost with so many CPUs, 1 to {Sweep.MostCpus}", Default = $"{LargerCpus}" };

    public AuditVerb()
        : this(HerdRun.Run)
    {
    }

    public override string Name => "audit";

    public override string Summary => "predict what a boot of this machine costs in module loads, and what Drover would change";

    public override string Operands => "";

    public override string Details =>
        """
        Reads /sys and the module tree, boots the machine in the model of 'drover herd', and says how often
        udev calls the kernel and how often in vain: as the machine is, with each of the kernel's gates,
        with Drover, and with more CPUs; which modules are asked for most; which drivers find no hardware;
        whether kmod goes round the kernel's gate. Loads nothing; needs no root.
        Best on a machine that has booted: before, some of it cannot be foreseen (docs/audit.md),
        unless a recording of an earlier boot (--boot) tells it.
        """;

    public override IReadOnlyList<Option> Options => [CommonOptions.Root, CommonOptions.Release, MachineRecording.Sys, MachineRecording.Memory, AuditSource.Tar, EarlierBoot.FileOption, ScenarioSource.File with { Default = "this machine" }, Cpus, CommonOptions.Json];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover audit", "this machine"),
        new("drover audit --cpus 4096 --json", "the same with many CPUs, figures for a script"),
        new("drover audit --root /mnt --sys /tmp/copy-of-sys --memory 16G", "another machine"),
        new("drover audit --tar sosreport.tar.xz --root /mnt", "from a report, with the module tree of its kernel"),
        new("drover audit --boot /run/drover/boot.jsonl", "with what its last boot has shown; 'drover install --watch' records each"),
        new("drover audit --scenario machine.json", "one that 'drover scenario' recorded"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        var cpus = arguments.Count(Cpus) ?? LargerCpus;
        if (cpus > Sweep.MostCpus)
            throw new UsageException($"--cpus takes 1 to {Sweep.MostCpus}, not '{arguments.Text(Cpus)}'");
        using var interrupt = new Interrupt();
        var machine = AuditSource.Open(arguments, terminal);
        var plan = AuditBoots.Plan(machine, cpus);
        var finished = new HerdRuns(engine, terminal).Run([.. plan.Select(boot => boot.Options)], timelines: false, trace: null, interrupt.Stop);
        if (finished.Count < plan.Count)
        {
            terminal.Complain("audit: interrupted");
            return ExitCode.Failure;
        }
        List<AuditBoot> boots = [.. plan.Zip(finished, (boot, run) => new AuditBoot(boot.Title, run.Result))];
        if (arguments.Has(CommonOptions.Json))
            AuditJsonReport.Write(terminal.Out, machine, boots);
        else
            AuditTable.Write(terminal.Out, machine, boots);
        return ExitCode.Ok;
    }
}
