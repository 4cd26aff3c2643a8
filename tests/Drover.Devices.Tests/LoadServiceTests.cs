using Drover.Control;
using Drover.Kernel;
using Drover.Loading;
using Drover.Loading.Tests;
using Drover.Model.Time;
using Drover.Modules;
using Drover.Modules.Config;

namespace Drover.Devices.Tests;

/// <summary>The daemon on a simulated machine, in virtual time.</summary>
public partial class LoadServiceTests
{
    static readonly TimeSpan Ms = TimeSpan.FromMilliseconds(1);

    /// <summary>Number of schedules; DROVER_SEEDS overrides it.</summary>
    static readonly int Seeds = int.TryParse(
        Environment.GetEnvironmentVariable("DROVER_SEEDS"), out var seeds) ? seeds : 3000;

    [Fact]
    public void Present_and_new_devices_load_each_module_once()
    {
        var bench = new Bench(
            [new("disk") { Inode = 1 }, new("mouse") { Inode = 2 }], [("d:*", "disk"), ("m:*", "mouse")]);
        bench.Devices.Add("/devices/d", "d:1");
        bench.Run(async service =>
        {
            for (var i = 0; i < 50; i++)
                bench.Devices.Appears($"/devices/m{i}", "m:1");
            Assert.True(await service.SettleAsync(null, null, default));
        });
        Assert.All(bench.Machine.Modules, module => Assert.Equal((InitState.Live, 1), (module.State, module.Calls)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Features_of_the_CPU_wait_for_the_start_of_late_loads_or_a_settle(bool settles)
    {
        var bench = new Bench(
            [new("kvm") { Inode = 1 }, new("aesni") { Inode = 2 }, new("disk") { Inode = 3 }],
            [("cpu:1", "kvm"), ("cpu:2", "aesni"), ("pci:*", "disk")]);
        bench.Run(async service =>
        {
            service.HoldLate();
            foreach (var modalias in new[] { "cpu:1", "cpu:2", "pci:1" })
                bench.Devices.Appears($"/devices/{modalias}", modalias);
            await bench.Loop.Delay(TimeSpan.FromSeconds(5));
            Assert.Equal([0, 0, 1], bench.Machine.Modules.Select(module => module.Calls));
            Assert.False(service.Status().IsSettled);

            // a request by name does not wait
            await service.LoadForClientAsync(new LoadRequest("aesni"), default);
            Assert.Equal([0, 1, 1], bench.Machine.Modules.Select(module => module.Calls));

            if (settles)
                Assert.True(await service.SettleAsync(null, null, default));
            else
                service.StartLate();
            await bench.Loop.Delay(TimeSpan.FromSeconds(5));
            Assert.Equal([1, 1, 1], bench.Machine.Modules.Select(module => module.Calls));
            Assert.True(service.Status().IsSettled);
        });
    }

    [Fact]
    public void ENODEV_answers_all_earlier_devices_and_a_later_one_tries_again()
    {
        var bench = new Bench(
            [new("acpi_cpufreq") { Inode = 1, Replies = [Errno.ENODEV] }], [("cpu:*", "acpi_cpufreq")]);
        bench.Run(async service =>
        {
            for (var cpu = 0; cpu < 255; cpu++)
                bench.Devices.Appears($"/devices/system/cpu/cpu{cpu}", "cpu:x");
            await service.SettleAsync(null, null, default);
            Assert.Equal(1, bench.Machine["acpi_cpufreq"].Calls);
            bench.Devices.Appears("/devices/system/cpu/cpu255", "cpu:x");
            await service.SettleAsync(null, null, default);
        });
        Assert.Equal(2, bench.Machine["acpi_cpufreq"].Calls);
    }

    [Theory]
    [InlineData(Errno.ENODEV, 1)]
    [InlineData(Errno.EIO, 2)] // another attempt may succeed
    public void Synthetic_event_retries_only_failures_other_than_ENODEV(Errno error, int tries)
    {
        var bench = new Bench([new("driver") { Inode = 1, Replies = [error, Errno.None] }], [("d:*", "driver")]);
        bench.Devices.Add("/devices/d", "d:1");
        bench.Run(async service =>
        {
            await service.SettleAsync(null, null, default);
            bench.Devices.Repeats("/devices/d", "d:1");
            await service.SettleAsync(null, null, default);
            Assert.Equal(tries, bench.Machine["driver"].Calls);
        });
    }

    [Fact]
    public void Equal_devices_make_one_request_when_their_driver_fails_with_ENODEV()
    {
        var bench = new Bench([new("driver") { Inode = 1, Replies = [Errno.ENODEV] }], [("cpu:*", "driver")]);
        for (var cpu = 0; cpu < 255; cpu++)
            bench.Devices.Add($"/devices/system/cpu/cpu{cpu}", "cpu:x");
        bench.Run(async service =>
        {
            await service.SettleAsync(null, null, default);
            for (var cpu = 0; cpu < 255; cpu++)
                bench.Devices.Repeats($"/devices/system/cpu/cpu{cpu}", "cpu:x");
            await service.SettleAsync(null, null, default);
            Assert.Equal((1, 1), (bench.Machine["driver"].Calls, service.Status().Counts.Requests));
        });
    }

    [Fact]
    public void Synthetic_event_of_an_unseen_device_uses_the_ENODEV_of_the_scan()
    {
        var bench = new Bench(
            [new("driver") { Inode = 1, Replies = [Errno.ENODEV] }], [("d:*", "driver"), ("e:*", "driver")]);
        bench.Devices.Add("/devices/d", "d:1");
        bench.Run(async service =>
        {
            await service.SettleAsync(null, null, default);
            bench.Devices.Repeats("/devices/e", "e:1");
            await service.SettleAsync(null, null, default);
            Assert.Equal((1, 2), (bench.Machine["driver"].Calls, service.Status().Counts.Requests));
        });
    }

    [Fact]
    public void Synthetic_event_during_a_removal_does_not_retry_ENODEV()
    {
        var bench = new Bench(
            [new("slow") { Inode = 1 }, new("driver") { Inode = 2, Replies = [Errno.ENODEV] }],
            [("s:*", "slow"), ("s:*", "driver"), ("d:*", "driver")]);
        bench.Devices.Add("/devices/s", "s:1");
        bench.Devices.Add("/devices/d", "d:1");
        bench.Run(async service =>
        {
            // the driver's failed load ends with a removal event
            bench.Devices.Happens(DeviceAction.Remove, "/module/driver");
            bench.Devices.Repeats("/devices/s", "s:1");
            bench.Devices.Repeats("/devices/d", "d:1");
            await service.SettleAsync(null, null, default);
        });
        Assert.Equal(1, bench.Machine["driver"].Calls);
    }

    [Fact]
    public void Synthetic_event_loads_a_removed_module_again()
    {
        var bench = new Bench([new("disk") { Inode = 1 }], [("d:*", "disk")]);
        bench.Devices.Add("/devices/d", "d:1");
        bench.Run(async service =>
        {
            await service.SettleAsync(null, null, default);
            bench.Machine["disk"].State = InitState.Absent;
            bench.Devices.Happens(DeviceAction.Remove, "/module/disk");
            bench.Devices.Repeats("/devices/d", "d:1");
            await service.SettleAsync(null, null, default);
        });
        Assert.Equal(2, bench.Machine["disk"].Calls);
    }

    [Fact]
    public void Scan_finds_the_device_of_a_lost_event()
    {
        var bench = new Bench([new("disk") { Inode = 1 }], [("d:*", "disk")]);
        bench.Run(async service =>
        {
            bench.Devices.LosesEvents = true;
            bench.Devices.Appears("/devices/d", "d:1");
            Assert.True(await service.SettleAsync(null, null, default));
            Assert.Equal(1, service.Status().TimesLost);
        });
        Assert.Equal(InitState.Live, bench.Machine["disk"].State);
    }

    [Fact]
    public void Module_is_loaded_again_when_its_removal_event_was_lost()
    {
        var bench = new Bench([new("disk") { Inode = 1 }], [("d:*", "disk")]);
        bench.Devices.Add("/devices/d", "d:1");
        bench.Run(async service =>
        {
            await service.SettleAsync(null, null, default);
            bench.Machine["disk"].State = InitState.Absent;
            bench.Devices.LosesEvents = true;
            bench.Devices.Happens(DeviceAction.Remove, "/module/disk");
            await service.SettleAsync(null, null, default);
        });
        Assert.Equal((InitState.Live, 2), (bench.Machine["disk"].State, bench.Machine["disk"].Calls));
    }

    [Fact]
    public void Loader_fault_in_a_device_request_ends_the_service()
    {
        var bench = new Bench([new("disk") { Inode = 1 }], [("d:*", "disk")]);
        bench.WhenLoaded("disk", () => throw new FormatException("a fault of ours"));
        var thrown = Assert.Throws<FormatException>(() => bench.Run(service =>
        {
            bench.Devices.Appears("/devices/d", "d:1");
            return Task.CompletedTask;
        }, stops: false));
        Assert.Equal("a fault of ours", thrown.Message);
    }

    [Fact]
    public void Subscriber_receives_every_outcome_until_disposed()
    {
        var bench = new Bench([new("disk") { Inode = 1 }], [("d:*", "disk")]);
        var heard = new List<string>();
        bench.Run(async service =>
        {
            using (service.Subscribe(new(
                served => heard.Add($"{served.Request.Requester} {served.Outcome.Module} {served.Outcome.Kind}"),
                live => heard.Add($"{live.Module} live"))))
            {
                await service.LoadForClientAsync(new LoadRequest("d:1", Requester: "somebody"), default);
            }

            await service.LoadForClientAsync(new LoadRequest("d:1"), default);
        });
        Assert.Equal(["disk live", "somebody disk Loaded"], heard);
    }

    [Fact]
    public void Status_and_records_show_loads_and_requests()
    {
        var bench = new Bench(
            [new("core") { Inode = 1 }, new("disk") { Inode = 2, Dependencies = ["core"] }], [("d:*", "disk")]);
        bench.Devices.Add("/devices/d0", "d:1");
        bench.Run(async service =>
        {
            await service.SettleAsync(null, null, default);
            bench.Devices.Appears("/devices/d1", "d:1");
            await service.LoadForClientAsync(new LoadRequest("nobody_knows"), default);
            await service.SettleAsync(null, null, default);
            var status = service.Status();
            Assert.True(status.IsSettled);
            Assert.Equal((2L, 2L), (status.Devices, status.Counts.Calls));
            Assert.Equal(
                ["core 0 1 Loaded", "disk 1 1 Loaded"],
                service.Modules().Select(module =>
                    $"{module.Module} {module.Requests} {module.Calls} {module.Last.Kind}").Order());
            Assert.Equal("/devices/d0", service.Modules().Single(module => module.Module == "disk").FirstRequester);
        });
    }

    [Fact]
    public void Record_shows_the_first_load_and_its_dependencies()
    {
        var bench = new Bench(
            [
                new("core") { Inode = 1, Takes = TimeSpan.FromSeconds(2) },
                new("disk") { Inode = 2, Dependencies = ["core"], Takes = TimeSpan.FromSeconds(1) }],
            [("d:*", "disk")]);
        bench.Run(async service =>
        {
            await Task.WhenAll(
                service.LoadForClientAsync(new LoadRequest("d:1"), default),
                service.LoadForClientAsync(new LoadRequest("d:2"), default),
                service.LoadForClientAsync(new LoadRequest("disk"), default));
            var modules = service.Modules().ToDictionary(module => module.Module);
            var (core, disk) = (modules["core"], modules["disk"]);
            Assert.Equal((0, 2), (core.Joined, disk.Joined));
            Assert.Equal(["core"], disk.First!.Needed);
            Assert.Empty(core.First!.Needed);
            Assert.Equal(TimeSpan.FromSeconds(2), core.First.EndedAt - core.First.CalledAt);
            Assert.Equal(TimeSpan.FromSeconds(1), disk.First.EndedAt - disk.First.CalledAt);
            Assert.Equal((disk.First.RequestedAt, core.First.EndedAt), (core.First.RequestedAt, disk.First.CalledAt));

            // a second load does not change the first
            bench.Machine["disk"].State = InitState.Absent;
            bench.Devices.Happens(DeviceAction.Remove, "/module/disk");
            await bench.Loop.Delay(Ms, CancellationToken.None);
            await service.LoadForClientAsync(new LoadRequest("disk"), default);
            var again = service.Modules().Single(module => module.Module == "disk");
            Assert.Equal((2, disk.First), (again.Calls, again.First));
        });
    }

    [Fact]
    public async Task Stop_ends_pending_requests_as_Left()
    {
        var bench = new Bench(
            [new("slow") { Inode = 1, Takes = TimeSpan.FromSeconds(9) }, new("queued") { Inode = 2 }], [], jobs: 1);
        Task<RequestOutcome>? queued = null, slow = null;
        bench.Run(async service =>
        {
            slow = service.LoadForClientAsync(new LoadRequest("slow"), default);
            queued = service.LoadForClientAsync(new LoadRequest("queued"), default);
            await bench.Loop.Delay(Ms, CancellationToken.None);
        });
        Assert.Equal(OutcomeKind.Left, (await queued!).Modules[0].Kind);
        Assert.Equal(0, bench.Machine["queued"].Calls);
        Assert.True(slow!.IsCompleted);
    }

    [Fact]
    public void Every_schedule_settles_with_all_modules_live()
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var random = new Random(seed);
            var modules = Enumerable.Range(0, random.Next(1, 8)).Select(i =>
                new SimulatedModule($"m{i}") { Inode = (ulong)i, Takes = random.Next(40) * Ms }).ToArray();
            var bench = new Bench(
                modules, [.. modules.Select(module => ($"{module.Name}:*", module.Name))], seed: seed);
            var answers = new List<Task<RequestOutcome>>();
            bench.Run(async service =>
            {
                for (var step = random.Next(1, 30); step > 0; step--)
                {
                    var name = $"m{random.Next(modules.Length)}";
                    switch (random.Next(7))
                    {
                        case 0:
                            bench.Devices.LosesEvents = true;
                            break;
                        case 1 when bench.Machine[name].State is InitState.Live:
                            bench.Machine[name].State = InitState.Absent;
                            bench.Devices.Happens(DeviceAction.Remove, $"/module/{name}");
                            // a module that was removed by hand is loaded on request only
                            answers.Add(LaterAsync(name));
                            break;
                        case 2:
                            answers.Add(service.LoadForClientAsync(new LoadRequest(name), default));
                            break;
                        case 3:
                            service.Reload();
                            break;
                        case 4:
                            await bench.Loop.Delay(random.Next(30) * Ms, CancellationToken.None);
                            break;
                        default:
                            bench.Devices.Appears($"/devices/{step}", $"{name}:x");
                            break;
                    }
                }
                await Task.WhenAll(answers);
                Assert.True(
                    await service.SettleAsync(null, TimeSpan.FromHours(1), default), $"seed {seed}: not settled");
                foreach (var device in bench.Devices.Present)
                {
                    var name = device.Modaliases[0][..^2];
                    Assert.True(
                        bench.Machine[name].State is InitState.Live, $"seed {seed}: {device.DevPath} has no {name}");
                }
                Assert.True(service.Status().IsSettled, $"seed {seed}: {service.Status()}");

                async Task<RequestOutcome> LaterAsync(string module)
                {
                    // a removal is known after its event or its loss
                    await bench.Loop.Delay(Ms, CancellationToken.None);
                    return await service.LoadForClientAsync(new LoadRequest(module), default);
                }
            });
        }
    }

    /// <summary>A service on a simulated machine.</summary>
    sealed class Bench : ILoaderObserver
    {
        readonly List<(string Module, Action Then)> _whens = [];
        readonly int _jobs;

        public Bench(SimulatedModule[] modules, (string, string)[] aliases, int jobs = 8, int seed = 1)
        {
            _jobs = jobs;
            Loop = new SimulatedLoop(seed);
            Machine = new SimulatedMachine(Loop, modules, 1 << 30, jobs);
            Devices = new SimulatedDevices(Loop, Machine);
            Catalog = SimulatedMachine.Catalog(modules, aliases);
        }

        public SimulatedLoop Loop { get; }

        public SimulatedMachine Machine { get; }

        public SimulatedDevices Devices { get; }

        /// <summary>The result of the next reload; null for a damaged index.</summary>
        public ModuleCatalog? Catalog { get; set; }

        /// <summary>What a reload reads without the indexes.</summary>
        public ModulePolicy? Policy { get; set; }

        public Exception? PolicyFault { get; set; }

        public List<string> Notes { get; } = [];

        public List<(string Module, PolicyAction Action)> Applied { get; } = [];

        /// <summary>What an earlier daemon of this boot has recorded.</summary>
        public IReadOnlyList<ModuleRecord> Earlier { get; set; } = [];

        /// <summary>The modules in the order of their calls.</summary>
        public List<string> Order { get; } = [];

        /// <summary>Of each module's last call.</summary>
        public Dictionary<string, string> Parameters { get; } = [];

        /// <summary>Of the last boot.</summary>
        public BootRecord? Record { get; set; }

        /// <summary>The indexes on disk are newer than those that the service has open.</summary>
        public bool HasNewIndexes { get; set; }

        /// <summary>A change of the indexes or the configuration was seen; once for each reload.</summary>
        public bool HasSeenChange { get; set; }

        public void WhenLoaded(string module, Action then) => _whens.Add((module, then));

        /// <summary>Runs a service and a test, then stops the service, or waits for its end.</summary>
        public void Run(Func<LoadService, Task> use, bool stops = true) => Loop.Run(async () =>
        {
            var options = new LoaderOptions { BudgetBytes = 1 << 30, Jobs = _jobs };
            var service = new LoadService(
                Loop, Devices, Machine, new SimulatedLocks(Loop), Catalog!,
                Reopen, options, this, Record, Earlier)
            {
                HasSeenChange = () => HasSeenChange,
                HaveSourcesChanged = () => HasNewIndexes,
                ReadPolicy = () => PolicyFault is null ? Policy : throw PolicyFault,
            };
            using var stop = new CancellationTokenSource();
            var running = service.RunAsync(stop.Token);
            await use(service);
            if (stops)
                Loop.Post(stop.Cancel);
            await running;
            return 0;
        });

        ModuleCatalog Reopen()
        {
            HasSeenChange = false;
            return Catalog ?? throw new ModuleDataException("modules.dep.bin", 0, "damaged");
        }

        public void Calling(LoadCall call, ModuleFileFacts file)
        {
            Order.Add(call.Module);
            Parameters[call.Module] = call.Parameters;
        }

        public void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took)
        {
            foreach (var (_, then) in _whens.Where(when => when.Module == call.Module && reply.Error is Errno.None))
                then();
        }

        public void PolicyApplied(LoadRequest source, string module, PolicyAction action, string why) =>
            Applied.Add((module, action));

        public void Noted(string message) => Notes.Add(message);
    }
}
