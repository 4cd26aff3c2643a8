using Drover.Model.Kernel;
using Drover.Model.Scenarios;
using Drover.Model.Time;

namespace Drover.Model.Tests.Kernel;

public sealed class CpusTests
{
    static readonly CostModel Costs = new() { SliceNs = 1000, ContextSwitchNs = 10 };

    [Fact]
    public void Tasks_take_turns_within_a_slice_of_each_other()
    {
        var (simulation, cpus) = Machine(1);
        var ends = Compute(simulation, cpus, 5000, 5000, 5000);
        Assert.Equal(15 * 1010, ends.Max());
        Assert.All(ends, end => Assert.InRange(end, 13 * 1010, 15 * 1010));
    }

    [Fact]
    public void A_short_task_does_not_wait_for_a_long_one()
    {
        var (simulation, cpus) = Machine(1);
        var ends = Compute(simulation, cpus, 100_000, 500);
        Assert.True(ends[1] <= 1010 + 510);
    }

    [Fact]
    public void As_many_tasks_compute_in_parallel_as_there_are_CPUs()
    {
        var (simulation, cpus) = Machine(4);
        Assert.All(Compute(simulation, cpus, 1000, 1000, 1000, 1000), end => Assert.Equal(1010, end));
        (simulation, cpus) = Machine(4);
        Assert.Equal(2020, Compute(simulation, cpus, 1000, 1000, 1000, 1000, 1000).Max());
    }

    [Fact]
    public void All_CPUs_share_the_threads_of_an_emulator()
    {
        var (simulation, cpus) = Machine(4, Costs with { EmulatorThreads = 1 });
        Assert.Equal(4, cpus.Count);
        Assert.Equal(4 * (1000 + (4 * 10)), Compute(simulation, cpus, 1000, 1000, 1000, 1000).Max());
    }

    [Fact]
    public void An_emulator_gives_each_CPU_a_part_of_the_slice()
    {
        var (simulation, cpus) = Machine(4, Costs with { EmulatorThreads = 1 });
        Assert.True(Compute(simulation, cpus, 100_000, 250)[1] <= 2 * (250 + 10));
    }

    static (Simulation Simulation, Cpus Cpus) Machine(int count, CostModel? costs = null)
    {
        var simulation = new Simulation(1);
        return (simulation, new Cpus(simulation, count, costs ?? Costs));
    }

    /// <summary>Starts all at once; returns the end of each.</summary>
    static long[] Compute(Simulation simulation, Cpus cpus, params long[] ns)
    {
        var ends = new long[ns.Length];
        for (var i = 0; i < ns.Length; i++)
            _ = RunAsync(i);
        while (simulation.Step())
        {
        }
        return ends;

        async Task RunAsync(int i)
        {
            await cpus.Compute(ns[i]);
            ends[i] = simulation.NowNs;
        }
    }
}
