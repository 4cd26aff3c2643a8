using Drover.CommandLine;
using Drover.Control;
using Drover.Devices;
using Drover.Kernel;
using Drover.Linux.Files;
using Drover.Linux.Kernel;
using Drover.Linux.Locks;
using Drover.Linux.ProcFs;
using Drover.Linux.Runtime;
using Drover.Linux.Sockets;
using Drover.Loading;
using Drover.Modules.Config;

namespace Drover.Host;

/// <summary>The loader for one command. Owned by the thread that runs <see cref="Loop"/>.</summary>
sealed class Session : IDisposable
{
    readonly IModuleLocks _locks;
    DirectoryWatch? _watch;

    /// <param name="commandEnvironment">Variables to add to the environment of install commands.</param>
    public Session(ModuleCatalog catalog, IReadOnlyDictionary<string, string>? commandEnvironment = null)
    {
        Catalog = catalog;
        Threads = new KernelThreads(Loop);
        Kernel = new LinuxKernel(Threads)
        {
            CommandEnvironment = commandEnvironment ?? new Dictionary<string, string>(),
        };
        _locks = LockDirectory.OpenOrNone(LockDirectory.DefaultPath, Loop, Threads);
    }

    public LiveLoop Loop { get; } = new();

    public KernelThreads Threads { get; }

    public LinuxKernel Kernel { get; }

    public ModuleCatalog Catalog { get; }

    /// <summary>Why loads of other processes are not coordinated with ours; null if they are.</summary>
    public string? WithoutLocks => (_locks as NoLocks)?.Reason;

    /// <exception cref="CommandException">Modules cannot be loaded here.</exception>
    /// <param name="toPlan">The verb's options that plan for another kernel.</param>
    public static void RequireModuleSupport(string? toPlan = null)
    {
        if (KernelSupport.Explain(KernelSupport.Check(), toPlan) is { } obstacle)
            throw new CommandException(obstacle);
    }

    /// <summary>A remover that uses the same locks.</summary>
    public Remover CreateRemover() => new(Loop, Kernel, _locks);

    /// <param name="planner">The plans that are made already; null for none.</param>
    public Loader CreateLoader(LoaderOptions options, ILoaderObserver observer, Planner? planner = null)
    {
        ReportLocksTo(observer);
        return new(Loop, Kernel, _locks, planner ?? new Planner(Catalog), options, observer);
    }

    /// <summary>A loader with the limits of the command line.</summary>
    public Loader CreateLoader(Arguments arguments, ILoaderObserver observer) =>
        CreateLoader(OptionsOf(arguments), observer);

    /// <summary>The daemon's service, with the limits of the command line.</summary>
    public LoadService CreateService(
        Arguments arguments, IDevices devices, ILoaderObserver observer, BootRecord? record)
    {
        ReportLocksTo(observer);
        var sources = ModuleSource.Files(arguments, Catalog);
        var stamps = new FileStamps(sources);
        var hasIndexes = ModuleSource.HasIndexes(arguments, Catalog);
        var scanned = Catalog.Tree.LacksIndexes ? Catalog.Tree : null;
        return new(
            Loop, devices, Kernel, _locks, Catalog, Reopen, OptionsOf(arguments), observer, record,
            RecordsFile.Read(arguments))
        {
            HasSeenChange = () => _watch is { HasChanged: true },
            HaveSourcesChanged = () => stamps.HaveChanged,
            ReadPolicy = () => Readable(() => Noted(ModuleSource.PolicyOf(ModuleSource.RootOf(arguments)))),
        };

        ModuleCatalog Reopen()
        {
            // before they are read
            stamps = new FileStamps(sources);
            _watch?.Restart();
            // a machine without indexes stays one; indexes that vanish are a problem
            var catalog = Readable(() => ModuleSource.Open(arguments, mayLackIndexes: !hasIndexes, known: scanned));
            hasIndexes = ModuleSource.HasIndexes(arguments, catalog);
            catalog.Tree.Damaged = observer.Noted;
            _ = Noted(catalog.Policy);
            return catalog;
        }

        static T Readable<T>(Func<T> read)
        {
            try
            {
                return read();
            }
            catch (CommandException problem)
            {
                throw new IOException(problem.Message, problem);
            }
        }

        ModulePolicy? Noted(ModulePolicy? policy)
        {
            foreach (var problem in policy?.Problems ?? [])
                observer.Noted($"policy: {problem}");
            return policy;
        }
    }

    /// <summary>Watches the indexes and the configuration: the service of <see cref="CreateService"/> notices each
    /// change at its next request.</summary>
    /// <param name="changed">Called when no further change follows for a while.</param>
    /// <returns>False if the system has no watch, descriptor or thread left.</returns>
    public bool TryWatch(Arguments arguments, Action changed)
    {
        _watch = DirectoryWatch.TryStart(Loop, ModuleSource.Directories(arguments, Catalog), changed);
        return _watch is not null;
    }

    /// <summary>The record of the last boot of this machine's kernel, or null. The kernel starts to read the files of
    /// that boot's loads.</summary>
    public BootRecord? ReadRecord(Arguments arguments)
    {
        var directory = Catalog.Tree.Directory.TrimEnd('/');
        if (!ModuleSource.IsThisMachine(arguments)
            || BootRecordFile.Read(Path.GetFileName(directory)) is not { } record)
        {
            return null;
        }

        Loop.Detach(Threads.Run(() => ReadAhead.Start(directory, record.Files), noThread: 0));
        return record;
    }

    void ReportLocksTo(ILoaderObserver observer)
    {
        if (_locks is LockDirectory directory)
            directory.PassesWithoutLock = observer.Noted;
    }

    public void Dispose()
    {
        _watch?.Dispose();
        (_locks as IDisposable)?.Dispose();
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
            Decompressor = arguments.Text(CommonOptions.Decompress) switch
            {
                null => null,
                "here" => Decompressor.Here,
                _ => Decompressor.Kernel,
            },
        };
    }
}

/// <summary>This process, to the policy.</summary>
static class ThisProcess
{
    public static PolicyClient Client { get; } = new(ProcessCgroup.UserId, ProcessCgroup.OfThis);
}

/// <summary>Sends a request to the daemon, which joins all requests of the machine. If there is no daemon, or it
/// refuses or exits, the caller loads by itself, with the same locks: modules that the daemon has loaded are live then,
/// and a load that a dying daemon left in the kernel keeps its lock, so nothing is loaded twice. Blocks.</summary>
static class ThroughDaemon
{
    /// <summary>The outcomes, or null: the caller has to load the modules.</summary>
    /// <param name="note">Takes a message if the daemon exits before it replies.</param>
    /// <param name="cancellationToken">Ends the wait: the requests are <see cref="OutcomeKind.Left"/>.</param>
    public static IReadOnlyList<RequestOutcome>? Load(
        LoadBatch batch, Action<string> note, CancellationToken cancellationToken = default)
    {
        // The daemon may be waiting for the install command that runs this process, and would not know of outer ones.
        if (InstallCommand.Running().Length > 0 || batch.TryWriteCall() is not { } call)
            return null;
        using var client = ControlClient.TryConnect(ControlSocket.DefaultPath);
        if (client is null)
            return null;
        using var abort = cancellationToken.Register(client.Abort);
        var reply = client.Call(call);
        if (reply.End is ControlEnd.Replied && batch.TryReadReply(reply.Parameters) is { } outcomes)
        {
            // its indexes may be older than ours; a container has none
            var isUnknown = outcomes.Any(outcome => outcome.Modules.Any(module => module.Kind is OutcomeKind.NotFound));
            return isUnknown && ModuleSource.HasModules ? null : outcomes;
        }
        if (cancellationToken.IsCancellationRequested)
            return [.. batch.Requests.Select(Left)];
        if (reply.End is ControlEnd.Gone) // a refusal, or another version's daemon, needs no message
            note("the daemon exited before it replied; loading without it");
        return null;
    }

    static RequestOutcome Left(LoadRequest request) =>
        new(request, [new ModuleOutcome(request.Name, OutcomeKind.Left)]);
}
