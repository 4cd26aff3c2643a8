using Drover.Loading;
using Drover.Modules;

namespace Drover.Control.Tests;

/// <summary>A daemon for tests.</summary>
sealed class FakeLoads : ILoadService
{
    /// <summary>Loads a module; by default it is loaded at once.</summary>
    public Func<LoadRequest, CancellationToken, Task<RequestOutcome>> Load { get; set; } =
        (request, _) => Task.FromResult(
            new RequestOutcome(request, [new ModuleOutcome(request.Name, OutcomeKind.Loaded)]));

    public List<LoadRequest> Asked { get; } = [];

    public List<(string? Target, TimeSpan? Timeout)> Settles { get; } = [];

    public List<ServiceSubscriber> Subscribers { get; } = [];

    public ServiceStatus Now { get; set; } = new()
    {
        Release = "6.1.0",
        Uptime = TimeSpan.FromSeconds(1.5),
        IsSettled = true,
        Events = 1,
        Seqnum = 2,
        Devices = 3,
        TimesLost = 4,
        Reloads = 5,
        Counts = new(),
        RunningCount = 0,
        WaitingCount = 0,
    };

    public UnfinishedWork InFlight { get; set; } = UnfinishedWork.None;

    public List<ModuleRecord> Records { get; } = [];

    public string? ReloadFails { get; set; }

    public bool IsSettled { get; set; } = true;

    public Task<RequestOutcome> LoadForClientAsync(LoadRequest request, CancellationToken cancellationToken)
    {
        Asked.Add(request);
        return Load(request, cancellationToken);
    }

    public IReadOnlyList<string> Resolve(string asked) => asked switch
    {
        "damaged" => throw new ModuleDataException("modules.alias.bin", 7, "bad node"),
        "nothing" => [],
        _ => [asked + "_first", asked + "_second"],
    };

    public ServiceStatus Status() => Now;

    public IReadOnlyList<ModuleRecord> Modules() => Records;

    public UnfinishedWork Unfinished(int maxWaiting) => InFlight with
    {
        Waiting = [
        .. InFlight.Waiting.Take(maxWaiting)]
    };

    public Task<bool> SettleAsync(string? target, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        Settles.Add((target, timeout));
        return Task.FromResult(IsSettled);
    }

    public IDisposable Subscribe(ServiceSubscriber served)
    {
        Subscribers.Add(served);
        return new Subscription(this, served);
    }

    public string? Reload() => ReloadFails;

    /// <summary>Sends an outcome to all subscribers.</summary>
    public void Serve(string module, OutcomeKind kind = OutcomeKind.Loaded)
    {
        foreach (var subscriber in Subscribers.ToArray())
        {
            subscriber.Served(new ServedOutcome(
                new LoadRequest(module, "/devices/x", 9), new ModuleOutcome(module, kind), TimeSpan.FromMilliseconds(3),
                TimeSpan.FromMilliseconds(1)));
        }
    }

    /// <summary>Tells all subscribers of a module.</summary>
    public void Live(string module, bool isOwn)
    {
        foreach (var subscriber in Subscribers.ToArray())
            subscriber.Live(new LiveModule(module, TimeSpan.FromMilliseconds(4), isOwn));
    }

    sealed class Subscription(FakeLoads loads, ServiceSubscriber served) : IDisposable
    {
        public void Dispose() => loads.Subscribers.Remove(served);
    }
}
