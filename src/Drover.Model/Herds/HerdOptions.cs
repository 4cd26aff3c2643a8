using Drover.Model.Kernel;
using Drover.Model.Scenarios;

namespace Drover.Model.Herds;

public enum LoaderKind
{
    /// <summary>systemd-udevd: a forked worker for each event; workers share nothing.</summary>
    Udev,
    /// <summary>The same rules in threads of one process with shared state, as commit 9828ed3f695a suggests.</summary>
    UdevThreads,
    /// <summary>One process, sorted modaliases, one module after another.</summary>
    Modprobe,
    /// <summary>systemd-modules-load since systemd 259: threads that share a queue of names and nothing else.</summary>
    ModulesLoad,
    /// <summary>finit_module for every module, ignoring results.</summary>
    Spray,
    /// <summary>udev with a kmod that decompresses: init_module, which has no gate.</summary>
    UserDecompress,
    /// <summary>The production loader of Drover.Loading.</summary>
    Drover,
}

public sealed record HerdOptions
{
    public required Scenario Scenario { get; init; }
    /// <summary>CPUs of the machine, 1 to 8192; 0: the scenario's.</summary>
    public int Cpus { get; init; }
    public GateKind Gate { get; init; }
    public LoaderKind Loader { get; init; }
    /// <summary>Physical memory in bytes; 0: the scenario's.</summary>
    public long MemoryBytes { get; init; }
    /// <summary>The kernel decompresses modules; false: the loader does, and calls init_module (no gate).</summary>
    public bool KernelDecompresses { get; init; } = true;
    /// <summary>The kernel has KASAN: modules are larger, everything is slower (<see cref="CostModel"/>).</summary>
    public bool Kasan { get; init; }
    /// <summary>Of all random choices; the same seed gives the same trace.</summary>
    public int Seed { get; init; } = 1;
    /// <summary>What operations cost; null: the defaults with the scenario's own costs.</summary>
    public CostModel? Costs { get; init; }
    /// <summary>Makes the machine's parts; tests replace them by broken ones.</summary>
    internal ModelParts Parts { get; init; } = ModelParts.Sound;
}

/// <summary>Makes the parts of a machine. Tests override a method to see that the checks catch a broken part.</summary>
class ModelParts
{
    public static ModelParts Sound { get; } = new();
    public virtual KernelModel NewKernel(KernelSetup setup) => new(setup);
    public virtual ModuleOnDisk NewFile(ScenarioModule facts, string path) => new(facts, new Inode(path));
    public virtual IKernel NewPort(IKernel port) => port;
}

public sealed record HerdResult
{
    /// <summary>The options, with CPUs and memory filled in.</summary>
    public required HerdOptions Options { get; init; }
    /// <summary>Load calls by errno; <see cref="Errno.None"/> for success.</summary>
    public required IReadOnlyDictionary<Errno, long> Calls { get; init; }
    /// <summary>Distinct modules of all load calls.</summary>
    public required int Attempted { get; init; }
    /// <summary>"Virtual mem wasted bytes" of the kernel's statistics.</summary>
    public required long WastedBytes { get; init; }
    /// <summary>The part of it that calls wasted which ended in EEXIST or EBUSY.</summary>
    public required long DuplicateBytes { get; init; }
    /// <summary>Peak memory in use, in bytes: kernel, workers, modules and copies of their files.</summary>
    public required long PeakBytes { get; init; }
    /// <summary>Peak vmalloc space of loads in flight and live modules, in bytes.</summary>
    public required long PeakVmallocBytes { get; init; }
    /// <summary>Virtual time from the first event to the end of the last one, or to the failure, in seconds.</summary>
    public required double BootSeconds { get; init; }
    public required bool Booted { get; init; }
    /// <summary>Why it did not boot, a sentence; null where it did.</summary>
    public string? WhyNotBooted { get; init; }
    /// <summary>Modules live at the end, sorted.</summary>
    public required IReadOnlyList<string> Live { get; init; }
    /// <summary>Modules that a device requested and that can be loaded, but are not live; sorted.</summary>
    public required IReadOnlyList<string> Missing { get; init; }
    /// <summary>Tasks killed by the OOM killer.</summary>
    public required int Killed { get; init; }
    public required ModuleStats Stats { get; init; }
    public required long Steps { get; init; }
    /// <summary>Hash of the whole trace: equal for equal options, on any machine.</summary>
    public required ulong TraceHash { get; init; }
}
