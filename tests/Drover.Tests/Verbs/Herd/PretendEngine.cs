using System.Collections.Concurrent;
using Drover.Cli;
using Drover.Loading;
using Drover.Model;
using Drover.Output;
using Drover.Verbs;

namespace Drover.Tests.Verbs.Herd;

/// <summary>Stands for the model: figures that are simple functions of the options, and a few events. For any thread.</summary>
sealed class PretendEngine
{
    const long Image = 400_000;

    /// <summary>A small machine with a device of each CPU.</summary>
    static readonly Scenario Machine = new()
    {
        Name = "small machine",
        Description = "modules of a processor and a network card",
        Kernel = "6.1.0",
        Cpus = 8,
        MemoryBytes = 4L << 30,
        Modules =
        [
            new() { Name = "libaes", FileBytes = 24_576, ElfBytes = 24_576, ImageBytes = 24_576, InitNs = 100_000 },
            new() { Name = "cryptd", FileBytes = 40_960, ElfBytes = 40_960, ImageBytes = 36_864, InitNs = 100_000 },
            new() { Name = "aesni_intel", FileBytes = 401_408, ElfBytes = 401_408, ImageBytes = 393_216, InitNs = 2_000_000, Dependencies = ["libaes", "cryptd"] },
            new() { Name = "acpi_cpufreq", FileBytes = 49_152, ElfBytes = 49_152, ImageBytes = 40_960, InitNs = 100_000, InitError = "ENODEV" },
            new() { Name = "e1000e", FileBytes = 450_560, ElfBytes = 450_560, ImageBytes = 360_448, InitNs = 5_000_000, InitSleepNs = 200_000_000 },
        ],
        Aliases =
        [
            new("cpu:type:x86,ven0000fam0006mod0055:feature:,0000", ["acpi_cpufreq", "aesni_intel"]),
            new("pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00", ["e1000e"]),
        ],
        Devices =
        [
            new() { Path = "/devices/pci0000:00/0000:00:19.0", Subsystem = "pci", Modaliases = ["pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00"] },
            new() { Path = "/devices/system/cpu/cpu{cpu}", Subsystem = "cpu", Modaliases = ["cpu:type:x86,ven0000fam0006mod0055:feature:,0000"], IsPerCpu = true },
        ],
    };

    readonly ConcurrentQueue<HerdOptions> _asked = new();

    /// <summary>What was run, in the order in which it began.</summary>
    public IReadOnlyCollection<HerdOptions> Asked => _asked;

    /// <summary>Called before each run.</summary>
    public Action<HerdOptions, CancellationToken> Before { get; init; } = (_, _) => { };

    /// <summary>What the observer is told.</summary>
    public IReadOnlyList<HerdEvent> Events { get; init; } = Story();

    public HerdResult Run(HerdOptions options, IHerdObserver? observer, CancellationToken stop)
    {
        _asked.Enqueue(options);
        Before(options, stop);
        stop.ThrowIfCancellationRequested();
        foreach (var happened in Events)
            observer?.Happened(happened);
        return ResultOf(options);
    }

    /// <summary>Runs the verb on it.</summary>
    public CommandLine Command(params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var verb = new HerdVerb(Run, () => Machine);
        var exit = verb.Run(Arguments.Parse(args, verb.Options), new Terminal(output, error, isWatched: false));
        return new CommandLine(exit, output.ToString(), error.ToString());
    }

    /// <summary>Udev wastes most without a gate, loses modules under the exclusive one, and dies of too little memory; Drover does none of it.</summary>
    public static HerdResult ResultOf(HerdOptions options)
    {
        var others = options.Herd is HerdKind.Drover ? 0 : options.Cpus - 1;
        var (error, image) = options.Gate switch
        {
            GateKind.None => (Errno.EEXIST, 2 * Image),
            GateKind.EarlyCheck => (Errno.EEXIST, Image),
            GateKind.Exclusive => (Errno.ETXTBSY, 100L),
            _ => (Errno.EBUSY, 0L),
        };
        var wasted = others * image;
        var peak = 120_000_000 + wasted;
        var booted = peak < options.MemoryBytes;
        var calls = new Dictionary<Errno, long> { [Errno.ENODEV] = 1, [Errno.None] = 3 };
        if (others > 0)
            calls[error] = others;
        return new HerdResult
        {
            Options = options,
            Calls = calls,
            Attempted = 4,
            WastedBytes = wasted,
            DuplicateBytes = wasted,
            PeakBytes = Math.Min(peak, options.MemoryBytes),
            PeakVmallocBytes = wasted,
            BootSeconds = 1 + (others / 100.0),
            Booted = booted,
            WhyNotBooted = booted ? null : "Out of memory, and no worker is left to kill.",
            Live = ["aesni_intel", "cryptd", "e1000e"],
            Missing = options is { Gate: GateKind.Exclusive, Herd: HerdKind.Udev, Cpus: > 1 } ? ["a", "b", "c", "d", "e"] : [],
            Killed = booted ? 0 : 17,
            Stats = new ModuleStats { EverLoaded = 3 },
            Steps = 1000,
            TraceHash = 1,
        };
    }

    /// <summary>Two workers want the same module; a third dies; somebody else's names are hostile.</summary>
    public static HerdEvent[] Story(string module = "e1000e") =>
    [
        new(0, HerdEventKind.Device, 0, What: "/devices/system/cpu/cpu0"),
        new(1_000_000, HerdEventKind.TaskBegins, 1, What: "/devices/system/cpu/cpu0"),
        new(1_400_000, HerdEventKind.TaskBegins, 2, What: "/devices/system/cpu/cpu1"),
        new(2_000_000, HerdEventKind.CallBegins, 1, module, "finit_module"),
        new(2_100_001, HerdEventKind.Stage, 1, module, "kernel_read_file"),
        new(2_200_000, HerdEventKind.CallBegins, 2, module, "finit_module"),
        new(2_200_300, HerdEventKind.Waits, 2, module, "the gate"),
        new(2_500_000, HerdEventKind.ModuleState, 1, module, "coming"),
        new(3_000_000, HerdEventKind.TaskBegins, 3, What: "/devices/system/cpu/cpu2"),
        new(3_100_000, HerdEventKind.CallBegins, 3, module, "finit_module"),
        new(3_200_000, HerdEventKind.OutOfMemory, 3, module, Bytes: 1_258_291),
        new(3_300_000, HerdEventKind.TaskKilled, 3, What: "out of memory"),
        new(7_000_000, HerdEventKind.CallEnds, 1, module),
        new(7_100_000, HerdEventKind.WaitEnds, 2, module),
        new(7_200_000, HerdEventKind.CallEnds, 2, module, Error: Errno.EEXIST, Bytes: 802_816),
        new(7_300_000, HerdEventKind.Note, 2, What: "gives up"),
        new(7_300_000, HerdEventKind.TaskEnds, 2),
        new(1_234_567_890, HerdEventKind.BootEnds, 0),
    ];
}
