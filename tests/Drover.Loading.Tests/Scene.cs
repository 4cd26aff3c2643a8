using Drover.Kernel;
using Drover.Model.Time;

namespace Drover.Loading.Tests;

/// <summary>A loader on a simulated machine.</summary>
sealed class Scene : ILoaderObserver
{
    public Scene(
        SimulatedModule[] modules, (string Alias, string Module)[]? aliases = null, string config = "",
        long budgetBytes = 1 << 30, int jobs = 16, int seed = 1, TimeSpan stagger = default,
        IgnoredChecks ignored = IgnoredChecks.None, Decompressor? decompressor = null)
    {
        Loop = new SimulatedLoop(seed);
        Machine = new SimulatedMachine(Loop, modules, budgetBytes, jobs);
        Locks = new SimulatedLocks(Loop);
        var options = new LoaderOptions
        {
            BudgetBytes = budgetBytes,
            Jobs = jobs,
            Stagger = stagger,
            Ignored = ignored,
            Decompressor = decompressor,
        };
        var catalog = SimulatedMachine.Catalog(modules, aliases, config);
        Loader = new Loader(Loop, Machine, Locks, catalog, options, this) { ReceivesRemovals = true };
        Machine.Loader = Loader;
    }

    public SimulatedLoop Loop { get; }

    public SimulatedMachine Machine { get; }

    public SimulatedLocks Locks { get; }

    public Loader Loader { get; }

    public List<string> Notes { get; } = [];

    public T Run<T>(Func<Loader, Task<T>> main) => Loop.Run(() => main(Loader));

    /// <summary>A failure of a module in another process, now.</summary>
    public KnownResult Failure(string module) =>
        new(Errno.ENODEV, Machine.UeventSeqnum, Loop.Time.GetTimestamp(), Machine[module].Version);

    public static async Task<ModuleOutcome> One(
        Loader loader, string name, ulong? seqnum = null, TimeSpan? timeout = null) =>
        Assert.Single((await loader.RequestAsync(new LoadRequest(name, Seqnum: seqnum, Timeout: timeout))).Modules);

    public static async Task<List<ModuleOutcome>> All(IEnumerable<Task<RequestOutcome>> requests)
    {
        var outcomes = new List<ModuleOutcome>();
        foreach (var request in requests.ToArray())
            outcomes.AddRange((await request).Modules);
        return outcomes;
    }

    public void Noted(string message) => Notes.Add(message);
}

static class LoaderExtensions
{
    public static Task<RequestOutcome> RequestAsync(this Loader loader, string name) =>
        loader.RequestAsync(new LoadRequest(name));
}
