namespace Drover.Linux.Tests;

public sealed class KernelThreadsTests : IDisposable
{
    readonly LiveLoop _loop = new();

    public void Dispose() => _loop.Dispose();

    [Fact]
    public void As_many_calls_block_at_once_as_there_are() => _loop.Run(async () =>
    {
        const int Count = 40;
        var threads = new KernelThreads(_loop);
        using var all = new Barrier(Count); // opens only if every one of them has a thread
        var ids = await Task.WhenAll(Enumerable.Range(0, Count).Select(_ => threads.Run(() =>
        {
            all.SignalAndWait();
            return Environment.CurrentManagedThreadId;
        })));
        Assert.Equal(Count, ids.Distinct().Count());
        Assert.Equal(Count, threads.Count);
        return 0;
    });

    [Fact]
    public void A_thread_that_is_done_is_used_again() => _loop.Run(async () =>
    {
        const int Count = 1000;
        var threads = new KernelThreads(_loop);
        var used = new HashSet<int>();
        for (var i = 0; i < Count; i++)
        {
            used.Add(await threads.Run(() => Environment.CurrentManagedThreadId));
        }

        // a call may come before the thread of the one before is idle again; never all of them
        Assert.InRange(used.Count, 1, Count / 10);
        Assert.DoesNotContain(Environment.CurrentManagedThreadId, used);
        return 0;
    });

    [Fact]
    public void What_a_call_throws_reaches_who_awaits_it_on_the_loop() => _loop.Run(async () =>
    {
        var threads = new KernelThreads(_loop);
        var loop = Environment.CurrentManagedThreadId;
        await Assert.ThrowsAsync<FormatException>(() => threads.Run<int>(() => throw new FormatException()));
        await threads.Run(() => 0);
        Assert.Equal(loop, Environment.CurrentManagedThreadId);
        return 0;
    });
}
