using Drover.Model.Herds;
using Drover.Model.Kernel;
using Drover.Model.Scenarios;
using Drover.Model.Time;

namespace Drover.Model.Tests.Kernel;

/// <summary>Allocations when memory is short.</summary>
public sealed class MachineMemoryTests
{
    readonly Simulation _simulation = new(1);
    readonly ModelTask _task = new(1, "allocates");

    [Fact]
    public void Allocate_succeeds_while_memory_lasts_and_keeps_the_peaks()
    {
        var memory = new MachineMemory(_simulation, 100, () => false);
        Assert.True(Given(Allocate(memory, 60, isVmalloc: true)));
        Assert.True(Given(Allocate(memory, 40, isVmalloc: false)));
        memory.Free(60, isVmalloc: true);
        Assert.Equal(
            (40, 100, 0, 60, 60),
            (memory.UsedBytes, memory.PeakBytes, memory.VmallocBytes, memory.PeakVmallocBytes, memory.AvailableBytes));
    }

    [Fact]
    public void Allocate_waits_for_the_memory_of_a_killed_task()
    {
        var memory = new MachineMemory(_simulation, 100, () => true);
        Assert.True(Given(Allocate(memory, 80)));
        var waiting = Allocate(memory, 50);
        Assert.False(waiting.IsCompleted);
        memory.Free(80, isVmalloc: false);
        Rest();
        Assert.True(Given(waiting));
        Assert.Equal(50, memory.UsedBytes);
    }

    [Fact]
    public void Allocate_does_not_sleep_when_the_victim_ends_at_once()
    {
        MachineMemory? memory = null;
        memory = new MachineMemory(_simulation, 100, () =>
        {
            memory!.Free(80, isVmalloc: false);
            return true;
        });
        Assert.True(Given(Allocate(memory, 80)));
        var second = Allocate(memory, 50);
        Assert.True(Given(second));
    }

    [Fact]
    public void Allocate_fails_when_the_task_is_killed_while_it_waits()
    {
        var memory = new MachineMemory(_simulation, 100, () => true);
        Assert.True(Given(Allocate(memory, 80)));
        var waiting = Allocate(memory, 50);
        _task.Kill();
        Rest();
        Assert.False(Given(waiting));
        Assert.Equal((80, 0, false), (memory.UsedBytes, memory.Waiting, memory.IsExhausted));
    }

    [Fact]
    public void Memory_is_exhausted_when_no_task_is_left_to_kill()
    {
        var memory = new MachineMemory(_simulation, 100, () => false);
        Assert.False(Given(Allocate(memory, 101)));
        Assert.True(memory.IsExhausted);
    }

    [Fact]
    public void The_OOM_killer_kills_workers_and_the_result_counts_them()
    {
        const long Bytes = 9_000_000;
        var module = new ScenarioModule { Name = "a", FileBytes = Bytes, ElfBytes = Bytes, ImageBytes = Bytes };
        var scenario = new Scenario
        {
            Name = "small",
            Cpus = 8,
            MemoryBytes = 180_000_000,
            Modules = [module with { InitSleepNs = 50_000_000 }],
            Aliases = [new("x", ["a"])],
            Devices = [new() { Path = "/devices/cpu{cpu}", Modaliases = ["x"], IsPerCpu = true }],
        };
        var result = HerdRun.Run(new HerdOptions { Scenario = scenario, Gate = GateKind.None });
        Assert.True(result.Killed > 0);
        Assert.True(result.PeakBytes <= 180_000_000);
        Assert.True(
            HerdRun.Run(
                new HerdOptions { Scenario = scenario, Gate = GateKind.Idempotent }) is { Booted: true, Killed: 0 });
    }

    Task<bool> Allocate(MachineMemory memory, long bytes, bool isVmalloc = false) =>
        memory.AllocateAsync(_task, bytes, isVmalloc).AsTask();

    /// <summary>The result of an allocation that has ended.</summary>
    static bool Given(Task<bool> allocation)
    {
        Assert.True(allocation.IsCompleted);
        return allocation.Result;
    }

    void Rest()
    {
        while (_simulation.Step())
        {
        }
    }
}
