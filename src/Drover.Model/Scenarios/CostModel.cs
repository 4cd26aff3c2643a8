namespace Drover.Model.Scenarios;

/// <summary>Costs on one CPU of the machine: times in ns, memory in bytes. docs/model/costs.md tells how the defaults
/// were measured. A scenario or the command line can change each, by its name in camelCase.</summary>
public sealed record CostModel
{
    /// <summary>Entering and leaving a system call.</summary>
    public double SyscallNs { get; init; } = 300;
    /// <summary>Opening a module's file and reading its size.</summary>
    public double OpenNs { get; init; } = 6_000;
    /// <summary>Reading a file from the page cache, per byte (kernel_read_file).</summary>
    public double ReadNsPerByte { get; init; } = 0.25;
    /// <summary>Decompressing, per byte of the ELF file.</summary>
    public double DecompressNsPerByte { get; init; } = 12;
    /// <summary>Copying from user space in init_module, per byte.</summary>
    public double CopyNsPerByte { get; init; } = 0.15;
    /// <summary>Signature and ELF checks, per byte of the ELF file.</summary>
    public double VerifyNsPerByte { get; init; } = 0.5;
    /// <summary>Laying out: allocating and copying, per byte of the image.</summary>
    public double LayoutNsPerByte { get; init; } = 0.5;
    /// <summary>Symbols, relocations, parameters, protection, per byte of the image.</summary>
    public double RelocateNsPerByte { get; init; } = 2;
    /// <summary>The fixed costs of a load: sysfs, notifiers, text patching.</summary>
    public double SetupNs { get; init; } = 150_000;
    /// <summary>How often a load waits for all CPUs: TLB flushes, patched text, RCU grace periods. Each wait lasts one
    /// slice of every computing task, which is nothing on real CPUs, and much on an emulator's single thread.</summary>
    public double SetupTurns { get; init; }
    /// <summary>The cost of each such wait for every CPU: an interrupt and its acknowledgement.</summary>
    public double SetupTurnNsPerCpu { get; init; } = 300;
    /// <summary>Between two tasks that check a module's state under <c>module_mutex</c> after a wake-up.</summary>
    public double WakeNs { get; init; } = 5_000;
    /// <summary>Reading /sys/module/NAME/initstate.</summary>
    public double InitStateNs { get; init; } = 8_000;
    /// <summary>Looking up a modalias and the dependencies of its modules in libkmod.</summary>
    public double LookupNs { get; init; } = 60_000;
    /// <summary>udev's rules for one event, without loading.</summary>
    public double RulesNs { get; init; } = 1_500_000;
    /// <summary>Forking a worker, with its first page copies.</summary>
    public double ForkNs { get; init; } = 400_000;
    /// <summary>Between two events of udevadm trigger, which writes one uevent file after another.</summary>
    public double TriggerNs { get; init; } = 40_000;
    /// <summary>udevd's main process, one thread, for one event: receive, queue, send to a worker.</summary>
    public double DispatchNs { get; init; } = 60_000;
    /// <summary>Starting a program such as modprobe or drover.</summary>
    public double StartNs { get; init; } = 3_000_000;
    /// <summary>A switch from one task to another on a CPU.</summary>
    public double ContextSwitchNs { get; init; } = 3_000;
    /// <summary>How long a task computes before the next one of the same CPU. An emulator's CPUs divide it among
    /// them.</summary>
    public double SliceNs { get; init; } = 3_000_000;
    /// <summary>The emulator's threads, which all CPUs share: in the lab 1. 0: a real machine.</summary>
    public double EmulatorThreads { get; init; }
    /// <summary>The random spread of each time around its mean: 0.1 is ± 10 %.</summary>
    public double Jitter { get; init; } = 0.1;
    /// <summary>Memory of the kernel and of all other programs.</summary>
    public double BaseBytes { get; init; } = 120e6;
    /// <summary>Private memory of a forked worker.</summary>
    public double WorkerBytes { get; init; } = 3.5e6;
    /// <summary>KASAN (generic) checks every access: about 3 times slower (kernel: older kasan.rst).</summary>
    public double KasanTimeFactor { get; init; } = 3;
    /// <summary>KASAN: instrumented code is larger. An assumption.</summary>
    public double KasanImageFactor { get; init; } = 2.5;
    /// <summary>KASAN: shadow of all memory and of every vmalloc allocation (one byte for eight).</summary>
    public double KasanShadow { get; init; } = 0.125;
}

/// <summary>A property of <see cref="CostModel"/>, by name.</summary>
/// <param name="Name">In camelCase; it ends with its unit.</param>
/// <param name="With">The same costs with another value.</param>
public sealed record CostEntry(string Name, Func<CostModel, double> Of, Func<CostModel, double, CostModel> With)
{
    /// <summary>CPU time, which a slower machine takes more of. A slice is not.</summary>
    public bool IsWork => Name is not "sliceNs"
        && (Name.EndsWith("Ns", StringComparison.Ordinal) || Name.EndsWith("NsPerByte", StringComparison.Ordinal));
}

/// <summary>The costs by name, for scenarios and command lines.</summary>
public static class CostTable
{
    /// <summary>In the order of <see cref="CostModel"/>.</summary>
    public static IReadOnlyList<CostEntry> All { get; } =
    [
        new("syscallNs", c => c.SyscallNs, (c, value) => c with { SyscallNs = value }),
        new("openNs", c => c.OpenNs, (c, value) => c with { OpenNs = value }),
        new("readNsPerByte", c => c.ReadNsPerByte, (c, value) => c with { ReadNsPerByte = value }),
        new("decompressNsPerByte", c => c.DecompressNsPerByte, (c, value) => c with { DecompressNsPerByte = value }),
        new("copyNsPerByte", c => c.CopyNsPerByte, (c, value) => c with { CopyNsPerByte = value }),
        new("verifyNsPerByte", c => c.VerifyNsPerByte, (c, value) => c with { VerifyNsPerByte = value }),
        new("layoutNsPerByte", c => c.LayoutNsPerByte, (c, value) => c with { LayoutNsPerByte = value }),
        new("relocateNsPerByte", c => c.RelocateNsPerByte, (c, value) => c with { RelocateNsPerByte = value }),
        new("setupNs", c => c.SetupNs, (c, value) => c with { SetupNs = value }),
        new("setupTurns", c => c.SetupTurns, (c, value) => c with { SetupTurns = value }),
        new("setupTurnNsPerCpu", c => c.SetupTurnNsPerCpu, (c, value) => c with { SetupTurnNsPerCpu = value }),
        new("wakeNs", c => c.WakeNs, (c, value) => c with { WakeNs = value }),
        new("initStateNs", c => c.InitStateNs, (c, value) => c with { InitStateNs = value }),
        new("lookupNs", c => c.LookupNs, (c, value) => c with { LookupNs = value }),
        new("rulesNs", c => c.RulesNs, (c, value) => c with { RulesNs = value }),
        new("forkNs", c => c.ForkNs, (c, value) => c with { ForkNs = value }),
        new("triggerNs", c => c.TriggerNs, (c, value) => c with { TriggerNs = value }),
        new("dispatchNs", c => c.DispatchNs, (c, value) => c with { DispatchNs = value }),
        new("startNs", c => c.StartNs, (c, value) => c with { StartNs = value }),
        new("contextSwitchNs", c => c.ContextSwitchNs, (c, value) => c with { ContextSwitchNs = value }),
        new("sliceNs", c => c.SliceNs, (c, value) => c with { SliceNs = value }),
        new("emulatorThreads", c => c.EmulatorThreads, (c, value) => c with { EmulatorThreads = value }),
        new("jitter", c => c.Jitter, (c, value) => c with { Jitter = value }),
        new("baseBytes", c => c.BaseBytes, (c, value) => c with { BaseBytes = value }),
        new("workerBytes", c => c.WorkerBytes, (c, value) => c with { WorkerBytes = value }),
        new("kasanTimeFactor", c => c.KasanTimeFactor, (c, value) => c with { KasanTimeFactor = value }),
        new("kasanImageFactor", c => c.KasanImageFactor, (c, value) => c with { KasanImageFactor = value }),
        new("kasanShadow", c => c.KasanShadow, (c, value) => c with { KasanShadow = value }),
    ];

    /// <summary>What is wrong with a value, as a clause; null for a valid one.</summary>
    public static string? ProblemOf(string name, double value)
    {
        const double MaxCost = 1e15; // of any unit
        const double MinSliceNs = 1_000; // with less, a run computes for hours
        return value switch
        {
            < 0 => "must not be negative",
            not (<= MaxCost) => $"must be a number of at most {MaxCost:0}",
            < MinSliceNs when name == "sliceNs" => $"must be at least {MinSliceNs:0}",
            _ => null,
        };
    }

    public static IEnumerable<string> Names => All.Select(cost => cost.Name);
    public static CostEntry? Find(string name) => All.FirstOrDefault(cost => cost.Name == name);

    /// <summary>The costs, with the values of others where these have one.</summary>
    /// <exception cref="ScenarioException">A name is unknown.</exception>
    public static CostModel With(this CostModel costs, IReadOnlyDictionary<string, double> others)
    {
        foreach (var (name, value) in others)
        {
            var cost = Find(name) ?? throw new ScenarioException($"costs.{name}: there is no such cost");
            costs = cost.With(costs, value);
        }
        return costs;
    }
}
