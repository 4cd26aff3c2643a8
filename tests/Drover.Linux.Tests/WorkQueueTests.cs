namespace Drover.Linux.Tests;

public sealed class WorkQueueTests
{
    /// <summary>The loop takes work out at the very moment at which it was put in: it may not come twice, get lost, or overtake.</summary>
    [Fact]
    public void Work_comes_out_once_and_in_each_threads_order_while_it_is_put_in()
    {
        const int Threads = 8, Each = 250_000;
        var queue = new WorkQueue();
        for (var i = 0; i < Threads; i++)
        {
            var thread = i;
            var putsIn = new Thread(() =>
            {
                for (var number = 0; number < Each; number++)
                    queue.Enqueue((thread, number));
            });
            putsIn.IsBackground = true;
            putsIn.Start();
        }

        var next = new int[Threads];
        for (var taken = 0; taken < Threads * Each;)
        {
            if (queue.Dequeue() is not { } work)
                continue;
            var (thread, number) = ((int, int))work;
            Assert.Equal(next[thread]++, number);
            taken++;
        }
        Assert.Null(queue.Dequeue());
        Assert.True(queue.IsEmpty);
    }
}
