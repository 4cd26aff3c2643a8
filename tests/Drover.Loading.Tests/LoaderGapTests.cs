using Drover.Kernel;
using Drover.Model.Time;

namespace Drover.Loading.Tests;

/// <summary>Races between two steps of the loop, found by the Promela model; each runs with many seeds.</summary>
public sealed class LoaderGapTests
{
    static readonly TimeSpan Ms = TimeSpan.FromMilliseconds(1);

    [Fact]
    public void Cancellation_between_gate_and_call_leaves_no_call()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            using var cancellation = new CancellationTokenSource();
            var locks = new FreeLocks
            {
                Entering = module =>
                {
                    if (module == "queued")
                        cancellation.Cancel();
                },
            };
            var (loop, machine, loader) = Machine(seed, locks, null,
                new SimulatedModule("slow") { Inode = 1, Takes = 10 * Ms },
                new SimulatedModule("queued") { Inode = 2 });
            loop.Run(async () =>
            {
                var slow = loader.RequestAsync("slow");
                await loader.RequestAsync(new LoadRequest("queued"), cancellation.Token);
                var isJoinable = loader.InFlight.Contains("queued");
                await loop.Delay(1000 * Ms);
                Assert.True(isJoinable || machine["queued"].Calls == 0, $"seed {seed}: a call outside InFlight");
                await slow;
                return 0;
            });
        }
    }

    [Fact]
    public void Failure_without_waiters_applies_to_older_requests()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            Loader? target = null;
            SimulatedLoop? on = null;
            var late = new LoadRequest("fuse", Seqnum: 51);
            var called = new CalledOnce(() => on!.Post(() => _ = target!.RequestAsync(late)));
            var (loop, machine, loader) = Machine(seed, new FreeLocks(), called,
                new SimulatedModule("fuse") { Takes = 10 * Ms, Replies = [Errno.ENODEV] });
            (target, on) = (loader, loop);
            loop.Run(async () =>
            {
                using var cancellation = new CancellationTokenSource();
                var first = loader.RequestAsync(new LoadRequest("fuse", Seqnum: 50), cancellation.Token);
                await loop.Delay(5 * Ms);
                cancellation.Cancel();
                await first;
                await loop.Delay(500 * Ms);
                return 0;
            });
            Assert.True(machine["fuse"].Calls == 1, $"seed {seed}: {machine["fuse"].Calls} calls");
        }
    }

    [Fact]
    public void Failure_does_not_apply_to_a_newer_joined_request()
    {
        // another process fails while "first" waits for the budget, before the locks; "later" requests it after
        // that and joins
        for (var seed = 0; seed < 200; seed++)
        {
            SimulatedModule[] modules =
                [new("slow") { Inode = 1, Takes = 100 * Ms }, new("fuse") { Inode = 2, Takes = 10 * Ms }];
            var scene = new Scene(modules, jobs: 1, seed: seed);
            var (first, later) = scene.Run(async loader =>
            {
                var slow = loader.RequestAsync("slow");
                await scene.Loop.Delay(Ms);
                var request = Scene.One(loader, "fuse");
                await scene.Loop.Delay(10 * Ms);
                await FailElsewhereAsync(scene, "fuse");
                var joined = Scene.One(loader, "fuse");
                await slow;
                return (await request, await joined);
            });
            Assert.True(later.IsAvailable && scene.Machine["fuse"].Calls == 1, $"seed {seed}: {later}");
            Assert.True(first is { Kind: OutcomeKind.Joined, Error: Errno.ENODEV }, $"seed {seed}: {first}");
        }
    }

    [Fact]
    public void Failure_of_a_dependency_does_not_apply_to_a_newer_joined_request()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var scene = new Scene(
                [
                    new("slow") { Inode = 1, Takes = 100 * Ms }, new("fuse") { Inode = 2 },
                    new("cuse") { Inode = 3, Dependencies = ["fuse"] },
                ],
                jobs: 1, seed: seed);
            var (first, later) = scene.Run(async loader =>
            {
                var slow = loader.RequestAsync("slow");
                await scene.Loop.Delay(Ms);
                var request = Scene.One(loader, "cuse");
                await scene.Loop.Delay(10 * Ms);
                await FailElsewhereAsync(scene, "fuse");
                var joined = Scene.One(loader, "cuse");
                await slow;
                return (await request, await joined);
            });
            Assert.True(later.IsAvailable, $"seed {seed}: {later}");
            Assert.True(first is { Kind: OutcomeKind.Failed, Error: Errno.ENODEV }, $"seed {seed}: {first}");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Request_of_an_init_completes_when_its_module_holds_the_budget(bool isRequestedBefore)
    {
        var timeout = 1000 * Ms;
        for (var seed = 0; seed < 100; seed++)
        {
            // the init of "outer" requests "inner", which needs "core", and waits for it; the only job is outer's own
            var scene = new Scene(
                [
                    new("outer") { Inode = 1, Init = loader => Scene.One(loader, "inner", timeout: timeout) },
                    new("inner") { Inode = 2, Dependencies = ["core"] },
                    new("core") { Inode = 3 },
                ],
                jobs: 1, seed: seed);
            scene.Machine.Urgent.UnionWith(["inner", "core"]);
            var (outcome, took) = scene.Run(async loader =>
            {
                var request = loader.RequestAsync("outer");
                var other = isRequestedBefore ? loader.RequestAsync("inner") : null;
                var started = scene.Loop.Time.GetTimestamp();
                var result = (await request).Modules.Single();
                var elapsed = scene.Loop.Time.GetElapsedTime(started);
                if (other is not null)
                    await other;
                return (result, elapsed);
            });
            Assert.True(
                outcome.IsAvailable && took < timeout, $"seed {seed}: {outcome} after {took.TotalMilliseconds} ms");
            Assert.All(
                scene.Machine.Modules, module => Assert.Equal((InitState.Live, 1), (module.State, module.Calls)));
        }
    }

    static Task FailElsewhereAsync(Scene scene, string module) =>
        scene.Locks.HoldFromOutsideAsync(module, () =>
            Task.FromResult<KnownResult?>(scene.Failure(module)));

    static (SimulatedLoop Loop, SimulatedMachine Machine, Loader Loader) Machine(
        int seed, IModuleLocks locks, ILoaderObserver? observer, params SimulatedModule[] modules)
    {
        const long Budget = 1 << 30;
        var loop = new SimulatedLoop(seed);
        var machine = new SimulatedMachine(loop, modules, Budget, 1);
        var options = new LoaderOptions { BudgetBytes = Budget, Jobs = 1, Stagger = default };
        return (loop, machine, new Loader(loop, machine, locks, SimulatedMachine.Catalog(modules), options, observer));
    }

    /// <summary>Locks that are always free and reports each entry.</summary>
    sealed class FreeLocks : IModuleLocks
    {
        public Action<string>? Entering { get; init; }

        public Task<IModuleLock?> EnterAsync(string module, CancellationToken cancellationToken) =>
            Task.FromResult(TryEnter(module));

        public IModuleLock? TryEnter(string module)
        {
            Entering?.Invoke(module);
            return new FreeLock();
        }

        sealed class FreeLock : IModuleLock
        {
            public KnownResult? LastFailure => null;

            public void RecordFailure(KnownResult? failure)
            {
                // there is no other process
            }

            public void Dispose()
            {
                // nothing to release
            }
        }
    }

    sealed class CalledOnce(Action then) : ILoaderObserver
    {
        bool _isCalled;

        public void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took)
        {
            if (!_isCalled)
                then();
            _isCalled = true;
        }
    }
}
