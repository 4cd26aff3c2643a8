namespace Drover.Model;

/// <summary>
/// What things cost on one CPU of the machine: times in ns, memory in bytes. The defaults were measured (docs/model/costs.md says on what, and how); each can be
/// set otherwise by a scenario or on the command line, by its name in camelCase. Immutable.
/// </summary>
public sealed record CostModel
{
    /// <summary>Entering and leaving a system call.</summary>
    public double SyscallNs { get; init; } = 300;

    /// <summary>Opening a module's file and asking for its size.</summary>
    public double OpenNs { get; init; } = 6_000;

    /// <summary>Reading a file from the page cache, per byte (kernel_read_file).</summary>
    public double ReadNsPerByte { get; init; } = 0.25;

    /// <summary>Decompressing, per byte of the ELF file.</summary>
    public double DecompressNsPerByte { get; init; } = 12;

    /// <summary>Handing bytes over to init_module, per byte.</summary>
    public double CopyNsPerByte { get; init; } = 0.15;

    /// <summary>Signature and ELF checks, per byte of the ELF file.</summary>
    public double VerifyNsPerByte { get; init; } = 0.5;

    /// <summary>Laying out: allocating and copying, per byte of the image.</summary>
    public double LayoutNsPerByte { get; init; } = 0.5;

    /// <summary>Symbols, relocations, parameters, protection, per byte of the image.</summary>
    public double RelocateNsPerByte { get; init; } = 2;

    /// <summary>What loading any module costs beside its bytes: sysfs, notifiers, text patching.</summary>
    public double SetupNs { get; init; } = 150_000;

    /// <summary>
    /// How often a load waits until all CPUs have taken note: TLB flushes, patched text, RCU grace periods. Each costs one turn of every task that computes, which is
    /// nothing where CPUs run side by side, and much where an emulator's thread takes turns with them.
    /// </summary>
    public double SetupTurns { get; init; }

    /// <summary>What each of these costs for every CPU of the machine: an interrupt, and its answer.</summary>
    public double SetupTurnNsPerCpu { get; init; } = 300;

    /// <summary>
    /// Between two tasks that were waiting for a module's state to change: each looks at it under <c>module_mutex</c> (<c>finished_loading</c>), which they hand from one to the
    /// next.
    /// </summary>
    public double WakeNs { get; init; } = 5_000;

    /// <summary>Looking at /sys/module/NAME/initstate.</summary>
    public double InitStateNs { get; init; } = 8_000;

    /// <summary>From one modalias to its modules and their plan, in libkmod.</summary>
    public double LookupNs { get; init; } = 60_000;

    /// <summary>Udev's rules for one event, without its modules.</summary>
    public double RulesNs { get; init; } = 1_500_000;

    /// <summary>Forking a worker, and its first copies of shared pages.</summary>
    public double ForkNs { get; init; } = 400_000;

    /// <summary>Between two events of a trigger: udevadm writes one uevent file after another, and the kernel makes the event.</summary>
    public double TriggerNs { get; init; } = 40_000;

    /// <summary>Udevd's own work for one event: receive, queue, hand to a worker. Its main process is one thread.</summary>
    public double DispatchNs { get; init; } = 60_000;

    /// <summary>Starting a program such as modprobe or drover.</summary>
    public double StartNs { get; init; } = 3_000_000;

    /// <summary>A switch from one task to another on a CPU.</summary>
    public double ContextSwitchNs { get; init; } = 3_000;

    /// <summary>How long a task computes before another one of the same CPU has its turn.</summary>
    public double SliceNs { get; init; } = 3_000_000;

    /// <summary>0: as many CPUs compute as the machine has. Otherwise an emulator's threads, which take turns with them: in the lab one.</summary>
    public double EmulatorThreads { get; init; }

    /// <summary>Each time is drawn from this much around its mean, so that seeds differ: 0.1 is ± 10 %.</summary>
    public double Jitter { get; init; } = 0.1;

    /// <summary>Memory of the kernel and of whatever runs beside the loader.</summary>
    public double BaseBytes { get; init; } = 120e6;

    /// <summary>Memory of its own that a forked worker has.</summary>
    public double WorkerBytes { get; init; } = 3.5e6;

    /// <summary>KASAN (generic): every access is checked. Documentation/dev-tools/kasan.rst of older kernels says about 3 times slower.</summary>
    public double KasanTimeFactor { get; init; } = 3;

    /// <summary>KASAN: instrumented code is larger. An assumption.</summary>
    public double KasanImageFactor { get; init; } = 2.5;

    /// <summary>KASAN: shadow memory, of all memory and of every vmalloc allocation (one byte for eight).</summary>
    public double KasanShadow { get; init; } = 0.125;
}
