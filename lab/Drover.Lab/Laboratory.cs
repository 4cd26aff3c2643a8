using System.Collections.Concurrent;
using System.Security.Cryptography;
using Drover.Lab.Guest;
using Drover.Lab.Prepare;
using Drover.Lab.Report;

namespace Drover.Lab;

/// <summary>What to run: a kernel with its gate, a number of CPUs, a loader.</summary>
sealed record Point(string Kernel, Gate Gate, int Cpus, Loader Loader)
{
    public override string ToString() =>
        $"{Kernel}{(Kernel == Kernels.Gates ? $"/{Gate.ToString().ToLowerInvariant()}" : "")} {Cpus} CPUs {Loader.ToString().ToLowerInvariant()}";
}

/// <summary>What is the same for every run of one invocation.</summary>
sealed record RunSettings(string Memory, TimeSpan? Timeout, string Binary, string DroverArguments, Action<string>? Console, string? RawFolder = null)
{
    /// <summary>More devices of the guest, as QEMU names them.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];

    /// <summary>More options for QEMU.</summary>
    public IReadOnlyList<string> QemuArguments { get; init; } = [];

    /// <summary>drover watch runs beside the loader, whoever it is.</summary>
    public bool Watch { get; init; }

    /// <summary>drover audit runs before the loader, whoever it is.</summary>
    public bool Audit { get; init; }

    /// <summary>A recording of an earlier boot, for the audit before the loader; null for none.</summary>
    public string? EarlierBoot { get; init; }
}

/// <summary>Prepares what a point needs, boots it, reports it. May be asked for several points at once.</summary>
sealed class Laboratory(RunSettings settings, Action<string> say) : IDisposable
{
    const string EarlierBootFile = "lab/earlier-boot";

    readonly LabCache _cache = new();
    readonly ConcurrentDictionary<string, Task<KernelImage>> _kernels = new(StringComparer.Ordinal);
    readonly SemaphoreSlim _lists = new(1);

    /// <summary>Fetches and builds what the kernel needs; later runs find it made.</summary>
    public Task<KernelImage> PrepareAsync(string kernel, CancellationToken stop) => _kernels.GetOrAdd(kernel, _ => MakeAsync(kernel, stop));

    /// <summary>A package's files below one of its folders, text, by their paths.</summary>
    public async Task<IReadOnlyDictionary<string, string>> PackageTextAsync(string package, string below, CancellationToken stop)
    {
        var file = (await new DebianPackages(_cache, say).FilesAsync([package], stop))[0];
        using var work = _cache.Work();
        await DebianPackages.UnpackAsync(file, work.Path, stop);
        return Directory.EnumerateFiles(work.File(below), "*", SearchOption.AllDirectories)
            .ToDictionary(path => Path.GetRelativePath(work.Path, path), File.ReadAllText);
    }

    /// <summary>A disk with a small Debian and the kernel on it, for one invocation to change.</summary>
    /// <param name="kernel">By its name on the command line.</param>
    /// <param name="folder">Where its file goes.</param>
    /// <param name="stop">Ends it.</param>
    public async Task<DebianDisk> DiskAsync(string kernel, string maker, string folder, CancellationToken stop)
    {
        var image = await PrepareAsync(kernel, stop);
        var debian = new DebianPackages(_cache, say);
        return await DebianDisk.CopyAsync(kernel, maker, image, _cache, debian, await GuestTree.PrepareAsync(_cache, debian, say, stop), folder, say, stop);
    }

    /// <summary>A folder of its own for one run, gone when it is disposed.</summary>
    public WorkFolder Work() => _cache.Work();

    /// <summary>Boots a guest as it is; its files are kept where the settings say so.</summary>
    public async Task<GuestResult> BootAsync(GuestRun run, string name, CancellationToken stop)
    {
        var result = await Qemu.BootAsync(run, _cache, stop);
        if (settings.RawFolder is { } raw)
            result.Save(Path.Combine(raw, name));
        return result;
    }

    public async Task<RunReport> RunAsync(Point point, CancellationToken stop)
    {
        var kernel = await PrepareAsync(point.Kernel, stop);
        var run = new GuestRun(kernel, point.Gate, point.Cpus, point.Loader, settings.Memory, settings.Timeout ?? DefaultTimeout(point.Cpus))
        {
            Console = settings.Console,
            Devices = settings.Devices,
            QemuArguments = settings.QemuArguments,
        };
        string? hash = null;
        if (point.Loader == Loader.List)
            run = run with { List = await ListAsync(point, kernel, stop) };
        if (point.Loader is Loader.Drover or Loader.Daemon)
        {
            hash = HashOf(settings.Binary);
            run = run with { Binary = settings.Binary, DroverArguments = settings.DroverArguments };
        }

        if (settings.Watch || settings.Audit)
        {
            hash = HashOf(settings.Binary);
            run = run with { Binary = settings.Binary, Settings = $"{(settings.Watch ? "watch=1\n" : "")}{(settings.Audit ? "audit=1\n" : "")}" };
            if (settings.EarlierBoot is { } recording)
                run = run with { Settings = $"{run.Settings}earlier_boot=/{EarlierBootFile}\n", Files = new Dictionary<string, string> { [EarlierBootFile] = recording } };
        }

        var result = await Qemu.BootAsync(run, _cache, stop);
        if (settings.RawFolder is { } raw)
            result.Save(raw);
        var report = Build(run, result, hash);
        if (point.Loader == Loader.Udev)
            await RememberAsync(ListFile(point, kernel), report.Live, stop);
        return report;
    }

    /// <summary>Names the binary under test, so that results of another are not taken for its own.</summary>
    public static string HashOf(string binary)
    {
        if (!File.Exists(binary))
            throw new LabException($"there is no {binary}: run `./drover --version` once, which builds it, or name one with --binary", LabException.CannotRunHere);
        using var file = File.OpenRead(binary);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    public void Dispose() => _lists.Dispose();

    static RunReport Build(GuestRun run, GuestResult result, string? hash)
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

    /// <summary>Generous: one emulated CPU does the work of all, and settling grows with their number.</summary>
    static TimeSpan DefaultTimeout(int cpus) => TimeSpan.FromSeconds(180 + 6 * cpus);

    async Task<KernelImage> MakeAsync(string kernel, CancellationToken stop)
    {
        await HostTools.EnsureForRunningAsync(_cache, say, stop);
        var debian = new DebianPackages(_cache, say);
        var tree = await GuestTree.PrepareAsync(_cache, debian, say, stop);
        return kernel == Kernels.Gates
            ? await GatesKernel.PrepareAsync(_cache, debian, tree, say, stop)
            : await DebianKernel.PrepareAsync(kernel, _cache, debian, tree, say, stop);
    }

    /// <summary>The modules udev ends with, from its earlier runs of this kernel and CPU count; without one udev runs first.</summary>
    async Task<IReadOnlyList<string>> ListAsync(Point point, KernelImage kernel, CancellationToken stop)
    {
        var file = ListFile(point, kernel);
        await _lists.WaitAsync(stop);
        try
        {
            if (!File.Exists(file))
            {
                say($"no earlier udev run tells the list for {point}: running udev first");
                await RunAsync(point with { Loader = Loader.Udev, Gate = Kernels.DefaultGate(point.Kernel) }, stop);
            }
            return await File.ReadAllLinesAsync(file, stop);
        }
        finally
        {
            _lists.Release();
        }
    }

    string ListFile(Point point, KernelImage kernel) => Path.Combine(_cache.Folder("lists"), $"{kernel.Key}-{point.Cpus}");

    /// <summary>Joins what this run ended with to what earlier ones did: a module that one race lost still belongs to the list.</summary>
    async Task RememberAsync(string file, IReadOnlyList<string> live, CancellationToken stop)
    {
        using var held = await _cache.LockAsync("lists", _ => { }, stop);
        var known = File.Exists(file) ? await File.ReadAllLinesAsync(file, stop) : [];
        await File.WriteAllLinesAsync(file + ".part", known.Union(live).Order(StringComparer.Ordinal), stop);
        File.Move(file + ".part", file, overwrite: true);
    }
}
