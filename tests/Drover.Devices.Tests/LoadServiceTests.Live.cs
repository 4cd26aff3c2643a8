using Drover.Control;
using Drover.Kernel;
using Drover.Loading.Tests;

namespace Drover.Devices.Tests;

// Modules that become live.
public partial class LoadServiceTests
{
    [Fact]
    public void Own_load_is_live_once_though_its_event_comes_too()
    {
        var bench = new Bench([new("core"), new("disk") { Inode = 1, Dependencies = ["core"] }], []);
        var live = Live(bench, async service =>
        {
            _ = await LoadAsync(service, "disk");
            bench.Devices.Happens(DeviceAction.Add, "/module/disk");
            await service.SettleAsync(null, null, default);
        });
        Assert.Equal([("core", true), ("disk", true)], live);
    }

    [Fact]
    public void Own_load_is_live_at_its_event_while_its_call_goes_on()
    {
        var disk = new SimulatedModule("disk") { Lingers = 10_000 * Ms };
        var bench = new Bench([disk], []);
        var live = Live(bench, async service =>
        {
            var load = LoadAsync(service, "disk");
            await bench.Loop.Delay(10 * Ms);
            bench.Devices.Happens(DeviceAction.Add, "/module/disk");
            await bench.Loop.Delay(10 * Ms);
            Assert.Equal("disk", Assert.Single(_heard).Module);
            Assert.False(load.IsCompleted);
            await load;
        });
        Assert.Equal([("disk", true)], live);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Module_of_another_program_is_live_when_its_init_has_ended_not_at_its_early_event(bool succeeds)
    {
        var bench = new Bench([new("disk")], []);
        var live = Live(bench, async service =>
        {
            var load = bench.Machine.LoadFromOutsideAsync("disk", 500 * Ms, succeeds);
            bench.Devices.Happens(DeviceAction.Add, "/module/disk"); // of a kernel before 5.12
            await bench.Loop.Delay(400 * Ms);
            Assert.Empty(_heard);
            await load;
            await bench.Loop.Delay(400 * Ms);
        });
        Assert.Equal(succeeds ? [("disk", false)] : [], live);
    }

    [Fact]
    public void Module_that_is_removed_and_loaded_again_is_live_twice()
    {
        var disk = new SimulatedModule("disk");
        var bench = new Bench([disk], []);
        var live = Live(bench, async service =>
        {
            _ = await LoadAsync(service, "disk");
            disk.State = InitState.Absent;
            bench.Devices.Happens(DeviceAction.Remove, "/module/disk");
            await service.SettleAsync(null, null, default);
            _ = await LoadAsync(service, "disk");
        });
        Assert.Equal([("disk", true), ("disk", true)], live);
    }

    [Fact]
    public void Failed_load_is_not_live()
    {
        var bench = new Bench([new("disk") { Replies = [Errno.ENODEV] }], []);
        Assert.Empty(Live(bench, async service => _ = await LoadAsync(service, "disk")));
    }

    readonly List<LiveModule> _heard = [];

    List<(string Module, bool IsOwn)> Live(Bench bench, Func<LoadService, Task> use)
    {
        bench.Run(async service =>
        {
            using var subscription = service.Subscribe(new ServiceSubscriber(_ => { }, _heard.Add));
            await use(service);
        });
        return [.. _heard.Select(live => (live.Module, live.IsOwn))];
    }
}
