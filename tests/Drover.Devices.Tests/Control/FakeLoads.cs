using Drover.Loading;
using Drover.Modules;

namespace Drover.Devices.Tests.Control;

/// <summary>A daemon of a test's making. One owner, the event loop.</summary>
sealed class FakeLoads : ILoadService
{
    /// <summary>How a load ends; by default at once, loaded.</summary>
    public Func<LoadRequest, CancellationToken, Task<RequestOutcome>> Load { get; set; } =
        (request, _) => Task.FromResult(new RequestOutcome(request, [new ModuleOutcome(request.Asked, OutcomeKind.Loaded)]));

    public List<LoadRequest> Asked { get; } = [];

    public List<(string? Target, TimeSpan? Patience)> Settles { get; } = [];

    public List<Action<ServedOutcome>> Subscribers { get; } = [];

    public ServiceStatus Now { get; set; } = new() { Release = "6.1.0", Uptime = TimeSpan.FromSeconds(1.5), IsSettled = true, Events = 1, Seqnum = 2, Devices = 3, TimesLost = 4, Reloads = 5, Counts = new(), Running = [], Waiting = [] };

    public List<ModuleRecord> Records { get; } = [];

    public string? ReloadFails { get; set; }

    public Task<RequestOutcome> LoadAsync(LoadRequest request, CancellationToken leave)
    {
        Asked.Add(request);
        return Load(request, leave);
    }

    public IReadOnlyList<string> Resolve(string asked) => asked switch
    {
        "damaged" => throw new ModuleDataException("modules.alias.bin", 7, "bad node"),
        "nothing" => [],
        _ => [asked + "_first", asked + "_second"],
    };

    public ServiceStatus Status() => Now;

    public IReadOnlyList<ModuleRecord> Modules() => Records;

    public Task<SettleOutcome> SettleAsync(string? target, TimeSpan? patience, CancellationToken leave)
    {
        Settles.Add((target, patience));
        return Task.FromResult(new SettleOutcome(true, Now.Running, Now.Waiting));
    }

    public IDisposable Subscribe(Action<ServedOutcome> served)
    {
        Subscribers.Add(served);
        return new Subscription(this, served);
    }

    public string? Reload() => ReloadFails;

    /// <summary>An outcome for whoever has subscribed.</summary>
    public void Serve(string module, OutcomeKind kind = OutcomeKind.Loaded)
    {
        foreach (var subscriber in Subscribers.ToArray())
            subscriber(new ServedOutcome(new LoadRequest(module, "/devices/x", 9), new ModuleOutcome(module, kind), TimeSpan.FromMilliseconds(3), TimeSpan.FromMilliseconds(1)));
    }

    sealed class Subscription(FakeLoads loads, Action<ServedOutcome> served) : IDisposable
    {
        public void Dispose() => loads.Subscribers.Remove(served);
    }
}
