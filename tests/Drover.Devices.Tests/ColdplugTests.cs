using Drover.Kernel;
using Drover.Loading;
using Drover.Loading.Tests;
using Drover.Model.Time;

namespace Drover.Devices.Tests;

/// <summary>Coldplug on a simulated machine whose devices appear as their drivers load.</summary>
public sealed class ColdplugTests
{
    static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(100);

    [Theory]
    [InlineData("pci:v00008086d00002922sv00001AF4sd00001100bc01sc06i01", LoadRank.Early)]
    [InlineData("virtio:d00000002v00001AF4", LoadRank.Early)]
    [InlineData("acpi:ACPI0012:", LoadRank.Early)]
    [InlineData("nd:t4", LoadRank.Early)]
    [InlineData("acpi:PNP0C0C:", LoadRank.Normal)]
    [InlineData("cpu:type:x86,ven0000fam0006mod0055:feature:,0000", LoadRank.Late)]
    public void Storage_goes_first_and_features_of_the_CPU_last(string modalias, LoadRank rank)
    {
        var device = new DeviceEvent(DeviceAction.Add, "/devices/d", "", 1, [modalias], []);
        Assert.Equal(rank, Assert.Single(DeviceRequests.Of(device)).Rank);
    }

    [Fact]
    public void Equal_CPUs_load_each_module_once()
    {
        var bench = new Bench([
            new("acpi_cpufreq") { Inode = 1, Replies = [Errno.ENODEV] }, new("aesni_intel") { Inode = 2 }],
            [("cpu:*", "aesni_intel"), ("cpu:*", "acpi_cpufreq")]);
        for (var cpu = 0; cpu < 255; cpu++)
            bench.Devices.Add($"/devices/system/cpu/cpu{cpu}", "cpu:type:x86");
        var report = bench.Run();
        Assert.Equal((255, 255, 1), (report.Devices, report.Modaliases, report.Aliases.Count));
        Assert.Equal((2, 2), (report.Counts.Calls, report.Modules));
        Assert.Equal((510, 508), (report.Asked, report.Spared));
        Assert.Equal(
            ("acpi_cpufreq", Errno.ENODEV),
            report.Failures().Select(f => (f.Outcome.Module, f.Outcome.Error)).Single());
    }

    [Fact]
    public void Devices_that_appear_because_of_loads_are_served()
    {
        var bench = new Bench(
            [new("bridge") { Inode = 1 }, new("hub") { Inode = 2 }, new("disk") { Inode = 3 }],
            [("b*", "bridge"), ("h*", "hub"), ("d*", "disk")]);
        bench.Devices.Add("/devices/b", "b:1");
        bench.When("bridge", after: TimeSpan.FromMilliseconds(30), "/devices/b/h", "h:1");
        bench.When("hub", after: TimeSpan.FromMilliseconds(80), "/devices/b/h/d", "d:1");
        var report = bench.Run();
        Assert.Equal(3, report.Devices);
        Assert.All(bench.Machine.Modules, module => Assert.Equal(InitState.Live, module.State));
    }

    [Fact]
    public void Scans_repeat_until_nothing_is_new_when_there_are_no_events()
    {
        var bench = new Bench(
            [new("bridge") { Inode = 1 }, new("hub") { Inode = 2 }],
            [("b*", "bridge"), ("h*", "hub")])
        { Devices = { HasNoEvents = true } };
        bench.Devices.Add("/devices/b", "b:1");
        bench.When("bridge", after: TimeSpan.FromMilliseconds(30), "/devices/b/h", "h:1");
        var report = bench.Run();
        Assert.Equal(InitState.Live, bench.Machine["hub"].State);
        Assert.True(report.Scans > 1);
    }

    [Fact]
    public void Scan_replaces_lost_events()
    {
        var bench = new Bench(
            [new("bridge") { Inode = 1 }, new("hub") { Inode = 2 }],
            [("b*", "bridge"), ("h*", "hub")])
        { Devices = { LosesEvents = true } };
        bench.Devices.Add("/devices/b", "b:1");
        bench.When("bridge", after: TimeSpan.FromMilliseconds(30), "/devices/b/h", "h:1");
        var report = bench.Run();
        Assert.Equal(InitState.Live, bench.Machine["hub"].State);
        Assert.Equal(1, report.TimesLost);
    }

    [Fact]
    public void Both_modaliases_of_a_device_are_requested()
    {
        var bench = new Bench(
            [new("first") { Inode = 1 }, new("second") { Inode = 2 }], [("a:*", "first"), ("b:*", "second")]);
        bench.Devices.Add("/devices/two", "a:1", "b:1");
        Assert.Equal(2, bench.Run().Counts.Calls);
    }

    [Fact]
    public void Device_that_is_plugged_again_is_requested_again()
    {
        var bench = new Bench(
            [new("usb_storage") { Inode = 1 }, new("slow") { Inode = 2, Takes = TimeSpan.FromSeconds(1) }],
            [("usb:*", "usb_storage"), ("slow:*", "slow")]);
        bench.Devices.Add("/devices/usb1", "usb:1");
        bench.Devices.Add("/devices/slow", "slow:1");
        bench.At(TimeSpan.FromMilliseconds(500), () =>
        {
            bench.Machine["usb_storage"].State = InitState.Absent;
            bench.Devices.Happens(DeviceAction.Remove, "/module/usb_storage");
            bench.Devices.Happens(DeviceAction.Remove, "/devices/usb1");
            bench.Devices.Happens(DeviceAction.Add, "/devices/usb1", "usb:1");
        });
        var report = bench.Run();
        Assert.Equal(2, bench.Machine["usb_storage"].Calls);
        Assert.Equal((2, 2, 0), (report.Devices, report.Modaliases, report.Spared));
        Assert.All(report.Aliases, alias => Assert.Equal(1, alias.Devices));
        Assert.Equal(InitState.Live, bench.Machine["usb_storage"].State);
    }

    [Fact]
    public void Cancellation_drops_loads_that_are_not_in_the_kernel()
    {
        var bench = new Bench(
            [new("slow") { Inode = 1, Takes = TimeSpan.FromSeconds(9) }, new("queued") { Inode = 2 }],
            [("s:*", "slow"), ("q:*", "queued")],
            jobs: 1);
        bench.Devices.Add("/devices/s", "s:1");
        bench.Devices.Add("/devices/q", "q:1");
        using var stop = new CancellationTokenSource();
        bench.At(TimeSpan.FromSeconds(1), stop.Cancel);
        bench.Run(stop.Token);
        Assert.Equal(0, bench.Machine["queued"].Calls);
    }

    [Theory]
    [InlineData("memstick", "/devices/m0", null, new[] { "ms_block", "mspro_block" })]
    [InlineData("tifm", "/devices/t0", "TIFM_CARD_TYPE=MS", new[] { "tifm_ms" })]
    [InlineData("module", "/module/parport_pc", null, new[] { "ppdev" })]
    public void Modules_of_udev_rules_without_modalias_are_loaded(
        string subsystem, string path, string? property, string[] modules)
    {
        var bench = new Bench([.. modules.Select((name, i) => new SimulatedModule(name) { Inode = (ulong)i })], []);
        bench.Devices.Present.Add(
            new DeviceEvent(DeviceAction.Add, path, subsystem, 1, [], property is null ? [] : [property]));
        bench.Run();
        Assert.All(bench.Machine.Modules, module => Assert.Equal(InitState.Live, module.State));
    }

    [Fact]
    public void Tracker_forgets_answered_aliases_at_its_limit_while_a_request_is_pending()
    {
        const int Limit = 1 << 17, PerTurn = 64;
        var loop = new SimulatedLoop(seed: 1);
        var slow = new SimulatedModule("slow") { Inode = 1, Takes = TimeSpan.FromHours(1) };
        var machine = new SimulatedMachine(loop, [slow], 1 << 30, 1);
        var devices = new SimulatedDevices(loop, machine);
        var catalog = SimulatedMachine.Catalog([slow], [("s:*", "slow")]);
        var loader = new Loader(loop, machine, new SimulatedLocks(loop), catalog, new LoaderOptions { Jobs = 1 });
        var conditions = new Conditions(loop);
        var requests = new PendingRequests(loop, loader, conditions);
        var tracker = new DeviceTracker(loop, devices, requests, conditions, record: null);
        loop.Run(async () =>
        {
            using var listening = tracker.Listen(CancellationToken.None);
            devices.Happens(DeviceAction.Add, "/devices/s", "s:1");
            for (var i = 0; i < Limit + 1000; i++)
            {
                devices.Happens(DeviceAction.Change, "/devices/x", $"x:{i}");
                if (i % PerTurn == 0)
                    await loop.Delay(TimeSpan.FromMilliseconds(1));
            }
            await loop.Delay(TimeSpan.FromSeconds(1));
            return 0;
        });
        Assert.InRange(tracker.Aliases.Count, 2, 2000);
        Assert.Equal((Limit + 1001, 1), (tracker.Events, requests.Count));
    }

    [Fact]
    public void Every_schedule_loads_each_module_once()
    {
        for (var seed = 1; seed <= 1500; seed++)
        {
            var random = new Random(seed);
            var count = random.Next(1, 12);
            var modules = Enumerable.Range(0, count).Select(i =>
                new SimulatedModule($"m{i}") { Inode = (ulong)i, Takes = TimeSpan.FromMilliseconds(random.Next(50)) })
                    .ToArray();
            var bench = new Bench(modules, [.. modules.Select(module => ($"{module.Name}:*", module.Name))], seed: seed)
            {
                Devices = { HasNoEvents = random.Next(5) == 0, LosesEvents = random.Next(5) == 0 },
            };
            bench.Devices.Add("/devices/0", "m0:x");
            for (var i = 1; i < count; i++)
            {
                for (var copies = random.Next(1, 4); copies > 0; copies--)
                {
                    bench.When(
                        $"m{random.Next(i)}", TimeSpan.FromMilliseconds(random.Next(90)), $"/devices/{i}-{copies}",
                        $"m{i}:x");
                }
            }
            bench.Run();
            Assert.True(
                modules.All(module => module is { State: InitState.Live, Calls: 1 }),
                $"seed {seed}: {string.Join(", ", modules.Select(m => $"{m.Name} {m.State} {m.Calls}"))}");
        }
    }

    /// <summary>A coldplug on a simulated machine.</summary>
    sealed class Bench : ILoaderObserver
    {
        readonly SimulatedLoop _loop;
        readonly Loader _loader;
        readonly List<(string Module, Action Then, TimeSpan After)> _whens = [];

        public Bench(SimulatedModule[] modules, (string, string)[] aliases, int jobs = 8, int seed = 1)
        {
            _loop = new SimulatedLoop(seed);
            Machine = new SimulatedMachine(_loop, modules, 1 << 30, jobs);
            Devices = new SimulatedDevices(_loop, Machine);
            var options = new LoaderOptions { BudgetBytes = 1 << 30, Jobs = jobs };
            _loader = new Loader(
                _loop, Machine, new SimulatedLocks(_loop), SimulatedMachine.Catalog(modules, aliases), options, this);
        }

        public SimulatedMachine Machine { get; }

        public SimulatedDevices Devices { get; }

        public void When(string loaded, TimeSpan after, string appears, params string[] modaliases) =>
            _whens.Add((loaded, () => Devices.Appears(appears, modaliases), after));

        public void At(TimeSpan time, Action then) => _whens.Add(("", then, time));

        public ColdplugReport Run(CancellationToken cancellationToken = default) => _loop.Run(() =>
        {
            Trigger("");
            return new Coldplug(_loop, Devices, _loader, Quiet).RunAsync(cancellationToken);
        });

        void Trigger(string module)
        {
            foreach (var (_, then, after) in _whens.Where(when => when.Module == module))
                _ = LaterAsync(after, then);
        }

        async Task LaterAsync(TimeSpan after, Action then)
        {
            await _loop.Delay(after);
            then();
        }

        public void Calling(LoadCall call, ModuleFileFacts file)
        {
        }

        public void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took)
        {
            if (reply.Error is Errno.None)
                Trigger(call.Module);
        }

        public void Noted(string message)
        {
        }
    }
}

/// <summary>Devices of the simulated machine, and the events they send.</summary>
sealed class SimulatedDevices(SimulatedLoop loop, SimulatedMachine machine) : IDevices
{
    readonly Queue<DeviceEvent?> _sent = [];
    Action<DeviceEvent>? _received;
    Action? _lost;

    public List<DeviceEvent> Present { get; } = [];

    public bool HasNoEvents { get; set; }

    public bool LosesEvents { get; set; }

    public ulong Seqnum => machine.UeventSeqnum;

    public IEnumerable<DeviceEvent> Enumerate()
    {
        var began = Seqnum;
        return Present.ToArray().Select(device => device with { Seqnum = began });
    }

    public IDisposable? Listen(Action<DeviceEvent> received, Action lost)
    {
        if (HasNoEvents)
            return null;
        (_received, _lost) = (received, lost);
        return new Listening(() => _received = null);
    }

    public void Add(string path, params string[] modaliases) =>
        Present.Add(new DeviceEvent(DeviceAction.Add, path, "", 1, modaliases, []));

    public void Appears(string path, params string[] modaliases)
    {
        Add(path, modaliases);
        Happens(DeviceAction.Add, path, modaliases);
    }

    public void Happens(DeviceAction action, string path, params string[] modaliases) => Send(action, path, modaliases);

    /// <summary>A synthetic event, as <c>udevadm trigger</c> causes.</summary>
    public void Repeats(string path, params string[] modaliases) =>
        Send(DeviceAction.Add, path, modaliases, "SYNTH_UUID=0");

    void Send(DeviceAction action, string path, string[] modaliases, params string[] properties)
    {
        var happened = new DeviceEvent(action, path, "", ++machine.UeventSeqnum, modaliases, properties);
        // the loop may reorder tasks, the kernel never reorders events and losses
        _sent.Enqueue(LosesEvents ? null : happened);
        LosesEvents = false;
        loop.Post(() =>
        {
            if (_sent.Dequeue() is { } next)
                _received?.Invoke(next);
            else
                _lost?.Invoke();
        });
    }

    sealed class Listening(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
