using System.Globalization;
using Drover.Kernel;
using Drover.Model.Time;
using Drover.Modules.Config;

namespace Drover.Loading.Tests;

/// <summary>The loader under thousands of seeds: random modules that depend on each other, share files, fail
/// and recover; random clients that join, repeat and cancel; other processes that load, hold the locks and
/// remove. The machine checks every call, these tests check the outcomes. A failure prints its seed and the
/// command that replays it.</summary>
public sealed class LoaderSeedsTests
{
    const int Seeds = 4000;

    static int FirstSeed =>
        int.Parse(Environment.GetEnvironmentVariable("DROVER_SEED") ?? "1", CultureInfo.InvariantCulture);

    static int SeedCount => Environment.GetEnvironmentVariable("DROVER_SEED") is null
        ? int.Parse(Environment.GetEnvironmentVariable("DROVER_SEEDS") ?? $"{Seeds}", CultureInfo.InvariantCulture)
        : 1;

    [Fact]
    public void Every_schedule_keeps_the_rules()
    {
        for (var seed = FirstSeed; seed < FirstSeed + SeedCount; seed++)
            Try(seed, others: false);
    }

    [Fact]
    public void Every_schedule_keeps_the_rules_with_other_loaders()
    {
        for (var seed = FirstSeed; seed < FirstSeed + SeedCount; seed++)
            Try(seed, others: true);
    }

    [Fact]
    public void Equal_seeds_give_equal_traces()
    {
        for (var seed = 1; seed <= 50; seed++)
            Assert.Equal(new RandomScene(seed, others: true).Play(), new RandomScene(seed, others: true).Play());
    }

    static void Try(int seed, bool others)
    {
        var scene = new RandomScene(seed, others);
        try
        {
            scene.Play();
        }
        catch (Exception violation)
        {
            var replay = $"DROVER_SEED={seed} dotnet run --project tests/Drover.Loading.Tests -- -method "
                + $"'*{(others ? "loaders" : "rules")}'";
            Assert.Fail($"seed {seed}: {violation.Message}\n{scene.Trace}\nreplay: {replay}\n{violation}");
        }
    }
}

/// <summary>A machine, its clients and its disturbances, all drawn from a seed.</summary>
sealed class RandomScene : ILoaderObserver
{
    static readonly Errno[] Final =
        [Errno.ENODEV, Errno.EPERM, Errno.EINVAL, Errno.EKEYREJECTED, Errno.EIO, (Errno)517];
    static readonly Errno[] Transient =
    [
        Errno.EINTR, Errno.EBUSY, Errno.ETXTBSY, Errno.ENOMEM, Errno.EEXIST, Errno.ENOENT, Errno.ENOEXEC,
    ];

    readonly Random _random;
    readonly bool _others;
    readonly SimulatedLoop _loop;
    readonly SimulatedMachine _machine;
    readonly SimulatedLocks _locks;
    readonly Loader _loader;
    readonly ModuleCatalog _catalog;
    readonly SimulatedModule[] _modules;
    readonly List<string> _names = [];
    readonly List<string> _trace = [];
    readonly Dictionary<string, List<(ulong? Seqnum, long At)>> _requestTimes = [];
    int _outcomes;

    public RandomScene(int seed, bool others)
    {
        _random = new Random(seed);
        _others = others;
        _loop = new SimulatedLoop(seed);
        _modules = Modules();
        var budget = _random.Next(4) == 0 ? 3000 : 100_000;
        var jobs = _random.Next(1, 6);
        _machine = new SimulatedMachine(_loop, _modules, budget, jobs) { Forgiving = others };
        _locks = new SimulatedLocks(_loop);
        var aliases = Enumerable.Range(0, 6)
            .SelectMany(i => Enumerable.Range(0, _random.Next(1, 4)).Select(_ => ($"alias{i}:*", Any().Name)))
            .ToArray();
        _names.AddRange(_modules.Select(module => module.Name));
        _names.AddRange(Enumerable.Range(0, 6).Select(i => $"alias{i}:x"));
        _names.Add("unknown");
        var stagger = TimeSpan.FromMilliseconds(_random.Next(3) * 5);
        var options = new LoaderOptions { BudgetBytes = budget, Jobs = jobs, Stagger = stagger };
        _catalog = SimulatedMachine.Catalog(_modules, aliases);
        var receivesRemovals = _random.Next(2) == 0;
        _loader = new Loader(_loop, _machine, _locks, _catalog, options, this) { ReceivesRemovals = receivesRemovals };
    }

    /// <summary>The events, one per line.</summary>
    public string Trace => string.Join('\n', _trace);

    public string Play()
    {
        var clients = _random.Next(1, 60);
        _loop.Run(async () =>
        {
            var all = new List<Task>();
            for (var i = 0; i < clients; i++)
                all.Add(RequestAsync(_random.Next(3) == 0));
            for (var i = 0; _others && i < 10; i++)
                all.Add(DisturbAsync());
            foreach (var task in all)
                await task;
            // cancelled requests unwind, calls in the kernel end
            await _loop.Delay(TimeSpan.FromHours(1));
            return 0;
        });
        Must(_outcomes == clients, $"{clients} requests, {_outcomes} outcomes");
        Must(_loader.InFlight.Count == 0, "no flight is left");
        Must(_locks.IsFree, "every lock is free at rest");
        Must(_machine.Ended.Count == _loader.Statistics.Calls, "every call is counted");
        CheckFailingModules();
        return Trace;
    }

    async Task RequestAsync(bool mayCancel)
    {
        await Wait();
        var name = _names[_random.Next(_names.Count)];
        ulong? seqnum = _random.Next(3) == 0 ? null : _machine.UeventSeqnum - (ulong)_random.Next(2);
        TimeSpan? timeout = _random.Next(8) == 0 ? TimeSpan.FromMilliseconds(_random.Next(20)) : null;
        var parameters = _random.Next(10) == 0 ? "debug=1" : "";
        if (timeout is not null)
            AllowPastBudget(name);
        using var cancellation = new CancellationTokenSource();
        if (!_requestTimes.TryGetValue(name, out var times))
            _requestTimes[name] = times = [];
        times.Add((seqnum, _loop.Time.GetTimestamp()));
        var load = new LoadRequest(name, Seqnum: seqnum, Timeout: timeout, Parameters: parameters);
        var request = _loader.RequestAsync(load, cancellation.Token);
        var left = mayCancel ? CancelAsync(cancellation) : Task.CompletedTask;
        var outcome = await request;
        _outcomes++;
        foreach (var module in outcome.Modules)
            CheckOutcome(module, mayCancel || timeout is not null);
        await left;
    }

    /// <summary>A request with a timeout may come from an init: its modules may exceed the budget.</summary>
    void AllowPastBudget(string request)
    {
        var left = new Stack<string>(_catalog.Resolve(request).Modules);
        while (left.TryPop(out var name))
        {
            if (!_machine.Urgent.Add(name))
                continue;
            foreach (var needed in _machine[name].Dependencies.Concat(_machine[name].Before))
                left.Push(needed);
        }
    }

    async Task CancelAsync(CancellationTokenSource cancellation)
    {
        await Wait();
        cancellation.Cancel();
    }

    void CheckOutcome(ModuleOutcome outcome, bool mayCancel)
    {
        _trace.Add($"{_loop.Simulation.NowNs} {outcome}");
        if (outcome.Kind is OutcomeKind.Left)
            Must(mayCancel, $"{outcome.Module}: cancelled without a cancellation");
        if (outcome.Kind is OutcomeKind.NotFound or OutcomeKind.Left or OutcomeKind.BuiltIn)
            return;
        if (outcome.IsAvailable)
        {
            Must(
                _others || _machine[outcome.Module].State is InitState.Live,
                $"{outcome.Module}: reported as available but not live");
            return;
        }
        Must(
            outcome.Error is not Errno.None && outcome.Why is not null,
            $"{outcome.Module}: a failure has an errno and a reason");
        // the kernel returned this errno for the module, or for the dependency in the message
        var why = outcome.Why!;
        const string Needs = "it needs ";
        var at = why.LastIndexOf(Needs, StringComparison.Ordinal);
        var blamed = at < 0 ? outcome.Module : why[(at + Needs.Length)..].Split(':', ',')[0];
        var errors = _machine.Ended.Where(ended => ended.Call.Module == blamed).Select(ended => ended.Error).ToList();
        Must(_others || errors.Contains(outcome.Error),
            $"{outcome.Module}: {outcome.Error}, but the kernel returned {string.Join(", ", errors)} for {blamed}");
    }

    /// <summary>Another process: loads outside the locks, loads or fails while it holds the locks, or
    /// removes a module.</summary>
    async Task DisturbAsync()
    {
        await Wait();
        var module = Any();
        var takes = TimeSpan.FromMilliseconds(_random.Next(1, 30));
        switch (_random.Next(4))
        {
            case 0:
                await _machine.LoadFromOutsideAsync(module.Name, takes, succeeds: _random.Next(2) == 0);
                break;
            case 1:
                await _locks.HoldFromOutsideAsync(module.Name, async () =>
                {
                    await _machine.LoadFromOutsideAsync(module.Name, takes, succeeds: true);
                    return null;
                });
                break;
            case 2:
                await _locks.HoldFromOutsideAsync(module.Name, async () =>
                {
                    await _loop.Delay(takes);
                    if (module.State is InitState.Live)
                        return null;
                    var now = _loop.Time.GetTimestamp();
                    return new KnownResult(Errno.ENODEV, _machine.UeventSeqnum, now, module.Version);
                });
                break;
            default:
                if (module.State is InitState.Live)
                {
                    module.State = InitState.Absent;
                    _machine.UeventSeqnum++;
                    _loader.ModuleRemoved(module.Name);
                }
                break;
        }
    }

    /// <summary>A module that always fails with ENODEV gets one call, and then at most one for each request that may be
    /// newer than a failure.</summary>
    void CheckFailingModules()
    {
        if (_others)
            return;
        foreach (var module in _modules.Where(module => module.Replies is [Errno.ENODEV] && module.Calls > 1))
        {
            var later = _requestTimes.Values.SelectMany(times => times)
                .Count(time => time.Seqnum is null || time.Seqnum > 100);
            Must(
                module.Calls - 1 <= later,
                $"{module.Name}: {module.Calls} calls, {later} requests may have caused more than the first");
        }
    }

    SimulatedModule[] Modules()
    {
        var names = Enumerable.Range(0, _random.Next(1, 14)).Select(i => $"m{i}").ToArray();
        return [.. names.Select((name, i) => new SimulatedModule(name)
        {
            Dependencies = [.. names.Take(i).Where(_ => _random.Next(5) == 0).Reverse()],
            Before = [.. names.Where(other => other != name && _random.Next(12) == 0)],
            After = [.. names.Where(other => other != name && _random.Next(12) == 0)],
            Inode = (ulong)(_random.Next(10) == 0 ? 0 : i + 1),
            FileBytes = _random.Next(100, 2000),
            ImageBytes = _random.Next(100, 2000),
            Takes = TimeSpan.FromMilliseconds(_random.Next(0, 20)),
            Lingers = TimeSpan.FromMilliseconds(_random.Next(3) == 0 ? _random.Next(0, 300) : 0),
            Replies = Replies(),
        })];
    }

    Errno[] Replies() => _random.Next(4) switch
    {
        0 => [Final[_random.Next(Final.Length)]],
        1 =>
        [
            .. Enumerable.Range(0, _random.Next(1, 4)).Select(_ => Transient[_random.Next(Transient.Length)]),
            Errno.None,
        ],
        _ => [],
    };

    SimulatedModule Any() => _modules[_random.Next(_modules.Length)];

    Task Wait() => _loop.Delay(TimeSpan.FromMilliseconds(_random.Next(0, 60)));

    static void Must(bool condition, string what)
    {
        if (!condition)
            throw new InvariantException(what);
    }

    public void Calling(LoadCall call, ModuleFileFacts file) => _trace.Add($"{_loop.Simulation.NowNs} {call}");

    public void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took) =>
        _trace.Add($"{_loop.Simulation.NowNs} {call.Module} {reply.Error}");

    public void Noted(string message) => _trace.Add($"{_loop.Simulation.NowNs} {message}");
}
