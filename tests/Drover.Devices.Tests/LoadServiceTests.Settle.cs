using Drover.Kernel;
using Drover.Loading.Tests;

namespace Drover.Devices.Tests;

// What settle waits for, and how long.
public partial class LoadServiceTests
{
    [Fact]
    public void Settle_waits_for_devices_that_appear_because_of_loads()
    {
        var bench = new Bench(
            [
                new("bridge") { Inode = 1, Takes = 50 * Ms },
                new("hub") { Inode = 2, Takes = 70 * Ms },
                new("stick") { Inode = 3 }],
            [("b:*", "bridge"), ("h:*", "hub"), ("s:*", "stick")]);
        bench.WhenLoaded("bridge", () => bench.Devices.Appears("/devices/b/h", "h:1"));
        bench.WhenLoaded("hub", () => bench.Devices.Appears("/devices/b/h/s", "s:1"));
        bench.Run(async service =>
        {
            bench.Devices.Appears("/devices/b", "b:1");
            Assert.True(await service.SettleAsync(null, null, default));
            Assert.Equal(InitState.Live, bench.Machine["stick"].State);
        });
    }

    [Theory]
    [InlineData("quick")]
    [InlineData("q:1")]
    [InlineData("/devices/q")]
    [InlineData("/sys/devices/q")]
    public void Settle_waits_only_for_its_target(string target)
    {
        var bench = new Bench(
            [new("slow") { Inode = 1, Takes = TimeSpan.FromHours(1) }, new("quick") { Inode = 2 }],
            [("s:*", "slow"), ("q:*", "quick")]);
        bench.Run(async service =>
        {
            bench.Devices.Appears("/devices/s", "s:1");
            bench.Devices.Appears("/devices/q", "q:1");
            var began = bench.Loop.Time.GetTimestamp();
            Assert.True(await service.SettleAsync(target, null, default));
            Assert.Equal(InitState.Live, bench.Machine["quick"].State);
            Assert.InRange(bench.Loop.Time.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(1));
        });
    }

    [Fact]
    public void Settle_looks_up_each_pending_request_once()
    {
        const int Requests = 500, Settles = 4;
        var modules = Enumerable.Range(0, Requests)
            .Select(i => new SimulatedModule($"m{i}") { Inode = (ulong)i, Takes = (i + 1) * Ms }).ToArray();
        var aliases = modules.Select(module => ($"{module.Name}:*", module.Name)).ToArray();
        var bench = new Bench(modules, aliases, jobs: Requests);
        bench.Run(async service =>
        {
            foreach (var module in modules)
                bench.Devices.Appears($"/devices/{module.Name}", $"{module.Name}:x");
            await bench.Loop.Delay(Ms / 2, CancellationToken.None);
            var settles = Enumerable.Range(1, Settles)
                .Select(i => service.SettleAsync($"m{Requests - i}", null, default)).ToArray();
            Assert.All(await Task.WhenAll(settles), Assert.True);
            Assert.InRange(service.TargetLookups, 1, Requests);
            Assert.Equal(InitState.Live, bench.Machine[$"m{Requests - 1}"].State);
        });
    }

    [Fact]
    public void Settle_times_out_and_unfinished_work_is_listed()
    {
        var bench = new Bench(
            [new("slow") { Inode = 1, FileBytes = 5000, Takes = TimeSpan.FromHours(1) }], [("s:*", "slow")]);
        bench.Run(async service =>
        {
            bench.Devices.Appears("/devices/s", "s:1");
            Assert.False(await service.SettleAsync(null, TimeSpan.FromSeconds(30), default));
            var unfinished = service.Unfinished(10);
            var running = Assert.Single(unfinished.Running);
            Assert.Equal(("slow", 5000L), (running.Module, running.FileBytes));
            Assert.InRange(running.Age, TimeSpan.FromSeconds(29), TimeSpan.FromSeconds(31));
            Assert.Equal(("s:1", "/devices/s"), (unfinished.Waiting[0].Name, unfinished.Waiting[0].Requester));
        });
    }

    [Fact]
    public void Settle_ends_while_events_never_stop()
    {
        var bench = new Bench([new("disk") { Inode = 1 }], [("d:*", "disk")]);
        bench.Run(async service =>
        {
            var chatter = new CancellationTokenSource();
            _ = ChatterAsync(chatter.Token);
            bench.Devices.Appears("/devices/d", "d:1");
            Assert.True(await service.SettleAsync(null, TimeSpan.FromMinutes(1), default));
            Assert.Equal(InitState.Live, bench.Machine["disk"].State);
            bench.Loop.Post(chatter.Cancel);
        });

        async Task ChatterAsync(CancellationToken cancellationToken)
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                bench.Devices.Happens(DeviceAction.Change, "/devices/chatter");
                await bench.Loop.Delay(Ms, CancellationToken.None);
            }
        }
    }

    [Fact]
    public void Settle_does_not_wait_for_events_of_other_namespaces()
    {
        var bench = new Bench([], []);
        bench.Run(async service =>
        {
            bench.Machine.UeventSeqnum += 7; // of another network namespace
            Assert.True(await service.SettleAsync(null, null, default));
        });
    }
}
