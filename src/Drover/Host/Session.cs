using Drover.CommandLine;
using Drover.Devices;
using Drover.Kernel;
using Drover.Linux.Gate;
using Drover.Linux.Kernel;
using Drover.Linux.Runtime;
using Drover.Loading;
using Drover.Modules.Config;

namespace Drover.Host;

/// <summary>The loader for one command. Owned by the thread that runs <see cref="Loop"/>.</summary>
sealed class Session : IDisposable
{
    readonly IModuleGate _gate;

    /// <param name="commandEnvironment">Variables to add to the environment of install commands.</param>
    public Session(ModuleCatalog catalog, IReadOnlyDictionary<string, string>? commandEnvironment = null)
    {
        Catalog = catalog;
        Threads = new KernelThreads(Loop);
        Kernel = new LinuxKernel(Threads)
        {
            CommandEnvironment = commandEnvironment ?? new Dictionary<string, string>(),
        };
        _gate = GateDirectory.OpenOrNone(GateDirectory.DefaultPath, Loop, Threads);
    }

    public LiveLoop Loop { get; } = new();

    public KernelThreads Threads { get; }

    public LinuxKernel Kernel { get; }

    public ModuleCatalog Catalog { get; }

    /// <summary>Why loads of other processes are not coordinated with ours; null if they are.</summary>
    public string? WithoutGate => (_gate as NoGate)?.Reason;

    /// <exception cref="CommandException">Modules cannot be loaded here.</exception>
    public static void RequireModuleSupport()
    {
        if (KernelSupport.Explain(KernelSupport.Check()) is { } obstacle)
            throw new CommandException(obstacle);
    }

    /// <summary>A remover that uses the same gate.</summary>
    public Remover CreateRemover() => new(Loop, Kernel, _gate);

    public Loader CreateLoader(LoaderOptions options, ILoaderObserver observer) =>
        new(Loop, Kernel, _gate, Catalog, options, observer);

    /// <summary>A loader with the limits of the command line.</summary>
    public Loader CreateLoader(Arguments arguments, ILoaderObserver observer) =>
        CreateLoader(OptionsOf(arguments), observer);

    /// <summary>The daemon's service, with the limits of the command line.</summary>
    public LoadService CreateService(Arguments arguments, IDevices devices, ILoaderObserver observer) =>
        new(Loop, devices, Kernel, _gate, Catalog, () => Reopen(arguments), OptionsOf(arguments), observer);

    public void Dispose()
    {
        (_gate as IDisposable)?.Dispose();
        Kernel.Dispose();
    }

    static LoaderOptions OptionsOf(Arguments arguments)
    {
        var defaults = new LoaderOptions();
        return defaults with
        {
            BudgetBytes = arguments.Size(CommonOptions.Budget),
            Jobs = arguments.Count(CommonOptions.Jobs),
            Stagger = arguments.Time(CommonOptions.Stagger) ?? defaults.Stagger,
        };
    }

    static ModuleCatalog Reopen(Arguments arguments)
    {
        try
        {
            return ModuleSource.Open(arguments);
        }
        catch (CommandException problem)
        {
            throw new IOException(problem.Message, problem);
        }
    }
}
