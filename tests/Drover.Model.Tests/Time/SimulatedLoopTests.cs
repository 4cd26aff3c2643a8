using Drover.Model.Time;

namespace Drover.Model.Tests.Time;

public sealed class SimulatedLoopTests
{
    static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Virtual_time_jumps_to_the_next_timer()
    {
        var loop = new SimulatedLoop(1);
        var began = loop.Simulation.NowNs;
        loop.Run(async () =>
        {
            await loop.Delay(2 * Second);
            await loop.Delay(3 * Second);
            return 0;
        });
        Assert.Equal(5_000_000_000, loop.Simulation.NowNs - began);
    }

    [Fact]
    public void Timers_of_one_instant_fire_in_the_order_in_which_they_were_set()
    {
        var simulation = new Simulation(1);
        var time = new VirtualTime(simulation);
        var fired = new List<int>();
        for (var i = 0; i < 10; i++)
        {
            var number = i;
            time.CreateTimer(_ => fired.Add(number), null, Second, Timeout.InfiniteTimeSpan);
        }
        while (simulation.Step())
        {
        }
        Assert.Equal(Enumerable.Range(0, 10), fired);
    }

    [Fact]
    public void A_disposed_timer_does_not_fire()
    {
        var simulation = new Simulation(1);
        var time = new VirtualTime(simulation);
        var timer = time.CreateTimer(_ => Assert.Fail("it was disposed"), null, Second, Timeout.InfiniteTimeSpan);
        timer.Dispose();
        while (simulation.Step())
        {
        }
    }

    [Fact]
    public void Run_reports_a_deadlock_when_the_queue_is_empty()
    {
        var loop = new SimulatedLoop(1);
        Assert.Throws<DeadlockException>(() => loop.Run(() => new TaskCompletionSource<int>().Task));
    }

    [Fact]
    public void An_exception_of_a_posted_action_ends_the_run()
    {
        var loop = new SimulatedLoop(1);
        Assert.Throws<InvalidDataException>(() => loop.Run(async () =>
        {
            loop.Post(() => throw new InvalidDataException());
            await loop.Delay(Second);
            return 0;
        }));
    }

    [Fact]
    public void A_seed_determines_the_order_of_actions()
    {
        Assert.Equal(OrderOf(7), OrderOf(7));
        Assert.True(Enumerable.Range(0, 20).Select(seed => string.Join(' ', OrderOf(seed))).Distinct().Count() > 10);
    }

    static List<int> OrderOf(int seed)
    {
        var loop = new SimulatedLoop(seed);
        var order = new List<int>();
        loop.Run(async () =>
        {
            for (var i = 0; i < 8; i++)
            {
                var number = i;
                loop.Post(() => order.Add(number));
            }
            await loop.Delay(Second);
            return 0;
        });
        return order;
    }
}
