using Drover.Kernel;
using Drover.Model.Time;

namespace Drover.Loading.Tests;

/// <summary>Removals hold the locks and are retried until the wait ends while the module is in use.</summary>
public sealed class RemoverTests
{
    static readonly TimeSpan Ms = TimeSpan.FromMilliseconds(1);

    [Theory]
    [InlineData(Errno.None)]
    [InlineData(Errno.EAGAIN)]
    [InlineData(Errno.EBUSY)]
    [InlineData(Errno.ENOENT)]
    [InlineData(Errno.EPERM)]
    public void Remove_without_wait_makes_one_call_and_returns_its_errno(Errno expected)
    {
        var machine = new Removals(_ => expected);
        Assert.Equal(expected, machine.Remove(TimeSpan.Zero));
        Assert.Equal([("loop", false)], machine.Calls);
    }

    [Fact]
    public void Remove_retries_a_module_in_use_until_the_wait_ends()
    {
        var machine = new Removals(_ => Errno.EAGAIN);
        Assert.Equal(Errno.EAGAIN, machine.Remove(250 * Ms));
        Assert.Equal(250 * Ms, machine.Elapsed);
        // pauses of 1, 2, 4 … 64 ms, 100 ms, and the remainder
        Assert.Equal(10, machine.Calls.Count);
    }

    [Fact]
    public void Remove_succeeds_when_the_module_becomes_unused()
    {
        var machine = new Removals(call => call < 4 ? Errno.EAGAIN : Errno.None);
        Assert.Equal(Errno.None, machine.Remove(TimeSpan.FromDays(1), force: true));
        Assert.Equal(1 * Ms + 2 * Ms + 4 * Ms, machine.Elapsed);
        Assert.All(machine.Calls, call => Assert.Equal(("loop", true), call));
    }

    [Fact]
    public void Remove_repeats_an_interrupted_call()
    {
        var machine = new Removals(call => call < 3 ? Errno.EINTR : Errno.None);
        Assert.Equal(Errno.None, machine.Remove(TimeSpan.Zero));
        Assert.Equal(TimeSpan.Zero, machine.Elapsed);
    }

    [Fact]
    public void Remove_holds_the_gate_during_calls_but_not_between()
    {
        var machine = new Removals(call => call < 3 ? Errno.EAGAIN : Errno.None) { CallTakes = 3 * Ms };
        var held = new List<bool>();
        machine.Loop.Run(async () =>
        {
            var removed = machine.Remover.RemoveAsync("loop", force: false, 1000 * Ms);
            // calls at 0…3, 4…7 and 9…12 ms
            for (var at = 0; at < 13; at++)
            {
                await machine.Loop.Delay(Ms / 2);
                held.Add(!machine.Locks.IsFree);
                await machine.Loop.Delay(Ms / 2);
            }
            return await removed;
        });
        Assert.Equal("xxx.xxx..xxx.", string.Concat(held.Select(isHeld => isHeld ? 'x' : '.')));
    }

    [Fact]
    public void Remove_waits_for_a_load_of_the_module()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var scene = new Scene([new("loop") { Takes = 30 * Ms }], seed: seed);
            var atCall = InitState.Absent;
            var machine = new Removals(_ =>
                (atCall = scene.Machine["loop"].State) is InitState.Live ? Errno.None : Errno.EAGAIN);
            var remover = new Remover(scene.Loop, machine, scene.Locks);
            var error = scene.Run(async loader =>
            {
                var loaded = loader.RequestAsync("loop");
                await scene.Loop.Delay(10 * Ms);
                var removed = await remover.RemoveAsync("loop", force: false, TimeSpan.Zero);
                await loaded;
                return removed;
            });
            Assert.True((error, atCall) == (Errno.None, InitState.Live), $"seed {seed}: {error}, {atCall}");
        }
    }

    /// <summary>A kernel with given results of removals.</summary>
    /// <param name="result">The result of the call with that number, from 1.</param>
    sealed class Removals(Func<int, Errno> result) : IModuleRemovals
    {
        public SimulatedLoop Loop { get; } = new(1);

        public SimulatedLocks Locks => field ??= new SimulatedLocks(Loop);

        public Remover Remover => field ??= new Remover(Loop, this, Locks);

        public List<(string Module, bool Force)> Calls { get; } = [];

        public TimeSpan CallTakes { get; init; }

        public TimeSpan Elapsed => TimeSpan.FromTicks(Loop.Simulation.NowNs / 100);

        public Errno Remove(TimeSpan wait, bool force = false) =>
            Loop.Run(() => Remover.RemoveAsync("loop", force, wait));

        public async Task<LoadReply> DeleteAsync(string module, bool force)
        {
            Calls.Add((module, force));
            if (CallTakes > TimeSpan.Zero)
                await Loop.Delay(CallTakes);
            return new LoadReply(result(Calls.Count));
        }
    }
}
