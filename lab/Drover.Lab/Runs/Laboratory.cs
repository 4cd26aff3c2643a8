using System.Collections.Concurrent;
using System.Security.Cryptography;
using Drover.Lab.Guest;
using Drover.Lab.Prepare;
using Drover.Text;

namespace Drover.Lab.Runs;

/// <summary>A kernel with its gate, a number of CPUs, and a loader.</summary>
sealed record Point(string Kernel, Gate Gate, int Cpus, GuestLoader Loader)
{
    public override string ToString() =>
        $"{Kernel}{(Kernel == Kernels.Gates ? $"/{Gate.OptionName()}" : "")} {Cpus} CPUs {Loader.OptionName()}";
}

/// <param name="RawFolder">The folder for the files that the guests sent; null for none.</param>
sealed record RunSettings(
    string Memory, TimeSpan? Timeout, string Binary, string StudyBinary, string DroverArguments,
    Action<string>? Console, string? RawFolder)
{
    /// <summary>More devices of the guest, by QEMU's names, and more options for QEMU.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];
    public IReadOnlyList<string> QemuArguments { get; init; } = [];
    /// <summary>Run drover watch next to the loader, audit before and after it, scenario after it.</summary>
    public bool Watch { get; init; }
    public bool Audit { get; init; }
    public bool Scenario { get; init; }
    public string? EarlierBoot { get; init; } // a recording of an earlier boot, for the first audit; null for none
}

/// <summary>Prepares a point's kernel, boots the guest, and makes the report. Safe for concurrent runs.</summary>
sealed class Laboratory(RunSettings settings, LabHost host) : IDisposable
{
    const string EarlierBootFile = "lab/earlier-boot";

    readonly ConcurrentDictionary<string, Task<KernelImage>> _kernels = new(StringComparer.Ordinal);
    readonly SemaphoreSlim _lists = new(1);

    /// <summary>Fetches or builds the kernel, or takes it from the cache.</summary>
    public Task<KernelImage> PrepareAsync(string kernel)
    {
        return _kernels.GetOrAdd(kernel, _ => MakeAsync());

        async Task<KernelImage> MakeAsync()
        {
            await HostTools.EnsureForRunningAsync(host);
            var debian = new DebianPackages(host);
            return await Kernels.PrepareAsync(kernel, host, debian, await GuestTree.PrepareAsync(host, debian));
        }
    }

    /// <summary>Boots a guest; with a <see cref="RunSettings.RawFolder"/>, keeps its files below it.</summary>
    public async Task<GuestResult> BootAsync(GuestRun run, string folder)
    {
        var result = await Qemu.BootAsync(run, host);
        if (settings.RawFolder is { } raw)
            result.Save(Path.Combine(raw, folder));
        return result;
    }

    public async Task<RunReport> RunAsync(Point point)
    {
        var isStudied = settings.Watch || settings.Audit || settings.Scenario;
        var isDrover = point.Loader is GuestLoader.Drover or GuestLoader.Daemon;
        var binary = isDrover || isStudied ? settings.Binary : null;
        var hash = binary is null ? null : HashOf(binary);
        if (isStudied)
            Require(settings.StudyBinary);

        var kernel = await PrepareAsync(point.Kernel);
        var timeout = settings.Timeout ?? DefaultTimeout(point.Cpus);
        var run = new GuestRun(kernel, point.Gate, point.Cpus, point.Loader, settings.Memory, timeout)
        {
            List = point.Loader == GuestLoader.List ? await ListAsync(point, kernel) : [],
            Binary = binary,
            StudyBinary = isStudied ? settings.StudyBinary : null,
            DroverArguments = settings.DroverArguments,
            Console = settings.Console,
            Devices = settings.Devices,
            QemuArguments = settings.QemuArguments,
            Settings = (settings.Watch ? "watch=1\n" : "") + (settings.Audit ? "audit=1\n" : "")
                + (settings.Scenario ? "scenario=1\n" : "")
                + (settings.EarlierBoot is null ? "" : $"earlier_boot=/{EarlierBootFile}\n"),
            Files = settings.EarlierBoot is { } recording
                ? new Dictionary<string, string> { [EarlierBootFile] = recording }
                : new Dictionary<string, string>(),
        };

        var report = Report(run, await BootAsync(run, ""), hash);
        if (point.Loader == GuestLoader.Udev)
            await RememberAsync(ListFile(point, kernel), report.Live);
        return report;
    }

    /// <summary>The SHA-256 of a drover binary, which keeps the results of different binaries apart.</summary>
    public static string HashOf(string binary)
    {
        Require(binary);
        using var file = File.OpenRead(binary);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    /// <exception cref="LabException">A program for the guest does not exist.</exception>
    public static void Require(string binary)
    {
        var command = Path.GetFileName(binary) == "drover-study" ? "help herd" : "--version";
        if (!File.Exists(binary))
            throw LabException.CannotRunHere($"{binary} does not exist: `./drover {command}` builds it");
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

    /// <summary>Generous: one emulating thread does the work of all CPUs.</summary>
    static TimeSpan DefaultTimeout(int cpus) => TimeSpan.FromSeconds(180 + 6 * cpus);

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
                await RunAsync(point with { Loader = GuestLoader.Udev, Gate = Kernels.DefaultGate(point.Kernel) });
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
