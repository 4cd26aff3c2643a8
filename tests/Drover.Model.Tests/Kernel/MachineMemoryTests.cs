namespace Drover.Model.Tests;

/// <summary>What happens when memory is short: somebody is killed, and the allocation waits; and when there is nobody, the boot has failed.</summary>
public sealed class MachineMemoryTests
{
    readonly Simulation _simulation = new(1);
    readonly ModelTask _task = new(1, "allocates");

    [Fact]
    public void What_fits_is_given_and_the_peaks_are_kept()
    {
        var memory = new MachineMemory(_simulation, 100, () => false);
        Assert.True(Given(Allocate(memory, 60, isVmalloc: true)));
        Assert.True(Given(Allocate(memory, 40, isVmalloc: false)));
        memory.Free(60, isVmalloc: true);
        Assert.Equal((40, 100, 0, 60, 60), (memory.UsedBytes, memory.PeakBytes, memory.VmallocBytes, memory.PeakVmallocBytes, memory.AvailableBytes));
    }

    [Fact]
    public void Somebody_is_killed_and_what_that_gives_back_is_waited_for()
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
    public void What_an_idle_victim_gave_back_at_once_is_not_slept_through()
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
    public void Who_is_killed_while_it_waits_gets_nothing()
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
    public void With_nobody_left_to_kill_memory_is_exhausted()
    {
        var memory = new MachineMemory(_simulation, 100, () => false);
        Assert.False(Given(Allocate(memory, 101)));
        Assert.True(memory.IsExhausted);
    }

    [Fact]
    public void The_OOM_killer_takes_workers_and_the_boot_says_so()
    {
        var modules = new[] { new ScenarioModule { Name = "a", FileBytes = 9_000_000, ElfBytes = 9_000_000, ImageBytes = 9_000_000, InitSleepNs = 50_000_000 } };
        var scenario = new Scenario
        {
            Name = "small",
            Cpus = 8,
            MemoryBytes = 180_000_000,
            Modules = modules,
            Aliases = [new("x", ["a"])],
            Devices = [new() { Path = "/devices/cpu{cpu}", Modaliases = ["x"], IsPerCpu = true }],
        };
        var result = HerdRun.Run(new HerdOptions { Scenario = scenario, Gate = GateKind.None });
        Assert.True(result.Killed > 0);
        Assert.True(result.PeakBytes <= 180_000_000);
        Assert.True(HerdRun.Run(new HerdOptions { Scenario = scenario, Gate = GateKind.Idempotent }) is { Booted: true, Killed: 0 });
    }

    Task<bool> Allocate(MachineMemory memory, long bytes, bool isVmalloc = false) => memory.AllocateAsync(_task, bytes, isVmalloc).AsTask();

    /// <summary>Whether it got what it asked for; it must have an answer.</summary>
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
