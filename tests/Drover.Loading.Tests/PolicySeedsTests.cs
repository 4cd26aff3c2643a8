using System.Globalization;
using Drover.Kernel;
using Drover.Model.Time;
using Drover.Modules.Config;
using Drover.Modules.Patterns;

namespace Drover.Loading.Tests;

/// <summary>The policy under thousands of seeds: random modules and softdeps, clients, overrides, removals, and random
/// policies that replace each other while loads wait. No call is made for a module that the policy of that moment
/// forbids; a forbidden outcome has a policy that forbids it.</summary>
public sealed class PolicySeedsTests
{
    const int Seeds = 4000;

    [Fact]
    public void No_schedule_loads_what_the_policy_forbids()
    {
        var only = Environment.GetEnvironmentVariable("DROVER_SEED");
        var first = int.Parse(only ?? "1", CultureInfo.InvariantCulture);
        var count = only is not null ? 1
            : int.Parse(Environment.GetEnvironmentVariable("DROVER_SEEDS") ?? $"{Seeds}", CultureInfo.InvariantCulture);
        var (calls, forbidden) = (0L, 0L);
        for (var seed = first; seed < first + count; seed++)
        {
            var scene = new RandomPolicyScene(seed);
            try
            {
                scene.Play();
            }
            catch (Exception violation)
            {
                Assert.Fail($"seed {seed}: {violation.Message}\n{scene.Trace}\nreplay: DROVER_SEED={seed} dotnet run "
                    + $"--project tests/Drover.Loading.Tests -- -class '*PolicySeedsTests'\n{violation}");
            }
            (calls, forbidden) = (calls + scene.Calls, forbidden + scene.Forbidden);
        }
        Assert.True(only is not null || (calls > count && forbidden > count), $"{calls} calls, {forbidden} forbidden");
    }
}

/// <summary>A machine, its clients and its policies, all drawn from a seed.</summary>
sealed class RandomPolicyScene : ILoaderObserver
{
    readonly Random _random;
    readonly SimulatedLoop _loop;
    readonly SimulatedModule[] _modules;
    readonly SimulatedMachine _machine;
    readonly SimulatedLocks _locks;
    readonly Loader _loader;
    readonly ModuleCatalog _catalog;
    readonly List<string> _trace = [];
    readonly List<string> _policies = []; // in the order in which they were in force
    readonly HashSet<string> _overridden = []; // modules that an override may have loaded
    int _outcomes;

    public RandomPolicyScene(int seed)
    {
        _random = new Random(seed);
        _loop = new SimulatedLoop(seed);
        _modules = Modules();
        var jobs = _random.Next(1, 4);
        _machine = new SimulatedMachine(_loop, _modules, 100_000, jobs) { Forgiving = true };
        _locks = new SimulatedLocks(_loop);
        _catalog = SimulatedMachine.Catalog(
            _modules, [.. _modules.Select(module => ($"bus:{_random.Next(4)}*", module.Name))]);
        var options = new LoaderOptions { BudgetBytes = 100_000, Jobs = jobs, Stagger = default };
        _loader = new Loader(_loop, _machine, _locks, NewCatalog(), options, this) { ReceivesRemovals = true };
    }

    public string Trace => string.Join('\n', _trace);

    public int Calls { get; private set; }

    public int Forbidden { get; private set; }

    public void Play()
    {
        var clients = _random.Next(1, 30);
        _loop.Run(async () =>
        {
            var all = new List<Task>();
            for (var i = 0; i < clients; i++)
                all.Add(RequestAsync());
            for (var i = _random.Next(5); i > 0; i--)
                all.Add(ReloadAsync());
            for (var i = _random.Next(4); i > 0; i--)
                all.Add(RemoveAsync());
            foreach (var task in all)
                await task;
            await _loop.Delay(TimeSpan.FromHours(1));
            return 0;
        });
        Must(_outcomes == clients, $"{clients} requests, {_outcomes} outcomes");
        Must(_loader.InFlight.Count == 0 && _locks.IsFree, "nothing is left at rest");
    }

    public void Calling(LoadCall call, ModuleFileFacts file)
    {
        Calls++;
        var policy = _policies[^1];
        _trace.Add($"{_loop.Simulation.NowNs} call {call.Module}");
        Must(
            _overridden.Contains(call.Module) || MayLoad(policy, call.Module),
            $"{call.Module} is loaded against the policy:\n{policy}");
    }

    async Task RequestAsync()
    {
        await Wait();
        var name = _random.Next(3) == 0 ? $"bus:{_random.Next(4)}x" : Any().Name;
        var overrides = _random.Next(10) == 0;
        if (overrides)
            _overridden.UnionWith(_catalog.Resolve(name).Modules.SelectMany(Closure));
        var first = _policies.Count - 1;
        var client = new PolicyClient((uint)_random.Next(3), () => null);
        _trace.Add($"{_loop.Simulation.NowNs} request {name} by {client.UserId} {(overrides ? "overriding" : "")}");
        var load = new LoadRequest(name) { OverridesPolicy = overrides, Client = _random.Next(2) == 0 ? client : null };
        var outcome = await _loader.RequestAsync(load);
        _outcomes++;
        foreach (var module in outcome.Modules)
        {
            _trace.Add($"{_loop.Simulation.NowNs} {module}");
            if (module.Kind is not OutcomeKind.Forbidden)
                continue;
            Forbidden++;
            Must(!overrides, $"{module.Module}: forbidden despite its override");
            Must(module.Why is not null && module.Error is Errno.EPERM, $"{module.Module}: forbidden without a reason");
            Must(
                _policies.Skip(first).Any(policy => Needed(module.Module).Any(name => !IsAllowed(policy, name))),
                $"{module.Module}: no policy since its request forbids it or what it needs");
        }
    }

    async Task ReloadAsync()
    {
        await Wait();
        _loader.UseCatalog(NewCatalog());
    }

    async Task RemoveAsync()
    {
        await Wait();
        var module = Any();
        if (module.State is not InitState.Live)
            return;
        module.State = InitState.Absent;
        _machine.UeventSeqnum++;
        _loader.ModuleRemoved(module.Name);
    }

    /// <summary>No line forbids it, and it or a module that brings it has a line where the default forbids.</summary>
    bool MayLoad(string policy, string module)
    {
        if (!IsForbiddenByName(policy, module, forAnyone: true))
        {
            return !policy.Contains("default forbid", StringComparison.Ordinal)
                || _modules.Any(other => IsNamed(policy, "allow", other.Name) && Closure(other.Name).Contains(module))
                || _modules.Any(other => IsAliasAllowed(policy, other.Name) && Closure(other.Name).Contains(module));
        }
        return false;
    }

    /// <summary>Nobody is kept from it by name: no line of any kind forbids it.</summary>
    static bool IsAllowed(string policy, string module) =>
        !IsForbiddenByName(policy, module, forAnyone: false)
        && !policy.Contains("default forbid", StringComparison.Ordinal)
        && !policy.Contains("forbid bus:", StringComparison.Ordinal);

    bool IsAliasAllowed(string policy, string module) => Enumerable.Range(0, 4).Any(bus =>
        policy.Contains($"allow bus:{bus}*", StringComparison.Ordinal)
        && _catalog.Resolve($"bus:{bus}x").Modules.Contains(module));

    static bool IsForbiddenByName(string policy, string module, bool forAnyone) => policy.Split('\n').Any(line =>
        line.Split(' ') is ["forbid", var pattern, ..] words && Fnmatch.Matches(pattern, module)
        && (words.Length == 2 || !forAnyone));

    static bool IsNamed(string policy, string word, string module) => policy.Split('\n').Any(line =>
        line.Split(' ') is [var first, var pattern, ..] && first == word && Fnmatch.Matches(pattern, module));

    HashSet<string> Needed(string module) =>
        [module, .. _machine[module].Dependencies.SelectMany(Needed)];

    HashSet<string> Closure(string module)
    {
        var closure = new HashSet<string>();
        var left = new Stack<string>([module]);
        while (left.TryPop(out var name))
        {
            if (closure.Add(name))
            {
                var around = _machine[name];
                foreach (var other in around.Dependencies.Concat(around.Before).Concat(around.After))
                    left.Push(other);
            }
        }
        return closure;
    }

    ModuleCatalog NewCatalog()
    {
        var lines = Enumerable.Range(0, _random.Next(5)).Select(_ => _random.Next(7) switch
        {
            0 => $"forbid bus:{_random.Next(4)}*",
            1 => $"allow bus:{_random.Next(4)}*",
            2 => $"forbid {Any().Name} client:uid:1",
            3 => "default forbid",
            4 => "forbid m[1-3]",
            5 => $"forbid {Any().Name}",
            _ => $"allow {Any().Name}",
        }).ToArray();
        var policy = string.Join('\n', lines);
        _policies.Add(policy);
        _trace.Add($"{_loop.Simulation.NowNs} policy {string.Join("; ", lines)}");
        return new ModuleCatalog(_catalog.Tree, _catalog.Config)
        {
            Policy = lines.Length == 0 ? null : ModulePolicy.Parse(policy, fileTexts: _ => default),
        };
    }

    SimulatedModule[] Modules()
    {
        var names = Enumerable.Range(0, _random.Next(2, 10)).Select(i => $"m{i}").ToArray();
        var needs = new Dictionary<string, string[]>();
        for (var i = 0; i < names.Length; i++)
        {
            // like modules.dep: with what the dependencies need
            var direct = names.Take(i).Where(_ => _random.Next(4) == 0).Reverse().ToArray();
            needs[names[i]] = [.. direct.Concat(direct.SelectMany(name => needs[name])).Distinct()];
        }
        return [.. names.Select((name, i) => new SimulatedModule(name)
        {
            Dependencies = needs[name],
            Before = [.. names.Where(other => other != name && _random.Next(14) == 0)],
            After = [.. names.Where(other => other != name && _random.Next(14) == 0)],
            Inode = (ulong)(i + 1),
            Takes = TimeSpan.FromMilliseconds(_random.Next(0, 20)),
            Replies = _random.Next(6) == 0 ? [Errno.EBUSY, Errno.ENOMEM, Errno.None] : [],
        })];
    }

    SimulatedModule Any() => _modules[_random.Next(_modules.Length)];

    Task Wait() => _loop.Delay(TimeSpan.FromMilliseconds(_random.Next(0, 60)));

    static void Must(bool condition, string what)
    {
        if (!condition)
            throw new InvariantException(what);
    }
}
