using Drover.Kernel;
using Drover.Model.Kernel;

namespace Drover.Model.Tests.Kernel;

/// <summary>A module's states as sysfs, uevents and other calls see them.</summary>
public sealed class ModuleLifeTests
{
    [Fact]
    public void Sysfs_shows_a_module_once_it_is_formed()
    {
        var bench = new Bench();
        var call = bench.Finit(bench.File("a", with: facts => facts with { InitSleepNs = 1_000_000 }));
        Assert.Equal(InitState.Absent, bench.Kernel.InitStateOf("a"));
        bench.Until(call, LoadStage.Symbols);
        Assert.Equal(
            (ModuleState.Unformed, InitState.Absent), (bench.Kernel.Find("a")!.State, bench.Kernel.InitStateOf("a")));
        bench.Until(call, LoadStage.Init);
        Assert.Equal(InitState.Coming, bench.Kernel.InitStateOf("a"));
        bench.Rest();
        Assert.Equal(InitState.Live, bench.Kernel.InitStateOf("a"));
        var removal = bench.Delete("a");
        bench.Until(removal, LoadStage.Exit);
        bench.Until(() => bench.Kernel.Find("a")!.State is ModuleState.Going);
        Assert.Equal(InitState.Going, bench.Kernel.InitStateOf("a"));
        bench.Rest();
        Assert.Equal(
            (Errno.None, InitState.Absent, 0), (removal.Error, bench.Kernel.InitStateOf("a"), bench.Memory.UsedBytes));
    }

    [Fact]
    public void Uevents_follow_a_successful_init_and_the_removal_only()
    {
        var bench = new Bench();
        var events = new List<string>();
        bench.Kernel.Uevent = (path, seqnum, isRemoval) =>
            events.Add($"{(isRemoval ? "remove" : "add")}@{path} {seqnum} {bench.Kernel.InitStateOf("a")}");
        bench.Load(bench.File("bad", with: facts => facts with { InitError = "ENODEV" }));
        bench.Load(bench.File("a"));
        bench.Delete("a");
        bench.Rest();
        Assert.Equal(["add@/module/a 1 Live", "remove@/module/a 2 Absent"], events);
    }

    [Fact]
    public void Delete_fails_for_absent_used_and_coming_modules_and_when_modules_are_disabled()
    {
        var bench = new Bench();
        Assert.Equal(Errno.ENOENT, Delete(bench, "a"));
        bench.Load(bench.File("a"));
        bench.Load(bench.File("b", dependencies: ["a"]));
        Assert.Equal(Errno.EAGAIN, Delete(bench, "a"));
        var call = bench.Finit(bench.File("c", with: facts => facts with { InitSleepNs = 1_000_000_000 }));
        bench.Until(call, LoadStage.Init);
        var removal = bench.Delete("c");
        bench.Until(() => removal.HasReturned);
        Assert.Equal(Errno.EBUSY, removal.Error);
        bench.Rest();
        Assert.Equal(Errno.None, Delete(bench, "b"));
        Assert.Equal(0, bench.Kernel.Find("a")!.Users);
        bench.Kernel.ModulesDisabled = true;
        Assert.Equal(Errno.EPERM, Delete(bench, "a"));
    }

    [Fact]
    public void Load_returns_EBUSY_while_the_module_is_going()
    {
        var bench = new Bench();
        bench.Load(bench.File("a"));
        bench.Delete("a");
        bench.Until(() => bench.Kernel.Find("a")!.State is ModuleState.Going);
        // the call must find the module before the removal ends
        var call = bench.Init(bench.File("a"));
        bench.Until(() => call.HasReturned);
        Assert.Equal(Errno.EBUSY, call.Error);
        bench.Rest();
        Assert.Equal(Errno.None, bench.Load(bench.File("a")));
    }

    [Fact]
    public void Every_load_waits_for_all_asynchronous_probes_even_when_killed()
    {
        var bench = new Bench();
        var slow = bench.Finit(bench.File("disk", with: facts => facts with { AsyncProbeNs = 1_000_000_000 }));
        bench.Until(slow, WaitReason.AsyncProbes);
        Assert.Equal(InitState.Live, bench.Kernel.InitStateOf("disk"));
        var other = bench.Finit(bench.File("a"));
        bench.Until(other, WaitReason.AsyncProbes);
        other.Task.Kill();
        bench.Until(() => other.HasReturned || slow.HasReturned);
        Assert.True(bench.Simulation.NowNs > 1_000_000_000);
        bench.Rest();
        Assert.Equal((Errno.None, Errno.None), (slow.Error, other.Error));
    }

    [Fact]
    public void An_init_can_request_another_module()
    {
        var bench = new Bench();
        var inner = bench.File("inner");
        var outer = bench.File("outer");
        outer.Requests = "inner";
        bench.Kernel.RequestModule = _ => new FinitModule(bench.Kernel).CallAsync(new ModelTask(99, "modprobe"), inner);
        Assert.Equal(Errno.None, bench.Load(outer));
        Assert.Equal(InitState.Live, bench.Kernel.InitStateOf("inner"));
    }

    static Errno Delete(Bench bench, string name)
    {
        var call = bench.Delete(name);
        bench.Rest();
        return call.Error;
    }
}
