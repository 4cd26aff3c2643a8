namespace Drover.Model;

/// <summary>What the kernel does about a second load of a file that is being loaded, by the time it did so.</summary>
public enum GateKind
{
    /// <summary>Up to 6.3: reads and verifies it all, and sees at its end that the module is there.</summary>
    None,

    /// <summary>6.4 (064f4536d139): reads it, and sees before it is laid out.</summary>
    EarlyCheck,

    /// <summary>The seed (9828ed3f695a): ETXTBSY at once.</summary>
    Exclusive,

    /// <summary>From 6.5 (9b9879fc0327): waits, and returns the result of the first.</summary>
    Idempotent,
}

/// <summary>Who loads.</summary>
public enum HerdKind
{
    /// <summary>systemd-udevd: a forked worker an event, nothing shared.</summary>
    Udev,

    /// <summary>The same rules in one process of threads with shared state: the seed's "maybe it should use threads".</summary>
    UdevThreads,

    /// <summary>One process, sorted modaliases, one module after another.</summary>
    Modprobe,

    /// <summary>finit_module for everything, results not looked at.</summary>
    Spray,

    /// <summary>Udev on a distribution whose kmod decompresses: init_module, which has no gate.</summary>
    UserDecompress,

    /// <summary>The production loader of Drover.Loading.</summary>
    Drover,
}

/// <summary>One run: a machine, a kernel, a herd.</summary>
public sealed record HerdOptions
{
    /// <summary>The devices and modules.</summary>
    public required Scenario Scenario { get; init; }

    /// <summary>CPUs of the machine, 1 to 8192; 0: as the scenario has.</summary>
    public int Cpus { get; init; }

    /// <summary>The kernel's gate.</summary>
    public GateKind Gate { get; init; }

    /// <summary>Who loads.</summary>
    public HerdKind Herd { get; init; }

    /// <summary>Physical memory in bytes; 0: as the scenario has.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>The kernel decompresses module files; false: whoever loads does it, and goes through init_module, which no gate guards.</summary>
    public bool KernelDecompresses { get; init; } = true;

    /// <summary>A kernel with KASAN: modules are larger, everything is slower (<see cref="CostModel"/> has the factors).</summary>
    public bool Kasan { get; init; }

    /// <summary>One seed is one trace.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Code that is broken on purpose, so that tests see the checks catch it.</summary>
    internal Mutation Mutation { get; init; }

    /// <summary>Wraps the kernel port of the production loader, for the same purpose; null: as it is.</summary>
    internal Func<Loading.IKernel, Loading.IKernel>? KernelPort { get; init; }

    /// <summary>What things cost; null: the defaults with the scenario's own.</summary>
    public CostModel? Costs { get; init; }
}
