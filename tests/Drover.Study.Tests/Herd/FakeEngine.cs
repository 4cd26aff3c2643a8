using System.Collections.Concurrent;
using Drover.CommandLine;
using Drover.Kernel;
using Drover.Model.Herds;
using Drover.Model.Kernel;
using Drover.Model.Scenarios;
using Drover.Study.Herd;
using Drover.Tests;

namespace Drover.Study.Tests.Herd;

/// <summary>Replaces the model: its figures are simple functions of the options. For any thread.</summary>
sealed class FakeEngine
{
    const long Image = 400_000;

    const string CpuAlias = "cpu:type:x86,ven0000fam0006mod0055:feature:,0000";

    const string NicAlias = "pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00";

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
            new()
            {
                Name = "aesni_intel", FileBytes = 401_408, ElfBytes = 401_408, ImageBytes = 393_216, InitNs = 2_000_000,
                Dependencies = ["libaes", "cryptd"],
            },
            new()
            {
                Name = "acpi_cpufreq", FileBytes = 49_152, ElfBytes = 49_152, ImageBytes = 40_960, InitNs = 100_000,
                InitError = "ENODEV",
            },
            new()
            {
                Name = "e1000e", FileBytes = 450_560, ElfBytes = 450_560, ImageBytes = 360_448, InitNs = 5_000_000,
                InitSleepNs = 200_000_000,
            },
        ],
        Aliases =
        [
            new(CpuAlias, ["acpi_cpufreq", "aesni_intel"]),
            new(NicAlias, ["e1000e"]),
        ],
        Devices =
        [
            new() { Path = "/devices/pci0000:00/0000:00:19.0", Subsystem = "pci", Modaliases = [NicAlias] },
            new()
            {
                Path = "/devices/system/cpu/cpu{cpu}", Subsystem = "cpu", Modaliases = [CpuAlias], IsPerCpu = true,
            },
        ],
    };

    readonly ConcurrentQueue<HerdOptions> _runs = new();

    /// <summary>In the order of their start.</summary>
    public IReadOnlyCollection<HerdOptions> Runs => _runs;

    /// <summary>Called before each run.</summary>
    public Action<HerdOptions, CancellationToken> Before { get; init; } = (_, _) => { };

    /// <summary>The events of each run.</summary>
    public IReadOnlyList<ModelEvent> Events { get; init; } = Story();

    public HerdResult Run(HerdOptions options, IModelObserver? observer, CancellationToken cancellationToken)
    {
        _runs.Enqueue(options);
        Before(options, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var happened in Events)
            observer?.Happened(happened);
        return ResultOf(options);
    }

    /// <summary>Runs <c>drover herd</c> with this engine.</summary>
    public CommandLineRun Command(params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var verb = new HerdVerb(Run, _ => Machine);
        var exit = verb.Run(Arguments.Parse(args, verb.Options), new Terminal(output, error, isWatched: false));
        return new CommandLineRun(exit, output.ToString(), error.ToString());
    }

    /// <summary>udev wastes bytes, lacks modules with the exclusive gate, and fails with little memory.</summary>
    public static HerdResult ResultOf(HerdOptions options)
    {
        var others = options.Loader is LoaderKind.Drover ? 0 : options.Cpus - 1;
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
            Missing = options is { Gate: GateKind.Exclusive, Loader: LoaderKind.Udev, Cpus: > 1 }
                ? ["a", "b", "c", "d", "e"]
                : [],
            Killed = booted ? 0 : 17,
            Stats = new ModuleStats { EverLoaded = 3 },
            Steps = 1000,
            TraceHash = 1,
        };
    }

    /// <summary>Two workers load the same module, a third one is killed.</summary>
    public static ModelEvent[] Story(string module = "e1000e") =>
    [
        new(0, ModelEventKind.Device, 0, What: "/devices/system/cpu/cpu0"),
        new(1_000_000, ModelEventKind.TaskBegins, 1, What: "/devices/system/cpu/cpu0"),
        new(1_400_000, ModelEventKind.TaskBegins, 2, What: "/devices/system/cpu/cpu1"),
        new(2_000_000, ModelEventKind.CallBegins, 1, module, "finit_module"),
        new(2_100_001, ModelEventKind.Stage, 1, module, "kernel_read_file"),
        new(2_200_000, ModelEventKind.CallBegins, 2, module, "finit_module"),
        new(2_200_300, ModelEventKind.Waits, 2, module, "the gate"),
        new(2_500_000, ModelEventKind.ModuleState, 1, module, "coming"),
        new(3_000_000, ModelEventKind.TaskBegins, 3, What: "/devices/system/cpu/cpu2"),
        new(3_100_000, ModelEventKind.CallBegins, 3, module, "finit_module"),
        new(3_200_000, ModelEventKind.OutOfMemory, 3, module, Bytes: 1_258_291),
        new(3_300_000, ModelEventKind.TaskKilled, 3, What: "out of memory"),
        new(7_000_000, ModelEventKind.CallEnds, 1, module),
        new(7_100_000, ModelEventKind.WaitEnds, 2, module),
        new(7_200_000, ModelEventKind.CallEnds, 2, module, Error: Errno.EEXIST, Bytes: 802_816),
        new(7_300_000, ModelEventKind.Note, 2, What: "gives up"),
        new(7_300_000, ModelEventKind.TaskEnds, 2),
        new(1_234_567_890, ModelEventKind.BootEnds, 0),
    ];
}
