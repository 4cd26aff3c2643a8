using System.Globalization;
using Drover.Model;
using Drover.Modules;

namespace Drover.Loading.Tests;

/// <summary>
/// The loader under thousands of seeds: random modules that depend on each other, share files, fail, recover; random askers that join, repeat and leave; other
/// processes that load, hold the gate, remove. The machine checks every call; here the answers are checked. A failure prints its seed and the command that replays it.
/// </summary>
public sealed class LoaderSeedsTests
{
    const int Seeds = 4000;

    static int FirstSeed => int.Parse(Environment.GetEnvironmentVariable("DROVER_SEED") ?? "1", CultureInfo.InvariantCulture);

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
    public void Every_schedule_keeps_the_rules_with_other_loaders_about()
    {
        for (var seed = FirstSeed; seed < FirstSeed + SeedCount; seed++)
            Try(seed, others: true);
    }

    [Fact]
    public void One_seed_is_one_trace()
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
            Assert.Fail($"seed {seed}: {violation.Message}\n{scene.Trace}\nreplay: DROVER_SEED={seed} dotnet run --project tests/Drover.Loading.Tests -- -method '*{(others ? "about" : "rules")}'\n{violation}");
        }
    }
}

/// <summary>A machine, its askers and its trouble, all drawn from a seed.</summary>
sealed class RandomScene : ILoaderObserver
{
    static readonly Errno[] Final = [Errno.ENODEV, Errno.EPERM, Errno.EINVAL, Errno.EKEYREJECTED, Errno.EIO, (Errno)517];
    static readonly Errno[] Passing = [Errno.EINTR, Errno.EBUSY, Errno.ETXTBSY, Errno.ENOMEM, Errno.EEXIST, Errno.ENOENT, Errno.ENOEXEC];

    readonly Random _random;
    readonly bool _others;
    readonly SimulatedLoop _loop;
    readonly SimulatedMachine _machine;
    readonly SimulatedGate _gate;
    readonly Loader _loader;
    readonly ModuleCatalog _catalog;
    readonly SimulatedModule[] _modules;
    readonly List<string> _asked = [];
    readonly List<string> _trace = [];
    readonly Dictionary<string, List<(ulong? Seqnum, long At)>> _moments = [];
    int _answers;

    public RandomScene(int seed, bool others)
    {
        _random = new Random(seed);
        _others = others;
        _loop = new SimulatedLoop(seed);
        _modules = Modules();
        var budget = _random.Next(4) == 0 ? 3000 : 100_000;
        var jobs = _random.Next(1, 6);
        _machine = new SimulatedMachine(_loop, _modules, budget, jobs) { Forgiving = others };
        _gate = new SimulatedGate(_loop);
        var aliases = Enumerable.Range(0, 6).SelectMany(i => Enumerable.Range(0, _random.Next(1, 4)).Select(_ => ($"alias{i}:*", Any().Name))).ToArray();
        _asked.AddRange(_modules.Select(module => module.Name));
        _asked.AddRange(Enumerable.Range(0, 6).Select(i => $"alias{i}:x"));
        _asked.Add("nobody-knows");
        var options = new LoaderOptions { BudgetBytes = budget, Jobs = jobs, Headway = TimeSpan.FromMilliseconds(_random.Next(3) * 5) };
        _catalog = SimulatedMachine.Catalog(_modules, aliases);
        _loader = new Loader(_loop, _machine, _gate, _catalog, options, this) { HearsOfRemovals = _random.Next(2) == 0 };
    }

    /// <summary>What happened, a line an event.</summary>
    public string Trace => string.Join('\n', _trace);

    public string Play()
    {
        var askers = _random.Next(1, 60);
        _loop.Run(async () =>
        {
            var all = new List<Task>();
            for (var i = 0; i < askers; i++)
                all.Add(AskAsync(_random.Next(3) == 0));
            for (var i = 0; _others && i < 10; i++)
                all.Add(MeddleAsync());
            foreach (var task in all)
                await task;
            // what was dropped unwinds, what is in the kernel ends
            await _loop.Delay(TimeSpan.FromHours(1));
            return 0;
        });
        Must(_answers == askers, $"{askers} asked, {_answers} were answered");
        Must(_loader.InFlight.Count == 0, "a flight was left over");
        Must(_gate.IsFree, "the gate is free at rest");
        Must(_machine.Ended.Count == _loader.Counts.Calls, "every call is counted");
        CheckHopelessDrivers();
        return Trace;
    }

    async Task AskAsync(bool mayLeave)
    {
        await Wait();
        var asked = _asked[_random.Next(_asked.Count)];
        ulong? seqnum = _random.Next(3) == 0 ? null : _machine.UeventSeqnum - (ulong)_random.Next(2);
        TimeSpan? patience = _random.Next(8) == 0 ? TimeSpan.FromMilliseconds(_random.Next(20)) : null;
        var parameters = _random.Next(10) == 0 ? "debug=1" : "";
        if (patience is not null)
            MayGoPastTheBudget(asked);
        using var leaving = new CancellationTokenSource();
        if (!_moments.TryGetValue(asked, out var moments))
            _moments[asked] = moments = [];
        moments.Add((seqnum, _loop.Time.GetTimestamp()));
        var request = _loader.RequestAsync(new LoadRequest(asked, Seqnum: seqnum, Patience: patience, Parameters: parameters), leaving.Token);
        var left = mayLeave ? LeaveAsync(leaving) : Task.CompletedTask;
        var outcome = await request;
        _answers++;
        foreach (var module in outcome.Modules)
            CheckAnswer(module, mayLeave || patience is not null);
        await left;
    }

    /// <summary>Who has patience may be a load's own init: it, and what it needs, wait for no room.</summary>
    void MayGoPastTheBudget(string asked)
    {
        var left = new Stack<string>(_catalog.Resolve(asked).Modules);
        while (left.TryPop(out var name))
        {
            if (!_machine.Urgent.Add(name))
                continue;
            foreach (var needed in _machine[name].Dependencies.Concat(_machine[name].Before))
                left.Push(needed);
        }
    }

    async Task LeaveAsync(CancellationTokenSource leaving)
    {
        await Wait();
        leaving.Cancel();
    }

    void CheckAnswer(ModuleOutcome outcome, bool mayLeave)
    {
        _trace.Add($"{_loop.Simulation.NowNs} {outcome}");
        if (outcome.Kind is OutcomeKind.Left)
            Must(mayLeave, $"{outcome.Module}: only who may leave is told so");
        if (outcome.Kind is OutcomeKind.NotFound or OutcomeKind.Left or OutcomeKind.BuiltIn)
            return;
        if (outcome.IsAvailable)
        {
            Must(_others || _machine[outcome.Module].State is InitState.Live, $"{outcome.Module}: told available, and is live");
            return;
        }
        Must(outcome.Error is not Errno.None && outcome.Why is not null, $"{outcome.Module}: a failure has an errno and a reason");
        // the errno is one that the kernel said of the module, or of the dependency that is blamed
        var why = outcome.Why!;
        var blamed = why.Contains("it needs ", StringComparison.Ordinal) ? why[(why.LastIndexOf("it needs ", StringComparison.Ordinal) + 9)..].Split(':', ',')[0] : outcome.Module;
        var words = _machine.Ended.Where(ended => ended.Call.Module == blamed).Select(ended => ended.Error).ToList();
        Must(_others || words.Contains(outcome.Error),
            $"{outcome.Module}: told {outcome.Error}, the kernel said {string.Join(", ", words)} of {blamed}");
    }

    /// <summary>Another process: loads from outside the gate, holds the gate and loads inside it, fails there, or removes a module.</summary>
    async Task MeddleAsync()
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
                await _gate.HoldFromOutsideAsync(module.Name, async () =>
                {
                    await _machine.LoadFromOutsideAsync(module.Name, takes, succeeds: true);
                    return null;
                });
                break;
            case 2:
                await _gate.HoldFromOutsideAsync(module.Name, async () =>
                {
                    await _loop.Delay(takes);
                    return module.State is InitState.Live ? null : new KnownResult(Errno.ENODEV, _machine.UeventSeqnum, _loop.Time.GetTimestamp(), module.Version);
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

    /// <summary>A module whose every call ends in ENODEV is called for once, and then at most once for each request that may have been made after a failure was known.</summary>
    void CheckHopelessDrivers()
    {
        if (_others)
            return;
        foreach (var module in _modules.Where(module => module.Replies is [Errno.ENODEV] && module.Calls > 1))
        {
            var later = _moments.Values.SelectMany(moments => moments).Count(moment => moment.Seqnum is null || moment.Seqnum > 100);
            Must(module.Calls - 1 <= later, $"{module.Name}: {module.Calls} calls, {later} requests could have asked for more than the first");
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
        1 => [.. Enumerable.Range(0, _random.Next(1, 4)).Select(_ => Passing[_random.Next(Passing.Length)]), Errno.None],
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

    public void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took) => _trace.Add($"{_loop.Simulation.NowNs} {call.Module} {reply.Error}");

    public void Noted(string message) => _trace.Add($"{_loop.Simulation.NowNs} {message}");
}
