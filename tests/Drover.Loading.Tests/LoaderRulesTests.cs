using Drover.Kernel;

namespace Drover.Loading.Tests;

/// <summary>Each rule of the loader in one small scene.</summary>
public sealed class LoaderRulesTests
{
    static readonly TimeSpan Ms = TimeSpan.FromMilliseconds(1);

    [Fact]
    public void Concurrent_requests_for_a_module_share_one_call_and_its_outcome()
    {
        var scene = new Scene([new("nvme")]);
        var outcomes = scene.Run(loader =>
            Scene.All(Enumerable.Range(0, 255).Select(_ => loader.RequestAsync("nvme"))));
        Assert.Equal(1, scene.Machine["nvme"].Calls);
        Assert.Equal(1, outcomes.Count(o => o.Kind is OutcomeKind.Loaded));
        Assert.Equal(254, outcomes.Count(o => o.Kind is OutcomeKind.Joined && o.Error is Errno.None));
    }

    [Fact]
    public void Joined_requests_get_the_errno_of_the_failed_load()
    {
        var scene = new Scene([new("acpi_cpufreq") { Replies = [Errno.ENODEV] }]);
        var request = new LoadRequest("acpi_cpufreq", Seqnum: 50);
        var outcomes = scene.Run(loader =>
            Scene.All(Enumerable.Range(0, 255).Select(_ => loader.RequestAsync(request))));
        Assert.Equal(1, scene.Machine["acpi_cpufreq"].Calls);
        Assert.All(outcomes, o => Assert.Equal(Errno.ENODEV, o.Error));
    }

    [Fact]
    public void Load_makes_no_call_for_a_live_module_and_reloads_a_removed_one()
    {
        var scene = new Scene([new("loop")]);
        scene.Run(async loader =>
        {
            Assert.Equal(OutcomeKind.Loaded, (await Scene.One(loader, "loop")).Kind);
            Assert.Equal(OutcomeKind.AlreadyLive, (await Scene.One(loader, "loop")).Kind);
            scene.Machine["loop"].State = InitState.Absent;
            loader.ModuleRemoved("loop");
            Assert.Equal(OutcomeKind.Loaded, (await Scene.One(loader, "loop")).Kind);
            return 0;
        });
        Assert.Equal(2, scene.Machine["loop"].Calls);
    }

    [Fact]
    public void Failure_applies_to_older_requests_and_a_newer_event_retries()
    {
        var scene = new Scene([new("pcc_cpufreq") { Replies = [Errno.ENODEV] }]);
        scene.Run(async loader =>
        {
            // events 1…100 came before the first try and are handled one after another after it
            for (ulong cpu = 1; cpu <= 100; cpu++)
                Assert.Equal(Errno.ENODEV, (await Scene.One(loader, "pcc_cpufreq", seqnum: cpu)).Error);
            Assert.Equal(1, scene.Machine["pcc_cpufreq"].Calls);
            var plugged = ++scene.Machine.UeventSeqnum;
            Assert.Equal(OutcomeKind.Failed, (await Scene.One(loader, "pcc_cpufreq", seqnum: plugged)).Kind);
            Assert.Equal(2, scene.Machine["pcc_cpufreq"].Calls);
            // a request without a seqnum is newer than the failure
            Assert.Equal(OutcomeKind.Failed, (await Scene.One(loader, "pcc_cpufreq")).Kind);
            return 0;
        });
        Assert.Equal(3, scene.Machine["pcc_cpufreq"].Calls);
    }

    [Fact]
    public void Rejected_file_is_retried_only_after_it_changes()
    {
        var scene = new Scene([new("unsigned") { Replies = [Errno.EKEYREJECTED, Errno.None] }]);
        scene.Run(async loader =>
        {
            Assert.Equal(Errno.EKEYREJECTED, (await Scene.One(loader, "unsigned")).Error);
            Assert.Equal(Errno.EKEYREJECTED, (await Scene.One(loader, "unsigned")).Error);
            Assert.Equal(1, scene.Machine["unsigned"].Calls);
            scene.Machine["unsigned"].Version = new FileVersion(1000, 2);
            Assert.Equal(OutcomeKind.Loaded, (await Scene.One(loader, "unsigned")).Kind);
            return 0;
        });
    }

    [Theory]
    [InlineData(Errno.EINTR, 4)]
    [InlineData(Errno.EAGAIN, 4)]
    [InlineData(Errno.ENOMEM, 4)]
    [InlineData(Errno.ETXTBSY, 4)]
    [InlineData(Errno.EBUSY, 2)]
    public void Transient_errno_is_retried_until_the_module_is_live(Errno passing, int times)
    {
        var scene = new Scene([new("xfs") { Replies = [.. Enumerable.Repeat(passing, times), Errno.None] }]);
        Assert.Equal(OutcomeKind.Loaded, scene.Run(loader => Scene.One(loader, "xfs")).Kind);
        Assert.Equal(times + 1, scene.Machine["xfs"].Calls);
    }

    [Theory]
    [InlineData(Errno.EINTR)]
    [InlineData(Errno.EAGAIN)]
    [InlineData(Errno.ENOMEM)]
    [InlineData(Errno.ETXTBSY)]
    [InlineData(Errno.EBUSY)]
    [InlineData(Errno.EEXIST)]
    public void Persistent_transient_errno_fails_with_the_number_of_attempts(Errno stuck)
    {
        var scene = new Scene([new("xfs") { Replies = [stuck] }]);
        var outcome = scene.Run(loader => Scene.One(loader, "xfs"));
        Assert.Equal((OutcomeKind.Failed, stuck), (outcome.Kind, outcome.Error));
        Assert.InRange(scene.Machine["xfs"].Calls, 2, 8);
        Assert.Contains($"tried {scene.Machine["xfs"].Calls} times", outcome.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_waits_without_a_call_when_another_process_loads_the_module()
    {
        var scene = new Scene([new("virtio_pci")]);
        var outcome = scene.Run(async loader =>
        {
            var outside = scene.Machine.LoadFromOutsideAsync("virtio_pci", 300 * Ms, succeeds: true);
            var result = await Scene.One(loader, "virtio_pci");
            await outside;
            return result;
        });
        Assert.Equal((OutcomeKind.Joined, Errno.None), (outcome.Kind, outcome.Error));
        Assert.Equal(0, scene.Machine["virtio_pci"].Calls);
    }

    [Fact]
    public void Load_makes_its_own_call_when_the_load_of_another_process_fails()
    {
        var scene = new Scene([new("virtio_pci")]);
        var outcome = scene.Run(async loader =>
        {
            var outside = scene.Machine.LoadFromOutsideAsync("virtio_pci", 30 * Ms, succeeds: false);
            var result = await Scene.One(loader, "virtio_pci");
            await outside;
            return result;
        });
        Assert.Equal(OutcomeKind.Loaded, outcome.Kind);
        Assert.Equal(1, scene.Machine["virtio_pci"].Calls);
    }

    [Fact]
    public void Out_of_memory_halves_the_budget()
    {
        var modules = Enumerable.Range(0, 8).Select(i => new SimulatedModule($"m{i}")
        {
            Inode = (ulong)i,
            FileBytes = 1 << 20,
            ImageBytes = 1 << 20,
            Replies = [i == 3 ? Errno.ENOMEM : Errno.None, Errno.None],
        });
        var scene = new Scene([.. modules], budgetBytes: 24 << 20, jobs: 8);
        var outcomes = scene.Run(loader => Scene.All(Enumerable.Range(0, 8).Select(i => loader.RequestAsync($"m{i}"))));
        Assert.All(outcomes, o => Assert.Equal(OutcomeKind.Loaded, o.Kind));
        Assert.Equal(2, scene.Machine["m3"].Calls);
        Assert.Contains(scene.Notes, note => note.Contains("at most 12 MiB", StringComparison.Ordinal));
    }

    [Fact]
    public void Joined_request_with_other_parameters_has_ParametersDiffer()
    {
        var scene = new Scene([new("dummy")], config: "options dummy numdummies=2");
        var outcomes = scene.Run(loader => Scene.All(
        [
            loader.RequestAsync("dummy"),
            loader.RequestAsync(new LoadRequest("dummy", Parameters: "numdummies=4")),
            loader.RequestAsync("dummy"),
        ]));
        Assert.Equal([false, true, false], outcomes.Select(o => o.ParametersDiffer));
        Assert.Equal("numdummies=2", scene.Machine.Ended.Single().Call.Parameters);
    }

    [Fact]
    public void Shared_dependencies_load_in_parallel_and_once()
    {
        SimulatedModule[] modules =
        [
            new("a") { Inode = 1, Takes = 100 * Ms }, new("b") { Inode = 2, Takes = 100 * Ms },
            new("c") { Inode = 3, Dependencies = ["b", "a"], Takes = 100 * Ms },
            new("d") { Inode = 4, Dependencies = ["a"], Takes = 100 * Ms },
        ];
        var scene = new Scene(modules);
        scene.Run(loader => Scene.All([loader.RequestAsync("c"), loader.RequestAsync("d")]));
        Assert.All(modules, module => Assert.Equal(1, module.Calls));
        Assert.Equal(TimeSpan.FromMilliseconds(200), TimeSpan.FromTicks(scene.Loop.Simulation.NowNs / 100));
    }

    [Fact]
    public void Independent_modules_are_in_the_kernel_at_the_same_time()
    {
        string[] names = ["a", "b", "c"];
        var modules = names.Select((name, i) => new SimulatedModule(name) { Inode = (ulong)i, Takes = 100 * Ms });
        var scene = new Scene([.. modules]);
        scene.Run(loader => Scene.All(names.Select(name => loader.RequestAsync(name))));
        Assert.Equal(3, scene.Machine.PeakCalls);
        Assert.Equal(100 * Ms, TimeSpan.FromTicks(scene.Loop.Simulation.NowNs / 100));
    }

    [Fact]
    public void Earlier_request_and_its_dependencies_load_before_later_requests()
    {
        SimulatedModule[] modules =
        [
            new("a") { Inode = 1 }, new("b") { Inode = 2, Dependencies = ["a"] },
            new("c") { Inode = 3, Dependencies = ["b", "a"] }, new("d") { Inode = 4 }, new("e") { Inode = 5 },
        ];
        var scene = new Scene(modules, jobs: 1);
        scene.Run(async loader =>
        {
            var chain = Scene.One(loader, "c");
            await scene.Loop.Delay(Ms); // the first of the chain is in the kernel
            await Scene.All([loader.RequestAsync("d"), loader.RequestAsync("e")]);
            return await chain;
        });
        Assert.Equal(["a", "b", "c", "d", "e"], scene.Machine.Ended.Select(e => e.Call.Module));
    }

    [Fact]
    public void Stagger_waits_for_short_loads_but_not_for_sleeping_ones()
    {
        SimulatedModule[] modules =
        [
            new("sleeps") { Inode = 1, Takes = 1000 * Ms },
            .. Enumerable.Range(2, 5).Select(i => new SimulatedModule($"m{i}") { Inode = (ulong)i, Takes = 4 * Ms }),
        ];
        var scene = new Scene(modules, stagger: 50 * Ms);
        scene.Run(loader => Scene.All(modules.Select(module => loader.RequestAsync(module.Name))));
        Assert.Equal(2, scene.Machine.PeakCalls);
        Assert.Equal("sleeps", scene.Machine.Ended[^1].Call.Module);
    }

    [Fact]
    public void Dependent_starts_when_its_dependency_is_live_but_requests_end_with_the_call()
    {
        var scene = new Scene(
            [
                new("libata") { Inode = 1, Lingers = 400 * Ms },
                new("ata_piix") { Inode = 2, Dependencies = ["libata"], Lingers = 400 * Ms },
                new("pata_acpi") { Inode = 3 },
            ],
            [("pci:*", "ata_piix"), ("pci:*", "pata_acpi")], budgetBytes: 6000, jobs: 1);
        scene.Run(async loader =>
        {
            var outcome = await loader.RequestAsync("pci:x");
            Assert.All(outcome.Modules, module => Assert.Equal(OutcomeKind.Loaded, module.Kind));
            return 0;
        });
        // libata and ata_piix are found live after 50 ms each, and neither delays the next one
        Assert.Equal(["pata_acpi", "libata", "ata_piix"], scene.Machine.Ended.Select(ended => ended.Call.Module));
        Assert.Equal(50 * Ms + 3 * Ms + 400 * Ms, TimeSpan.FromTicks(scene.Loop.Simulation.NowNs / 100));
    }

    [Fact]
    public void Dependent_starts_at_the_add_event_of_a_live_dependency()
    {
        var scene = new Scene([
            new("libata") { Inode = 1, Takes = 10 * Ms, Lingers = 400 * Ms },
            new("ata_piix") { Inode = 2, Dependencies = ["libata"], Takes = 10 * Ms },
        ]);
        scene.Run(async loader =>
        {
            var request = Scene.One(loader, "ata_piix");
            // up to Linux 5.11 the event precedes the init of the module
            await scene.Loop.Delay(5 * Ms);
            loader.ModuleAdded("libata");
            loader.ModuleAdded("unrequested");
            await scene.Loop.Delay(2 * Ms);
            Assert.Equal(0, scene.Machine["ata_piix"].Calls);
            await scene.Loop.Delay(5 * Ms);
            Assert.Equal(0, scene.Machine["ata_piix"].Calls);
            loader.ModuleAdded("libata");
            await scene.Loop.Delay(1 * Ms);
            Assert.Equal(1, scene.Machine["ata_piix"].Calls);
            Assert.Equal(OutcomeKind.Loaded, (await request).Kind);
            return 0;
        });
    }

    [Fact]
    public void Request_joins_a_live_module_until_its_call_returns()
    {
        var scene = new Scene([new("ahci") { Lingers = 400 * Ms }]);
        scene.Run(async loader =>
        {
            var first = loader.RequestAsync("ahci");
            await scene.Loop.Delay(100 * Ms);
            Assert.Equal(OutcomeKind.Joined, (await Scene.One(loader, "ahci")).Kind);
            Assert.Single(scene.Machine.Ended);
            Assert.Equal(OutcomeKind.Loaded, (await first).Modules.Single().Kind);
            return 0;
        });
    }

    [Fact]
    public void Timeout_applies_to_the_request_and_a_live_module_succeeds()
    {
        var scene = new Scene(
            [new("ahci") { Inode = 1, Lingers = 400 * Ms }, new("slow") { Inode = 2, Takes = 400 * Ms }],
            [("pci:*", "ahci"), ("pci:*", "slow")]);
        scene.Run(async loader =>
        {
            var modules = (await loader.RequestAsync(new LoadRequest("pci:x", Timeout: 90 * Ms))).Modules;
            Assert.Equal([OutcomeKind.Loaded, OutcomeKind.Left], modules.Select(module => module.Kind));
            return 0;
        });
        Assert.Equal(90 * Ms, TimeSpan.FromTicks(scene.Loop.Simulation.NowNs / 100));
    }

    [Fact]
    public void Failed_dependency_fails_its_dependents_with_the_reason_and_a_softdep_does_not()
    {
        var scene = new Scene([
            new("bad") { Inode = 1, Replies = [Errno.ENODEV] },
            new("hard") { Inode = 2, Dependencies = ["bad"] },
            new("soft") { Inode = 3, Before = ["bad"] },
        ]);
        var outcomes = scene.Run(loader => Scene.All([loader.RequestAsync("hard"), loader.RequestAsync("soft")]));
        Assert.Equal((OutcomeKind.Failed, Errno.ENODEV), (outcomes[0].Kind, outcomes[0].Error));
        Assert.Contains("needs bad", outcomes[0].Why, StringComparison.Ordinal);
        Assert.Equal(OutcomeKind.Loaded, outcomes[1].Kind);
        Assert.Equal(0, scene.Machine["hard"].Calls);
    }

    [Fact]
    public void Softdeps_load_before_and_after_the_module()
    {
        var scene = new Scene([
            new("pre") { Inode = 1 }, new("post") { Inode = 2 },
            new("dep") { Inode = 3, After = ["deppost"] }, new("deppost") { Inode = 4 },
            new("main") { Inode = 5, Before = ["pre"], After = ["post"], Dependencies = ["dep"] },
        ]);
        scene.Run(loader => Scene.One(loader, "main"));
        var order = scene.Machine.Ended.Select(e => e.Call.Module).ToList();
        Assert.Equal(5, order.Count);
        Assert.True(order.IndexOf("pre") < order.IndexOf("main"));
        Assert.True(order.IndexOf("main") < order.IndexOf("post"));
        Assert.True(order.IndexOf("dep") < order.IndexOf("deppost"));
    }

    [Fact]
    public void Dependency_cycle_is_an_error_that_prints_the_cycle()
    {
        var scene = new Scene(
            [new("a") { Dependencies = ["b"] }, new("b") { Dependencies = ["c"] }, new("c") { Dependencies = ["a"] }]);
        var outcome = scene.Run(loader => Scene.One(loader, "a"));
        Assert.Equal((OutcomeKind.Failed, Errno.ELOOP), (outcome.Kind, outcome.Error));
        Assert.Contains("a → b → c → a", outcome.Why, StringComparison.Ordinal);
    }

    /// <summary>The cycle a → b → c → a: a softdep "pre", a dependency and a softdep "pre".</summary>
    [Theory]
    [InlineData("a", "a c b")]
    [InlineData("b", "c b a")]
    [InlineData("c", "c a b")]
    [InlineData("outside", "a outside c b")]
    public void Softdep_pre_on_a_cycle_is_loaded_but_not_waited_for(string name, string order)
    {
        var scene = new Scene([
            new("a") { Inode = 1, Before = ["b"], Takes = 100 * Ms },
            new("b") { Inode = 2, Dependencies = ["c"], Takes = 10 * Ms },
            new("c") { Inode = 3, Before = ["a"], Takes = 10 * Ms },
            new("outside") { Inode = 4, Before = ["a"], Takes = Ms },
        ]);
        var outcome = scene.Run(loader => Scene.One(loader, name));
        Assert.Equal(OutcomeKind.Loaded, outcome.Kind);
        Assert.Equal(order.Split(' '), scene.Machine.Ended.Select(e => e.Call.Module));
    }

    [Fact]
    public void Mutual_softdeps_do_not_deadlock()
    {
        var scene = new Scene([new("a") { Inode = 1, Before = ["b"] }, new("b") { Inode = 2, Before = ["a"] }]);
        var outcomes = scene.Run(loader => Scene.All([loader.RequestAsync("a"), loader.RequestAsync("b")]));
        Assert.All(outcomes, o => Assert.Equal(OutcomeKind.Loaded, o.Kind));
    }

    [Fact]
    public void Module_larger_than_the_budget_loads_alone()
    {
        var scene = new Scene(
            [new("small1") { Inode = 1 }, new("huge") { Inode = 2, FileBytes = 100_000 }, new("small2") { Inode = 3 }],
            budgetBytes: 20_000, jobs: 8);
        string[] names = ["small1", "huge", "small2"];
        var outcomes = scene.Run(loader => Scene.All(names.Select(name => loader.RequestAsync(name))));
        Assert.All(outcomes, o => Assert.Equal(OutcomeKind.Loaded, o.Kind));
        Assert.Equal(104_000, scene.Machine.PeakBytes);
    }

    [Fact]
    public void Cancellation_drops_queued_loads_but_not_calls_in_the_kernel()
    {
        var scene = new Scene([new("slow") { Inode = 1, Takes = 1000 * Ms }, new("queued") { Inode = 2 }], jobs: 1);
        scene.Run(async loader =>
        {
            using var cancellation = new CancellationTokenSource();
            var slow = loader.RequestAsync(new LoadRequest("slow"), cancellation.Token);
            var queued = loader.RequestAsync(new LoadRequest("queued"), cancellation.Token);
            await scene.Loop.Delay(10 * Ms);
            cancellation.Cancel();
            Assert.Equal(OutcomeKind.Left, (await slow).Modules.Single().Kind);
            Assert.Equal(OutcomeKind.Left, (await queued).Modules.Single().Kind);
            await scene.Loop.Delay(10_000 * Ms);
            Assert.Empty(loader.InFlight);
            return 0;
        });
        Assert.Equal(InitState.Live, scene.Machine["slow"].State);
        Assert.Equal(0, scene.Machine["queued"].Calls);
    }

    [Fact]
    public void Load_waits_for_the_gate_holder_and_makes_no_second_call()
    {
        var scene = new Scene([new("fuse")]);
        var outcome = scene.Run(async loader =>
        {
            var other = scene.Locks.HoldFromOutsideAsync("fuse", async () =>
            {
                await scene.Loop.Delay(500 * Ms);
                scene.Machine["fuse"].State = InitState.Live;
                return null;
            });
            var result = await Scene.One(loader, "fuse");
            await other;
            return result;
        });
        Assert.Equal((OutcomeKind.Joined, Errno.None), (outcome.Kind, outcome.Error));
        Assert.Equal(0, scene.Machine["fuse"].Calls);
    }

    [Fact]
    public void Failure_of_another_process_applies_to_waiting_requests_only()
    {
        var scene = new Scene([new("fuse") { Replies = [Errno.ENODEV] }]);
        scene.Run(async loader =>
        {
            var other = scene.Locks.HoldFromOutsideAsync("fuse", async () =>
            {
                await scene.Loop.Delay(500 * Ms);
                return scene.Failure("fuse");
            });
            var result = await Scene.One(loader, "fuse");
            Assert.Equal((OutcomeKind.Joined, Errno.ENODEV), (result.Kind, result.Error));
            Assert.Equal(0, scene.Machine["fuse"].Calls);
            await other;
            await scene.Loop.Delay(Ms);
            Assert.Equal(OutcomeKind.Failed, (await Scene.One(loader, "fuse")).Kind);
            return 0;
        });
        Assert.Equal(1, scene.Machine["fuse"].Calls);
    }

    [Fact]
    public void Request_of_a_module_for_itself_times_out_during_its_init()
    {
        var scene = new Scene([new("aes_arm_bs") { Takes = 60_000 * Ms }]);
        scene.Run(async loader =>
        {
            var outer = Scene.One(loader, "aes_arm_bs");
            await scene.Loop.Delay(Ms);
            var request = new LoadRequest("aes_arm_bs", Timeout: TimeSpan.FromSeconds(5));
            var inner = (await loader.RequestAsync(request)).Modules.Single();
            Assert.Equal((OutcomeKind.Left, Errno.ETIMEDOUT), (inner.Kind, inner.Error));
            Assert.Equal(OutcomeKind.Loaded, (await outer).Kind);
            return 0;
        });
        Assert.Contains(scene.Notes, note => note.Contains("request itself", StringComparison.Ordinal));
    }

    [Fact]
    public void Missing_symbol_reloads_a_removed_dependency()
    {
        var scene = new Scene([
            new("lib") { Inode = 1, State = InitState.Live },
            new("user") { Inode = 2, Dependencies = ["lib"], Replies = [Errno.ENOENT, Errno.None] },
        ]);
        scene.Machine.Forgiving = true;
        scene.Run(async loader =>
        {
            var request = Scene.One(loader, "user");
            await scene.Loop.Delay(Ms); // the call is in the kernel
            scene.Machine["lib"].State = InitState.Absent;
            Assert.Equal(OutcomeKind.Loaded, (await request).Kind);
            return 0;
        });
        Assert.Equal((1, 2), (scene.Machine["lib"].Calls, scene.Machine["user"].Calls));
    }

    [Fact]
    public void Blacklisted_module_loads_by_name_and_as_a_dependency_but_not_by_alias()
    {
        var scene = new Scene(
            [new("pcspkr") { Inode = 1 }, new("snd_pcsp") { Inode = 2, Dependencies = ["pcspkr"] }],
            [("platform:pcspkr", "pcspkr")], "blacklist pcspkr");
        scene.Run(async loader =>
        {
            Assert.Equal(OutcomeKind.Blacklisted, (await Scene.One(loader, "platform:pcspkr")).Kind);
            Assert.Equal(OutcomeKind.Loaded, (await Scene.One(loader, "snd_pcsp")).Kind);
            Assert.Equal(OutcomeKind.AlreadyLive, (await Scene.One(loader, "pcspkr")).Kind);
            return 0;
        });
    }

    [Fact]
    public void Install_command_replaces_the_load_and_runs_once_for_concurrent_requests()
    {
        var scene = new Scene([new("oss")], config: "options oss mode=1\ninstall oss /sbin/start-oss $CMDLINE_OPTS");
        scene.Run(async loader =>
        {
            for (ulong seqnum = 1; seqnum <= 5; seqnum++)
                Assert.True((await Scene.One(loader, "oss", seqnum)).IsAvailable);
            return 0;
        });
        Assert.Equal(["/sbin/start-oss mode=1"], scene.Machine.Commands);
        Assert.Equal(0, scene.Machine["oss"].Calls);
    }

    [Fact]
    public void Alias_outside_the_indexes_is_not_found()
    {
        var scene = new Scene([new("a")]);
        Assert.Equal(OutcomeKind.NotFound, scene.Run(loader => Scene.One(loader, "pci:v00001AF4")).Kind);
    }

    [Fact]
    public void Statistics_count_requests_calls_and_bytes()
    {
        var scene = new Scene([new("a") { Inode = 1 }, new("b") { Inode = 2, Replies = [Errno.ENODEV] }]);
        scene.Run(loader => Scene.All(Enumerable.Range(0, 10)
            .Select(i => loader.RequestAsync(new LoadRequest(i % 2 == 0 ? "a" : "b", Seqnum: 1)))));
        var counts = scene.Loader.Statistics;
        Assert.Equal((10, 10), (counts.Requests, counts.Requested));
        Assert.Equal((2, 2, 8), (counts.Calls, counts.Attempted, counts.Converged));
        Assert.Equal((1, 1), (counts.CallsByErrno[Errno.None], counts.CallsByErrno[Errno.ENODEV]));
        Assert.Equal((1000, 0), (counts.LoadedFileBytes, counts.WastedFileBytes));
    }
}
