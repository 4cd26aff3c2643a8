using System.Collections.Concurrent;
using Drover.Linux.Runtime;

namespace Drover.Linux.Tests.Runtime;

public sealed class LiveLoopTests
{
    [Fact]
    public void Posts_from_many_threads_run_on_the_loop_in_order_per_thread()
    {
        const int Posters = 8, Each = 20_000;
        var loop = new LiveLoop();
        var next = new int[Posters];
        var outOfOrder = 0;
        var threads = new HashSet<int>();
        var loopThread = loop.Run(() =>
        {
            var done = new TaskCompletionSource<int>();
            var left = Posters;
            for (var p = 0; p < Posters; p++)
            {
                var poster = p;
                new Thread(() =>
                {
                    for (var i = 0; i < Each; i++)
                    {
                        var number = i;
                        loop.Post(() =>
                        {
                            threads.Add(Environment.CurrentManagedThreadId);
                            outOfOrder += next[poster]++ == number ? 0 : 1;
                        });
                    }
                    loop.Post(() =>
                    {
                        if (--left == 0)
                            done.SetResult(Environment.CurrentManagedThreadId);
                    });
                }).Start();
            }
            return done.Task;
        });
        Assert.Equal(0, outOfOrder);
        Assert.All(next, count => Assert.Equal(Each, count));
        Assert.Equal([loopThread], threads);
        Assert.Equal(Environment.CurrentManagedThreadId, loopThread);
    }

    [Fact]
    public void Tasks_and_actions_queued_on_the_loop_run_in_order()
    {
        var loop = new LiveLoop();
        var seen = new List<int>();
        loop.Run(async () =>
        {
            var last = new TaskCompletionSource<int>();
            loop.Post(() => seen.Add(1));
            _ = loop.Start(() =>
            {
                seen.Add(2);
                loop.Post(() => { seen.Add(4); last.SetResult(0); });
                return Task.CompletedTask;
            });
            loop.Post(() => seen.Add(3));
            return await last.Task;
        });
        Assert.Equal([1, 2, 3, 4], seen);
    }

    [Fact]
    public void Run_throws_the_exception_of_a_posted_action()
    {
        var loop = new LiveLoop();
        var thrown = Assert.Throws<FormatException>(() => loop.Run(() =>
        {
            loop.Post(() => throw new FormatException("posted"));
            return new TaskCompletionSource<int>().Task;
        }));
        Assert.Equal("posted", thrown.Message);
        Assert.Equal(7, loop.Run(() => Task.FromResult(7))); // the loop can run again
    }

    [Fact]
    public void Run_throws_the_exception_of_main_unwrapped()
    {
        var loop = new LiveLoop();
        Assert.Throws<FormatException>(() => loop.Run<int>(async () =>
        {
            await Task.Yield();
            throw new FormatException();
        }));
    }

    [Fact]
    public void Awaits_in_tasks_and_in_posted_actions_resume_on_the_loop()
    {
        var loop = new LiveLoop();
        var resumed = new ConcurrentBag<int>();
        loop.Run(async () =>
        {
            var elsewhere = new TaskCompletionSource();
            var both = new TaskCompletionSource<int>();
            var left = 2;
            async Task Wait()
            {
                await elsewhere.Task;
                resumed.Add(Environment.CurrentManagedThreadId);
                if (--left == 0)
                    both.SetResult(0);
            }
            loop.Post(() => _ = Wait());
            _ = Wait();
            loop.Post(() => new Thread(elsewhere.SetResult).Start());
            return await both.Task;
        });
        Assert.Equal([Environment.CurrentManagedThreadId, Environment.CurrentManagedThreadId], resumed);
    }

    [Fact]
    public void Run_ignores_the_synchronization_context_of_its_caller()
    {
        var loop = new LiveLoop();
        var before = SynchronizationContext.Current;
        var callers = new CallersContext(); // posts to the thread pool
        SynchronizationContext.SetSynchronizationContext(callers);
        try
        {
            var resumed = loop.Run(async () =>
            {
                await Task.Yield();
                return Environment.CurrentManagedThreadId;
            });
            Assert.Equal(Environment.CurrentManagedThreadId, resumed);
            Assert.Same(callers, SynchronizationContext.Current);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    [Fact]
    public void Run_ends_when_main_ends_on_another_thread()
    {
        var loop = new LiveLoop();
        var done = new TaskCompletionSource<string>();
        new Thread(() => done.SetResult("elsewhere")).Start();
        Assert.Equal("elsewhere", loop.Run(() => done.Task));
    }

    [Fact]
    public void Delay_completes_on_the_loop_and_not_early()
    {
        var loop = new LiveLoop();
        var delay = TimeSpan.FromMilliseconds(20);
        var (thread, took) = loop.Run(async () =>
        {
            var from = loop.Time.GetTimestamp();
            await loop.Delay(delay);
            return (Environment.CurrentManagedThreadId, loop.Time.GetElapsedTime(from));
        });
        Assert.Equal(Environment.CurrentManagedThreadId, thread);
        // timers count in ticks of a coarser clock
        Assert.InRange(took, delay - TimeSpan.FromMilliseconds(2), TimeSpan.MaxValue);
    }

    [Fact]
    public void Run_throws_when_the_loop_is_running()
    {
        var loop = new LiveLoop();
        loop.Run(() =>
        {
            Assert.Throws<InvalidOperationException>(() => loop.Run(() => Task.FromResult(0)));
            return Task.FromResult(0);
        });
    }

    sealed class CallersContext : SynchronizationContext;
}
