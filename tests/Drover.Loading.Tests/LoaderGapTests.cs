using Drover.Model;

namespace Drover.Loading.Tests;

/// <summary>What happens in the gap between two steps of the loop: found by the Promela model, tried here under many seeds.</summary>
public sealed class LoaderGapTests
{
    static readonly TimeSpan Ms = TimeSpan.FromMilliseconds(1);

    [Fact]
    public void Who_leaves_between_the_gate_and_the_call_leaves_no_call_behind()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            using var leaving = new CancellationTokenSource();
            var gate = new FreeGate
            {
                Entering = module =>
                {
                    if (module == "queued")
                        leaving.Cancel();
                },
            };
            var (loop, machine, loader) = Machine(seed, gate, null, new SimulatedModule("slow") { Inode = 1, Takes = 10 * Ms }, new SimulatedModule("queued") { Inode = 2 });
            loop.Run(async () =>
            {
                var slow = loader.RequestAsync(new LoadRequest("slow"));
                await loader.RequestAsync(new LoadRequest("queued"), leaving.Token);
                var isJoinable = loader.InFlight.Contains("queued");
                await loop.Delay(1000 * Ms);
                Assert.True(isJoinable || machine["queued"].Calls == 0, $"seed {seed}: a call that nobody could join");
                await slow;
                return 0;
            });
        }
    }

    [Fact]
    public void A_failure_that_nobody_waited_for_answers_who_asked_before_it_was_known()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            Loader? asked = null;
            SimulatedLoop? on = null;
            var called = new CalledOnce(() => on!.Post(() => _ = asked!.RequestAsync(new LoadRequest("fuse", Seqnum: 51))));
            var (loop, machine, loader) = Machine(seed, new FreeGate(), called, new SimulatedModule("fuse") { Takes = 10 * Ms, Replies = [Errno.ENODEV] });
            (asked, on) = (loader, loop);
            loop.Run(async () =>
            {
                using var leaving = new CancellationTokenSource();
                var first = loader.RequestAsync(new LoadRequest("fuse", Seqnum: 50), leaving.Token);
                await loop.Delay(5 * Ms);
                leaving.Cancel();
                await first;
                await loop.Delay(500 * Ms);
                return 0;
            });
            Assert.True(machine["fuse"].Calls == 1, $"seed {seed}: {machine["fuse"].Calls} calls");
        }
    }

    [Fact]
    public void A_failure_older_than_a_joiners_request_does_not_answer_the_joiner()
    {
        // another process fails while "first" waits for the budget, in front of the gate; "later" asks when that is known, and joins
        for (var seed = 0; seed < 200; seed++)
        {
            var scene = new Scene([new("slow") { Inode = 1, Takes = 100 * Ms }, new("fuse") { Inode = 2, Takes = 10 * Ms }], jobs: 1, seed: seed);
            var (first, later) = scene.Run(async loader =>
            {
                var slow = loader.RequestAsync(new LoadRequest("slow"));
                await scene.Loop.Delay(Ms);
                var asked = Scene.One(loader, "fuse");
                await scene.Loop.Delay(10 * Ms);
                await FailElsewhereAsync(scene, "fuse");
                var joined = Scene.One(loader, "fuse");
                await slow;
                return (await asked, await joined);
            });
            Assert.True(later.IsAvailable && scene.Machine["fuse"].Calls == 1, $"seed {seed}: {later}");
            Assert.True(first is { Kind: OutcomeKind.Joined, Error: Errno.ENODEV }, $"seed {seed}: {first}");
        }
    }

    [Fact]
    public void A_dependencys_failure_older_than_a_joiners_request_does_not_answer_the_joiner()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var scene = new Scene(
                [new("slow") { Inode = 1, Takes = 100 * Ms }, new("fuse") { Inode = 2 }, new("cuse") { Inode = 3, Dependencies = ["fuse"] }], jobs: 1, seed: seed);
            var (first, later) = scene.Run(async loader =>
            {
                var slow = loader.RequestAsync(new LoadRequest("slow"));
                await scene.Loop.Delay(Ms);
                var asked = Scene.One(loader, "cuse");
                await scene.Loop.Delay(10 * Ms);
                await FailElsewhereAsync(scene, "fuse");
                var joined = Scene.One(loader, "cuse");
                await slow;
                return (await asked, await joined);
            });
            Assert.True(later.IsAvailable, $"seed {seed}: {later}");
            Assert.True(first is { Kind: OutcomeKind.Failed, Error: Errno.ENODEV }, $"seed {seed}: {first}");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_modules_own_init_is_answered_though_its_load_has_the_whole_budget(bool anotherAskedBefore)
    {
        var patience = 1000 * Ms;
        for (var seed = 0; seed < 100; seed++)
        {
            // the init of "outer" asks for "inner", which needs "core", and returns when it has it: only one load at a time, and that is outer's own
            var scene = new Scene(
                [new("outer") { Inode = 1, Init = async loader => await Scene.One(loader, "inner", patience: patience) }, new("inner") { Inode = 2, Dependencies = ["core"] }, new("core") { Inode = 3 }],
                jobs: 1, seed: seed);
            scene.Machine.Urgent.UnionWith(["inner", "core"]);
            var (outcome, took) = scene.Run(async loader =>
            {
                var asked = loader.RequestAsync(new LoadRequest("outer"));
                var other = anotherAskedBefore ? loader.RequestAsync(new LoadRequest("inner")) : null;
                var started = scene.Loop.Time.GetTimestamp();
                var answer = (await asked).Modules.Single();
                var elapsed = scene.Loop.Time.GetElapsedTime(started);
                if (other is not null)
                    await other;
                return (answer, elapsed);
            });
            Assert.True(outcome.IsAvailable && took < patience, $"seed {seed}: {outcome} after {took.TotalMilliseconds} ms");
            Assert.All(scene.Machine.Modules, module => Assert.Equal((InitState.Live, 1), (module.State, module.Calls)));
        }
    }

    static Task FailElsewhereAsync(Scene scene, string module) =>
        scene.Gate.HoldFromOutsideAsync(module, () =>
            Task.FromResult<KnownResult?>(new KnownResult(Errno.ENODEV, scene.Machine.UeventSeqnum, scene.Loop.Time.GetTimestamp(), scene.Machine[module].Version)));

    static (SimulatedLoop Loop, SimulatedMachine Machine, Loader Loader) Machine(int seed, IModuleGate gate, ILoaderObserver? observer, params SimulatedModule[] modules)
    {
        const long Budget = 1 << 30;
        var loop = new SimulatedLoop(seed);
        var machine = new SimulatedMachine(loop, modules, Budget, 1);
        var options = new LoaderOptions { BudgetBytes = Budget, Jobs = 1, Headway = default };
        return (loop, machine, new Loader(loop, machine, gate, SimulatedMachine.Catalog(modules), options, observer));
    }

    /// <summary>A gate that is always open, and tells who comes.</summary>
    sealed class FreeGate : IModuleGate
    {
        public Action<string>? Entering { get; init; }

        public Task<IModuleGatePass?> EnterAsync(string module, CancellationToken leave) => Task.FromResult(TryEnter(module));

        public IModuleGatePass? TryEnter(string module)
        {
            Entering?.Invoke(module);
            return new Pass();
        }

        sealed class Pass : IModuleGatePass
        {
            public KnownResult? LastFailure => null;

            public void Leave(KnownResult? failure)
            {
                // nobody else would read it
            }

            public void Dispose()
            {
                // nothing is held
            }
        }
    }

    sealed class CalledOnce(Action then) : ILoaderObserver
    {
        bool _was;

        public void Calling(LoadCall call, ModuleFileFacts file)
        {
        }

        public void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took)
        {
            if (!_was)
                then();
            _was = true;
        }

        public void Noted(string message)
        {
        }
    }
}
