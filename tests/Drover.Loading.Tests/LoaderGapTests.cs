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
