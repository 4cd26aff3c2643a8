using Drover.Cli;
using Drover.Devices;
using Drover.Linux;
using Drover.Linux.Gate;
using Drover.Loading;
using Drover.Modules;

namespace Drover.Verbs;

/// <summary>The loader on the machine this process runs on: wired once, for one verb. One owner, the thread that runs <see cref="Loop"/>.</summary>
sealed class Session : IDisposable
{
    readonly IModuleGate _gate;

    /// <param name="catalog">The modules that are meant.</param>
    /// <param name="commandEnvironment">Variables for install commands; null for none but this process's own.</param>
    public Session(ModuleCatalog catalog, IReadOnlyDictionary<string, string>? commandEnvironment = null)
    {
        Catalog = catalog;
        Threads = new KernelThreads(Loop);
        Kernel = new LinuxKernel(Threads) { CommandEnvironment = commandEnvironment ?? new Dictionary<string, string>() };
        _gate = GateDirectory.OpenOrNone(GateDirectory.DefaultPath, Loop, Threads);
    }

    public LiveLoop Loop { get; } = new();

    public KernelThreads Threads { get; }

    public LinuxKernel Kernel { get; }

    public ModuleCatalog Catalog { get; }

    /// <summary>Takes modules out, through the same gate.</summary>
    public Remover CreateRemover() => new(Loop, Kernel, _gate);

    /// <summary>Why loads of other processes do not converge with ours, or null where they do.</summary>
    public string? WithoutGate => (_gate as NoGate)?.Reason;

    /// <exception cref="CannotException">Modules cannot be loaded here.</exception>
    public static void RequireModuleSupport()
    {
        if (KernelSupport.Explain(KernelSupport.Check()) is { } obstacle)
            throw new CannotException(obstacle);
    }

    /// <summary>A loader with the bounds of the command line.</summary>
    public Loader CreateLoader(Arguments arguments, ILoaderObserver observer) => CreateLoader(BoundsOf(arguments), observer);

    /// <summary>A daemon's work, with the bounds of the command line.</summary>
    public DeviceService CreateService(Arguments arguments, IDevices devices, ILoaderObserver observer) =>
        new(Loop, devices, Kernel, _gate, Catalog, () => Reopen(arguments), BoundsOf(arguments), observer);

    /// <summary>A loader with these bounds.</summary>
    public Loader CreateLoader(LoaderOptions options, ILoaderObserver observer) => new(Loop, Kernel, _gate, Catalog, options, observer);

    static LoaderOptions BoundsOf(Arguments arguments) => new()
    {
        BudgetBytes = arguments.Size(CommonOptions.Budget),
        Jobs = arguments.Count(CommonOptions.Jobs),
    };

    static ModuleCatalog Reopen(Arguments arguments)
    {
        try
        {
            return ModuleSource.Open(arguments);
        }
        catch (CannotException gone)
        {
            throw new IOException(gone.Message, gone);
        }
    }

    public void Dispose()
    {
        (_gate as IDisposable)?.Dispose();
        Kernel.Dispose();
        Loop.Dispose();
    }
}
