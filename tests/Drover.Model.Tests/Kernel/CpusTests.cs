namespace Drover.Model.Tests;

public sealed class CpusTests
{
    static readonly CostModel Costs = new() { SliceNs = 1000, ContextSwitchNs = 10 };

    [Fact]
    public void Who_computes_has_turns_and_none_is_a_slice_ahead()
    {
        var (simulation, cpus) = Machine(1);
        var ends = Compute(simulation, cpus, 5000, 5000, 5000);
        Assert.Equal(15 * 1010, ends.Max());
        Assert.All(ends, end => Assert.InRange(end, 13 * 1010, 15 * 1010));
        Assert.Equal((15_000, 15), (cpus.BusyNs, cpus.Switches));
    }

    [Fact]
    public void Who_needs_little_is_not_kept_behind_who_needs_much()
    {
        var (simulation, cpus) = Machine(1);
        var ends = Compute(simulation, cpus, 100_000, 500);
        Assert.True(ends[1] <= 1010 + 510);
    }

    [Fact]
    public void As_many_compute_at_once_as_there_are_cpus()
    {
        var (simulation, cpus) = Machine(4);
        Assert.All(Compute(simulation, cpus, 1000, 1000, 1000, 1000), end => Assert.Equal(1010, end));
        (simulation, cpus) = Machine(4);
        Assert.Equal(2020, Compute(simulation, cpus, 1000, 1000, 1000, 1000, 1000).Max());
    }

    [Fact]
    public void An_emulators_threads_take_turns_with_all_cpus()
    {
        var (simulation, cpus) = Machine(4, Costs with { EmulatorThreads = 1 });
        Assert.Equal(4, cpus.Count);
        Assert.Equal(4040, Compute(simulation, cpus, 1000, 1000, 1000, 1000).Max());
    }

    static (Simulation Simulation, Cpus Cpus) Machine(int count, CostModel? costs = null)
    {
        var simulation = new Simulation(1);
        return (simulation, new Cpus(simulation, count, costs ?? Costs));
    }

    /// <summary>All begin at once; when each ends.</summary>
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
