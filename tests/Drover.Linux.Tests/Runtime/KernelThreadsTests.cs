using Drover.Linux.Runtime;

namespace Drover.Linux.Tests.Runtime;

public sealed class KernelThreadsTests
{
    readonly LiveLoop _loop = new();

    [Fact]
    public void Run_gives_each_blocked_call_a_thread() => _loop.Run(async () =>
    {
        const int Count = 40;
        var threads = new KernelThreads(_loop);
        using var all = new Barrier(Count); // opens only when each call has a thread
        var ids = await Task.WhenAll(Enumerable.Range(0, Count)
            .Select(_ => threads.Run(() => Meet(all), noThread: -1)));
        Assert.Equal(Count, ids.Distinct().Count());
        Assert.Equal(Count, threads.Count);
        // again, on the same threads
        var again = await Task.WhenAll(Enumerable.Range(0, Count)
            .Select(_ => threads.Run(() => Meet(all), noThread: -1)));
        Assert.Equal(ids.Order(), again.Order());
        return 0;
    });

    [Fact]
    public void Run_reuses_an_idle_thread() => _loop.Run(async () =>
    {
        const int Count = 1000;
        var threads = new KernelThreads(_loop);
        var used = new HashSet<int>();
        for (var i = 0; i < Count; i++)
            used.Add(await threads.Run(() => Environment.CurrentManagedThreadId, noThread: -1));
        Assert.Single(used);
        Assert.DoesNotContain(Environment.CurrentManagedThreadId, used);
        return 0;
    });

    [Fact]
    public void Exception_of_a_call_reaches_its_awaiter_on_the_loop() => _loop.Run(async () =>
    {
        var threads = new KernelThreads(_loop);
        var loop = Environment.CurrentManagedThreadId;
        await Assert.ThrowsAsync<FormatException>(() =>
            threads.Run<int>(() => throw new FormatException(), noThread: -1));
        await threads.Run(() => 0, noThread: -1);
        Assert.Equal(loop, Environment.CurrentManagedThreadId);
        return 0;
    });

    [Fact]
    public void Run_returns_the_given_result_when_no_thread_can_be_created() => _loop.Run(async () =>
    {
        var allowed = 1;
        var threads = new KernelThreads(_loop)
        {
            StartThread = (name, body) => allowed-- > 0 ? BackgroundThread.TryStart(name, body) : null,
        };
        using var release = new ManualResetEventSlim();
        var first = threads.Run(() => release.Wait(TimeSpan.FromMinutes(1)), noThread: false);
        Assert.Equal(-1, await threads.Run(() => 1, noThread: -1));
        Assert.Equal(1, threads.Count);
        release.Set();
        Assert.True(await first);
        Assert.Equal(2, await threads.Run(() => 2, noThread: -1)); // on the idle thread
        return 0;
    });

    [Theory]
    [InlineData(3, 1)] // two failures, then a thread
    [InlineData(int.MaxValue, -1)]
    public void RunWithRetryAsync_tries_again_for_a_thread(int thread, int expected) => _loop.Run(async () =>
    {
        var tries = 0;
        var threads = new KernelThreads(_loop)
        {
            StartThread = (name, body) => ++tries == thread ? BackgroundThread.TryStart(name, body) : null,
        };
        Assert.Equal(expected, await threads.RunWithRetryAsync(() => 1, noThread: -1));
        Assert.Equal(Math.Min(thread, Shortage.Tries), tries);
        return 0;
    });

    [Fact]
    public void TryStart_returns_null_when_the_system_has_no_thread_left()
    {
        using var child = ThreadChild.Start();
        Assert.Equal("none", child.Line());
    }

    static int Meet(Barrier all)
    {
        all.SignalAndWait();
        return Environment.CurrentManagedThreadId;
    }
}
