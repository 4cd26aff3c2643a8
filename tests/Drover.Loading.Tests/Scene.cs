using Drover.Model;

namespace Drover.Loading.Tests;

/// <summary>A loader on a simulated machine.</summary>
sealed class Scene : ILoaderObserver
{
    public Scene(SimulatedModule[] modules, (string Alias, string Module)[]? aliases = null, string config = "", long budgetBytes = 1 << 30, int jobs = 16, int seed = 1, bool hearsOfRemovals = true, TimeSpan headway = default, IgnoredChecks ignored = IgnoredChecks.None)
    {
        Loop = new SimulatedLoop(seed);
        Machine = new SimulatedMachine(Loop, modules, budgetBytes, jobs);
        Gate = new SimulatedGate(Loop);
        var options = new LoaderOptions { BudgetBytes = budgetBytes, Jobs = jobs, Headway = headway, Ignored = ignored };
        Loader = new Loader(Loop, Machine, Gate, SimulatedMachine.Catalog(modules, aliases, config), options, this) { HearsOfRemovals = hearsOfRemovals };
        Machine.Loader = Loader;
    }

    public SimulatedLoop Loop { get; }

    public SimulatedMachine Machine { get; }

    public SimulatedGate Gate { get; }

    public Loader Loader { get; }

    public List<string> Notes { get; } = [];

    public T Run<T>(Func<Loader, Task<T>> main) => Loop.Run(() => main(Loader));

    public static async Task<ModuleOutcome> One(Loader loader, string asked, ulong? seqnum = null, TimeSpan? patience = null) =>
        Assert.Single((await loader.RequestAsync(new LoadRequest(asked, Seqnum: seqnum, Patience: patience))).Modules);

    public static async Task<List<ModuleOutcome>> All(IEnumerable<Task<RequestOutcome>> requests)
    {
        var outcomes = new List<ModuleOutcome>();
        foreach (var request in requests.ToArray())
            outcomes.AddRange((await request).Modules);
        return outcomes;
    }

    public void Calling(LoadCall call, ModuleFileFacts file)
    {
    }

    public void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took)
    {
    }

    public void Noted(string message) => Notes.Add(message);
}
