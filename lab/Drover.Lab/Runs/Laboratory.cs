using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Drover.Lab.Guest;
using Drover.Lab.Prepare;
using Drover.Text;

namespace Drover.Lab.Runs;

/// <summary>A system with its gate, a number of CPUs, and a loader.</summary>
sealed record Point(GuestSystem System, Gate Gate, int Cpus, GuestLoader Loader)
{
    /// <summary>The system, and the gate where it can be chosen.</summary>
    public string Place => System.IsGates ? $"{System} {Gate.OptionName()}" : System.ToString();

    public bool UsesDrover => Loader is GuestLoader.Drover or GuestLoader.Daemon;

    public override string ToString() => $"{Place}, {Cpus} CPUs, {Loader.OptionName()}";
}

/// <param name="RawFolder">The folder for the files that the guests sent; null for none.</param>
sealed record RunSettings(
    string Memory, TimeSpan? Timeout, string? Binary, string? StudyBinary, string DroverArguments,
    Action<string>? Console, string? RawFolder)
{
    /// <summary>The drover to test.</summary>
    /// <exception cref="LabException">It does not exist.</exception>
    public string DroverFor(GuestSystem system) => Existing(system, Binary, "drover");

    /// <summary>The drover-study to test.</summary>
    /// <exception cref="LabException">It does not exist.</exception>
    public string StudyFor(GuestSystem system) => Existing(system, StudyBinary, "drover-study");

    static string Existing(GuestSystem system, string? given, string name)
    {
        var folder = system.Architecture == GuestSystem.HostArchitecture
            ? "native"
            : "native-" + system.Architecture.OptionName();
        var program = given ?? Path.Combine(LabHost.ProjectRoot, "artifacts", folder, name);
        return File.Exists(program)
            ? program
            : throw LabException.CannotRunHere(
                $"{program} does not exist: `./build --arch {system.Architecture.OptionName()} {name}` builds it");
    }

    public Clock Clock { get; init; } = Clock.Instructions;
    public Threads Threads { get; init; } = Threads.Single;
    /// <summary>Boot every guest, in place of a restored one.</summary>
    public bool FullBoots { get; init; }
    /// <summary>More devices of the guest, by QEMU's names, and more options for QEMU.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];
    public IReadOnlyList<string> QemuArguments { get; init; } = [];
    /// <summary>Run drover watch next to the loader, audit before and after it, scenario after it.</summary>
    public bool Watch { get; init; }
    public bool Audit { get; init; }
    public bool Scenario { get; init; }
    public string? EarlierBoot { get; init; } // a recording of an earlier boot, for the first audit; null for none
    public string? BootRecord { get; init; } // the record that an earlier boot left; null for none
}

/// <summary>Prepares a point's kernel, boots the guest, and makes the report. Safe for concurrent runs.</summary>
sealed class Laboratory(RunSettings settings, LabHost host) : IDisposable
{
    const string EarlierBootFile = "lab/earlier-boot", BootRecordFile = "var/lib/drover/boot-record";

    readonly ConcurrentDictionary<GuestSystem, Task<KernelImage>> _kernels = new();
    readonly SemaphoreSlim _lists = new(1);

    /// <summary>Fetches or builds the kernel, or takes it from the cache.</summary>
    public Task<KernelImage> PrepareAsync(GuestSystem system)
    {
        return _kernels.GetOrAdd(system, _ => MakeAsync());

        async Task<KernelImage> MakeAsync()
        {
            await HostTools.EnsureForRunningAsync(host);
            return await Kernels.PrepareAsync(host, system);
        }
    }

    /// <summary>Boots a guest; with a <see cref="RunSettings.RawFolder"/>, keeps its files below it.</summary>
    public async Task<GuestResult> BootAsync(GuestRun run, string folder)
    {
        var result = await Machine.RunAsync(run, host);
        if (settings.RawFolder is { } raw)
            result.Save(Path.Combine(raw, folder));
        return result;
    }

    /// <param name="seed">Of <see cref="GuestRun.Seed"/>: equal seeds are equal runs, on the clock of
    /// instructions.</param>
    public async Task<RunReport> RunAsync(Point point, int seed = 1)
    {
        var isStudied = settings.Watch || settings.Audit || settings.Scenario;
        var binary = point.UsesDrover || isStudied ? settings.DroverFor(point.System) : null;
        var hash = binary is null ? null : HashOf(binary);
        var study = isStudied ? settings.StudyFor(point.System) : null;
        if (point.Cpus > point.System.Architecture.MaxCpus)
        {
            throw LabException.Usage($"{point.System.Architecture.OptionName()} guests have at most "
                + $"{point.System.Architecture.MaxCpus} CPUs");
        }

        var kernel = await PrepareAsync(point.System);
        var timeout = settings.Timeout ?? DefaultTimeout(point.Cpus);
        var run = new GuestRun(kernel, point.Gate, point.Cpus, point.Loader, settings.Memory, timeout)
        {
            Clock = settings.Clock,
            Threads = settings.Threads,
            Seed = seed,
            UsesSnapshot = settings.Clock == Clock.Instructions && !settings.FullBoots,
            List = point.Loader == GuestLoader.List ? await ListAsync(point, kernel) : [],
            Binary = binary,
            StudyBinary = study,
            DroverArguments = settings.DroverArguments,
            Console = settings.Console,
            Devices = settings.Devices,
            QemuArguments = settings.QemuArguments,
            Settings = (settings.Watch ? "watch=1\n" : "") + (settings.Audit ? "audit=1\n" : "")
                + (settings.Scenario ? "scenario=1\n" : "")
                + (settings.EarlierBoot is null ? "" : $"earlier_boot=/{EarlierBootFile}\n"),
            Files = new[] { (EarlierBootFile, settings.EarlierBoot), (BootRecordFile, settings.BootRecord) }
                .Where(file => file.Item2 is not null)
                .ToDictionary(file => file.Item1, file => Encoding.UTF8.GetBytes(file.Item2!)),
        };

        var report = Report(run, await BootAsync(run, ""), hash);
        if (point.Loader == GuestLoader.Udev)
            await RememberAsync(ListFile(point, kernel), report.Live);
        return report;
    }

    /// <summary>The SHA-256 of a drover binary, which keeps the results of different binaries apart.</summary>
    public static string HashOf(string binary)
    {
        using var file = File.OpenRead(binary);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    public void Dispose() => _lists.Dispose();

    static RunReport Report(GuestRun run, GuestResult result, string? hash)
    {
        try
        {
            return ReportBuilder.Build(run, result, hash);
        }
        catch (Exception problem) when (problem is FormatException or KeyNotFoundException)
        {
            throw new LabException($"the guest's results cannot be read: {problem.Message} (--raw keeps them)");
        }
    }

    /// <summary>Generous: one emulating thread does the work of all CPUs, and executes each instruction by
    /// itself.</summary>
    static TimeSpan DefaultTimeout(int cpus) => TimeSpan.FromSeconds(600 + 40 * cpus);

    /// <summary>The live modules of earlier udev runs of this kernel and CPU count; runs udev without one.</summary>
    async Task<IReadOnlyList<string>> ListAsync(Point point, KernelImage kernel)
    {
        var file = ListFile(point, kernel);
        await _lists.WaitAsync(host.Cancelled);
        try
        {
            if (!File.Exists(file))
            {
                host.Log($"no earlier udev run gives the list for {point}: running udev first");
                await RunAsync(point with { Loader = GuestLoader.Udev, Gate = point.System.KernelGate });
            }
            return await File.ReadAllLinesAsync(file);
        }
        finally
        {
            _lists.Release();
        }
    }

    string ListFile(Point point, KernelImage kernel) =>
        Path.Combine(host.Folder("lists"), $"{kernel.Key}-{point.Cpus}");

    /// <summary>Adds the live modules of a run to the list: a module that one run lost to a race stays in it.</summary>
    async Task RememberAsync(string file, IReadOnlyList<string> live)
    {
        using var held = await host.LockAsync("lists");
        var known = File.Exists(file) ? await File.ReadAllLinesAsync(file) : [];
        AtomicFile.Replace(file, part => File.WriteAllLines(part, known.Union(live).Order(StringComparer.Ordinal)));
    }
}
