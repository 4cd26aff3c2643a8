using Drover.Modules;

namespace Drover.Loading.Tests;

/// <summary>Each rule of the design in one small scene.</summary>
public sealed class LoaderRulesTests
{
    static readonly TimeSpan Ms = TimeSpan.FromMilliseconds(1);

    [Fact]
    public void Many_askers_of_one_module_cost_one_call_and_all_get_its_outcome()
    {
        var scene = new Scene([new("nvme")]);
        var outcomes = scene.Run(loader => Scene.All(Enumerable.Range(0, 255).Select(_ => loader.RequestAsync(new LoadRequest("nvme")))));
        Assert.Equal(1, scene.Machine["nvme"].Calls);
        Assert.Equal(1, outcomes.Count(o => o.Kind is OutcomeKind.Loaded));
        Assert.Equal(254, outcomes.Count(o => o.Kind is OutcomeKind.Joined && o.Error is Errno.None));
    }

    [Fact]
    public void Joiners_of_a_failing_load_get_the_same_errno()
    {
        var scene = new Scene([new("acpi_cpufreq") { Replies = [Errno.ENODEV] }]);
        var outcomes = scene.Run(loader => Scene.All(Enumerable.Range(0, 255).Select(_ => loader.RequestAsync(new LoadRequest("acpi_cpufreq", Seqnum: 50)))));
        Assert.Equal(1, scene.Machine["acpi_cpufreq"].Calls);
        Assert.All(outcomes, o => Assert.Equal(Errno.ENODEV, o.Error));
    }

    [Fact]
    public void A_live_module_costs_no_call_and_one_unloaded_by_hand_is_loaded_again()
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
    public void A_failure_answers_what_was_asked_before_it_was_known_and_a_later_event_tries_once_more()
    {
        var scene = new Scene([new("pcc_cpufreq") { Replies = [Errno.ENODEV] }]);
        scene.Run(async loader =>
        {
            for (ulong cpu = 1; cpu <= 100; cpu++) // events 1…100 came before the first try; handled one after another, after it
                Assert.Equal(Errno.ENODEV, (await Scene.One(loader, "pcc_cpufreq", seqnum: cpu)).Error);
            Assert.Equal(1, scene.Machine["pcc_cpufreq"].Calls);
            var plugged = ++scene.Machine.UeventSeqnum;
            Assert.Equal(OutcomeKind.Failed, (await Scene.One(loader, "pcc_cpufreq", seqnum: plugged)).Kind);
            Assert.Equal(2, scene.Machine["pcc_cpufreq"].Calls);
            // a person who asks now is given a try of their own
            Assert.Equal(OutcomeKind.Failed, (await Scene.One(loader, "pcc_cpufreq")).Kind);
            return 0;
        });
        Assert.Equal(3, scene.Machine["pcc_cpufreq"].Calls);
    }

    [Fact]
    public void A_rejected_file_is_not_tried_again_until_it_changes()
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
    [InlineData(Errno.ENOMEM, 4)]
    [InlineData(Errno.ETXTBSY, 4)]
    [InlineData(Errno.EBUSY, 2)]
    public void A_passing_errno_is_tried_again_until_the_module_is_live(Errno passing, int times)
    {
        var scene = new Scene([new("xfs") { Replies = [.. Enumerable.Repeat(passing, times), Errno.None] }]);
        Assert.Equal(OutcomeKind.Loaded, scene.Run(loader => Scene.One(loader, "xfs")).Kind);
        Assert.Equal(times + 1, scene.Machine["xfs"].Calls);
    }

    [Theory]
    [InlineData(Errno.EINTR)]
    [InlineData(Errno.ENOMEM)]
    [InlineData(Errno.ETXTBSY)]
    [InlineData(Errno.EBUSY)]
    [InlineData(Errno.EEXIST)]
    public void A_passing_errno_that_does_not_pass_ends_as_a_failure_that_counts_the_tries(Errno stuck)
    {
        var scene = new Scene([new("xfs") { Replies = [stuck] }]);
        var outcome = scene.Run(loader => Scene.One(loader, "xfs"));
        Assert.Equal((OutcomeKind.Failed, stuck), (outcome.Kind, outcome.Error));
        Assert.InRange(scene.Machine["xfs"].Calls, 2, 8);
        Assert.Contains($"tried {scene.Machine["xfs"].Calls} times", outcome.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_module_that_someone_else_is_loading_is_waited_for_without_a_call()
    {
        var scene = new Scene([new("virtio_pci")]);
        var outcome = scene.Run(async loader =>
        {
            var outside = scene.Machine.LoadFromOutsideAsync("virtio_pci", 300 * Ms, succeeds: true);
            var answer = await Scene.One(loader, "virtio_pci");
            await outside;
            return answer;
        });
        Assert.Equal((OutcomeKind.Joined, Errno.None), (outcome.Kind, outcome.Error));
        Assert.Equal(0, scene.Machine["virtio_pci"].Calls);
    }

    [Fact]
    public void A_module_whose_load_by_someone_else_fails_is_tried_by_us()
    {
        var scene = new Scene([new("virtio_pci")]);
        var outcome = scene.Run(async loader =>
        {
            var outside = scene.Machine.LoadFromOutsideAsync("virtio_pci", 30 * Ms, succeeds: false);
            var answer = await Scene.One(loader, "virtio_pci");
            await outside;
            return answer;
        });
        Assert.Equal(OutcomeKind.Loaded, outcome.Kind);
        Assert.Equal(1, scene.Machine["virtio_pci"].Calls);
    }

    [Fact]
    public void Out_of_memory_means_fewer_at_once()
    {
        var modules = Enumerable.Range(0, 8).Select(i => new SimulatedModule($"m{i}") { Inode = (ulong)i, FileBytes = 1 << 20, ImageBytes = 1 << 20, Replies = [i == 3 ? Errno.ENOMEM : Errno.None, Errno.None] });
        var scene = new Scene([.. modules], budgetBytes: 24 << 20, jobs: 8);
        var outcomes = scene.Run(loader => Scene.All(Enumerable.Range(0, 8).Select(i => loader.RequestAsync(new LoadRequest($"m{i}")))));
        Assert.All(outcomes, o => Assert.Equal(OutcomeKind.Loaded, o.Kind));
        Assert.Equal(2, scene.Machine["m3"].Calls);
        Assert.Contains(scene.Notes, note => note.Contains("at most 12 MiB", StringComparison.Ordinal));
    }

    [Fact]
    public void A_joiner_with_other_parameters_is_told_so()
    {
        var scene = new Scene([new("dummy")], config: "options dummy numdummies=2");
        var outcomes = scene.Run(loader => Scene.All(
        [
            loader.RequestAsync(new LoadRequest("dummy")),
            loader.RequestAsync(new LoadRequest("dummy", Parameters: "numdummies=4")),
            loader.RequestAsync(new LoadRequest("dummy")),
        ]));
        Assert.Equal([false, true, false], outcomes.Select(o => o.ParametersDiffer));
        Assert.Equal("numdummies=2", scene.Machine.Ended.Single().Call.Parameters);
    }

    [Fact]
    public void Dependencies_go_side_by_side_and_each_once()
    {
        SimulatedModule[] modules =
        [
            new("a") { Inode = 1, Takes = 100 * Ms }, new("b") { Inode = 2, Takes = 100 * Ms },
            new("c") { Inode = 3, Dependencies = ["b", "a"], Takes = 100 * Ms }, new("d") { Inode = 4, Dependencies = ["a"], Takes = 100 * Ms },
        ];
        var scene = new Scene(modules);
        scene.Run(loader => Scene.All([loader.RequestAsync(new LoadRequest("c")), loader.RequestAsync(new LoadRequest("d"))]));
        Assert.All(modules, module => Assert.Equal(1, module.Calls));
        Assert.Equal(TimeSpan.FromMilliseconds(200), TimeSpan.FromTicks(scene.Loop.Simulation.NowNs / 100));
    }

    [Fact]
    public void What_was_asked_for_first_goes_first_with_all_it_needs()
    {
        SimulatedModule[] modules =
        [
            new("a") { Inode = 1 }, new("b") { Inode = 2, Dependencies = ["a"] }, new("c") { Inode = 3, Dependencies = ["b", "a"] }, new("d") { Inode = 4 }, new("e") { Inode = 5 },
        ];
        var scene = new Scene(modules, jobs: 1);
        scene.Run(async loader =>
        {
            var chain = Scene.One(loader, "c");
            await scene.Loop.Delay(Ms); // the first of the chain is in the kernel
            await Scene.All([loader.RequestAsync(new LoadRequest("d")), loader.RequestAsync(new LoadRequest("e"))]);
            return await chain;
        });
        Assert.Equal(["a", "b", "c", "d", "e"], scene.Machine.Ended.Select(e => e.Call.Module));
    }

    [Fact]
    public void A_short_load_is_waited_for_and_one_that_sleeps_is_not()
    {
        SimulatedModule[] modules = [new("sleeps") { Inode = 1, Takes = 1000 * Ms }, .. Enumerable.Range(2, 5).Select(i => new SimulatedModule($"m{i}") { Inode = (ulong)i, Takes = 4 * Ms })];
        var scene = new Scene(modules, headway: 50 * Ms);
        scene.Run(loader => Scene.All(modules.Select(module => loader.RequestAsync(new LoadRequest(module.Name)))));
        Assert.Equal(2, scene.Machine.PeakCalls);
        Assert.Equal("sleeps", scene.Machine.Ended[^1].Call.Module);
    }

    [Fact]
    public void Who_needs_a_module_goes_on_when_it_is_live_and_who_asked_for_it_when_its_call_returns()
    {
        var scene = new Scene(
            [new("libata") { Inode = 1, Lingers = 400 * Ms }, new("ata_piix") { Inode = 2, Dependencies = ["libata"], Lingers = 400 * Ms }, new("pata_acpi") { Inode = 3 }],
            [("pci:*", "ata_piix"), ("pci:*", "pata_acpi")], budgetBytes: 6000, jobs: 1);
        scene.Run(async loader =>
        {
            var outcome = await loader.RequestAsync(new LoadRequest("pci:x"));
            Assert.All(outcome.Modules, module => Assert.Equal(OutcomeKind.Loaded, module.Kind));
            return 0;
        });
        // libata and ata_piix are seen live after 50 ms each, and neither keeps the next one waiting
        Assert.Equal(["pata_acpi", "libata", "ata_piix"], scene.Machine.Ended.Select(ended => ended.Call.Module));
        Assert.Equal(50 * Ms + 3 * Ms + 400 * Ms, TimeSpan.FromTicks(scene.Loop.Simulation.NowNs / 100));
    }

    [Fact]
    public void Who_needs_a_module_goes_on_at_its_event_if_it_is_live_then()
    {
        var scene = new Scene([new("libata") { Inode = 1, Takes = 10 * Ms, Lingers = 400 * Ms }, new("ata_piix") { Inode = 2, Dependencies = ["libata"], Takes = 10 * Ms }]);
        scene.Run(async loader =>
        {
            var asked = Scene.One(loader, "ata_piix");
            // up to 5.11 the event came before the module's init
            await scene.Loop.Delay(5 * Ms);
            loader.ModuleAdded("libata");
            loader.ModuleAdded("nobody_asked");
            await scene.Loop.Delay(2 * Ms);
            Assert.Equal(0, scene.Machine["ata_piix"].Calls);
            await scene.Loop.Delay(5 * Ms);
            Assert.Equal(0, scene.Machine["ata_piix"].Calls);
            loader.ModuleAdded("libata");
            await scene.Loop.Delay(1 * Ms);
            Assert.Equal(1, scene.Machine["ata_piix"].Calls);
            Assert.Equal(OutcomeKind.Loaded, (await asked).Kind);
            return 0;
        });
    }

    [Fact]
    public void Who_joins_between_live_and_the_return_of_the_call_waits_for_its_return()
    {
        var scene = new Scene([new("ahci") { Lingers = 400 * Ms }]);
        scene.Run(async loader =>
        {
            var first = loader.RequestAsync(new LoadRequest("ahci"));
            await scene.Loop.Delay(100 * Ms);
            Assert.Equal(OutcomeKind.Joined, (await Scene.One(loader, "ahci")).Kind);
            Assert.Single(scene.Machine.Ended);
            Assert.Equal(OutcomeKind.Loaded, (await first).Modules.Single().Kind);
            return 0;
        });
    }

    [Fact]
    public void Patience_is_for_the_request_and_a_live_module_is_a_success_when_it_ends()
    {
        var scene = new Scene([new("ahci") { Inode = 1, Lingers = 400 * Ms }, new("slow") { Inode = 2, Takes = 400 * Ms }], [("pci:*", "ahci"), ("pci:*", "slow")]);
        scene.Run(async loader =>
        {
            var modules = (await loader.RequestAsync(new LoadRequest("pci:x", Patience: 90 * Ms))).Modules;
            Assert.Equal([OutcomeKind.Loaded, OutcomeKind.Left], modules.Select(module => module.Kind));
            return 0;
        });
        Assert.Equal(90 * Ms, TimeSpan.FromTicks(scene.Loop.Simulation.NowNs / 100));
    }

    [Fact]
    public void A_failed_hard_dependency_fails_its_dependents_with_the_reason_and_a_softdep_does_not()
    {
        var scene = new Scene([
            new("bad") { Inode = 1, Replies = [Errno.ENODEV] },
            new("hard") { Inode = 2, Dependencies = ["bad"] },
            new("soft") { Inode = 3, Before = ["bad"] },
        ]);
        var outcomes = scene.Run(loader => Scene.All([loader.RequestAsync(new LoadRequest("hard")), loader.RequestAsync(new LoadRequest("soft"))]));
        Assert.Equal((OutcomeKind.Failed, Errno.ENODEV), (outcomes[0].Kind, outcomes[0].Error));
        Assert.Contains("needs bad", outcomes[0].Why, StringComparison.Ordinal);
        Assert.Equal(OutcomeKind.Loaded, outcomes[1].Kind);
        Assert.Equal(0, scene.Machine["hard"].Calls);
    }

    [Fact]
    public void Softdeps_come_before_and_after()
    {
        var scene = new Scene([
            new("pre") { Inode = 1 }, new("post") { Inode = 2 }, new("dep") { Inode = 3, After = ["deppost"] }, new("deppost") { Inode = 4 },
            new("main") { Inode = 5, Before = ["pre"], After = ["post"], Dependencies = ["dep"] },
        ]);
        scene.Run(loader => Scene.One(loader, "main"));
        var order = scene.Machine.Ended.Select(e => e.Call.Module).ToList();
        Assert.Equal(5, order.Count);
        Assert.True(order.IndexOf("pre") < order.IndexOf("main") && order.IndexOf("main") < order.IndexOf("post") && order.IndexOf("dep") < order.IndexOf("deppost"));
    }

    [Fact]
    public void A_hard_cycle_is_an_error_that_prints_the_cycle()
    {
        var scene = new Scene([new("a") { Dependencies = ["b"] }, new("b") { Dependencies = ["c"] }, new("c") { Dependencies = ["a"] }]);
        var outcome = scene.Run(loader => Scene.One(loader, "a"));
        Assert.Equal((OutcomeKind.Failed, Errno.ELOOP), (outcome.Kind, outcome.Error));
        Assert.Contains("a → b → c → a", outcome.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Softdeps_that_wait_for_each_other_are_no_deadlock()
    {
        var scene = new Scene([new("a") { Inode = 1, Before = ["b"] }, new("b") { Inode = 2, Before = ["a"] }]);
        var outcomes = scene.Run(loader => Scene.All([loader.RequestAsync(new LoadRequest("a")), loader.RequestAsync(new LoadRequest("b"))]));
        Assert.All(outcomes, o => Assert.Equal(OutcomeKind.Loaded, o.Kind));
    }

    [Fact]
    public void A_module_larger_than_the_budget_goes_alone()
    {
        var scene = new Scene(
            [new("small1") { Inode = 1 }, new("huge") { Inode = 2, FileBytes = 100_000 }, new("small2") { Inode = 3 }], budgetBytes: 20_000, jobs: 8);
        var outcomes = scene.Run(loader => Scene.All(new[] { "small1", "huge", "small2" }.Select(name => loader.RequestAsync(new LoadRequest(name)))));
        Assert.All(outcomes, o => Assert.Equal(OutcomeKind.Loaded, o.Kind));
        Assert.Equal(104_000, scene.Machine.PeakBytes);
    }

    [Fact]
    public void Queued_work_nobody_waits_for_is_dropped_and_a_load_in_the_kernel_is_not()
    {
        var scene = new Scene([new("slow") { Inode = 1, Takes = 1000 * Ms }, new("queued") { Inode = 2 }], jobs: 1);
        scene.Run(async loader =>
        {
            using var leaving = new CancellationTokenSource();
            var slow = loader.RequestAsync(new LoadRequest("slow"), leaving.Token);
            var queued = loader.RequestAsync(new LoadRequest("queued"), leaving.Token);
            await scene.Loop.Delay(10 * Ms);
            leaving.Cancel();
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
    public void A_module_in_the_hands_of_another_process_is_waited_for_and_not_loaded_twice()
    {
        var scene = new Scene([new("fuse")]);
        var outcome = scene.Run(async loader =>
        {
            var other = scene.Gate.HoldFromOutsideAsync("fuse", async () =>
            {
                await scene.Loop.Delay(500 * Ms);
                scene.Machine["fuse"].State = InitState.Live;
                return null;
            });
            var answer = await Scene.One(loader, "fuse");
            await other;
            return answer;
        });
        Assert.Equal((OutcomeKind.Joined, Errno.None), (outcome.Kind, outcome.Error));
        Assert.Equal(0, scene.Machine["fuse"].Calls);
    }

    [Fact]
    public void A_failure_in_another_process_answers_who_waited_for_it_and_nobody_later()
    {
        var scene = new Scene([new("fuse") { Replies = [Errno.ENODEV] }]);
        scene.Run(async loader =>
        {
            var other = scene.Gate.HoldFromOutsideAsync("fuse", async () =>
            {
                await scene.Loop.Delay(500 * Ms);
                return new KnownResult(Errno.ENODEV, scene.Machine.UeventSeqnum, scene.Loop.Time.GetTimestamp(), scene.Machine["fuse"].Version);
            });
            var answer = await Scene.One(loader, "fuse");
            Assert.Equal((OutcomeKind.Joined, Errno.ENODEV), (answer.Kind, answer.Error));
            Assert.Equal(0, scene.Machine["fuse"].Calls);
            await other;
            await scene.Loop.Delay(Ms);
            Assert.Equal(OutcomeKind.Failed, (await Scene.One(loader, "fuse")).Kind);
            return 0;
        });
        Assert.Equal(1, scene.Machine["fuse"].Calls);
    }

    [Fact]
    public void A_module_that_asks_for_itself_while_it_initialises_gets_an_answer()
    {
        var scene = new Scene([new("aes_arm_bs") { Takes = 60_000 * Ms }]);
        scene.Run(async loader =>
        {
            var outer = Scene.One(loader, "aes_arm_bs");
            await scene.Loop.Delay(Ms);
            var inner = (await loader.RequestAsync(new LoadRequest("aes_arm_bs", Patience: TimeSpan.FromSeconds(5)))).Modules.Single();
            Assert.Equal((OutcomeKind.Left, Errno.ETIMEDOUT), (inner.Kind, inner.Error));
            Assert.Equal(OutcomeKind.Loaded, (await outer).Kind);
            return 0;
        });
        Assert.Contains(scene.Notes, note => note.Contains("asks for itself", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(ModuleCompression.None, ModuleCompression.Xz, LoadVia.FinitModule)]
    [InlineData(ModuleCompression.Xz, ModuleCompression.Xz, LoadVia.FinitModuleCompressed)]
    [InlineData(ModuleCompression.Zstd, ModuleCompression.Xz, LoadVia.InitModule)]
    [InlineData(ModuleCompression.Xz, ModuleCompression.None, LoadVia.InitModule)]
    public void The_kernel_reads_the_file_itself_wherever_it_can(ModuleCompression file, ModuleCompression kernel, LoadVia expected)
    {
        var scene = new Scene([new("btrfs") { Compression = file }]);
        scene.Machine.Decompresses = kernel;
        scene.Run(loader => Scene.One(loader, "btrfs"));
        Assert.Equal(expected, scene.Machine.Ended.Single().Call.Via);
    }

    [Fact]
    public void A_kernel_that_cannot_decompress_after_all_is_given_the_bytes_and_not_asked_again()
    {
        var scene = new Scene([
            new("a") { Inode = 1, Compression = ModuleCompression.Xz, Replies = [Errno.EOPNOTSUPP, Errno.None] }, new("b") { Inode = 2, Compression = ModuleCompression.Xz },
        ]);
        scene.Machine.Decompresses = ModuleCompression.Xz;
        scene.Run(async loader =>
        {
            Assert.Equal(OutcomeKind.Loaded, (await Scene.One(loader, "a")).Kind);
            Assert.Equal(OutcomeKind.Loaded, (await Scene.One(loader, "b")).Kind);
            return 0;
        });
        Assert.Equal([LoadVia.FinitModuleCompressed, LoadVia.InitModule, LoadVia.InitModule], scene.Machine.Ended.Select(e => e.Call.Via));
    }

    [Fact]
    public void A_missing_symbol_brings_back_a_dependency_that_was_removed()
    {
        var scene = new Scene([new("lib") { Inode = 1, State = InitState.Live }, new("user") { Inode = 2, Dependencies = ["lib"], Replies = [Errno.ENOENT, Errno.None] }]);
        scene.Machine.Forgiving = true;
        scene.Run(async loader =>
        {
            var asked = Scene.One(loader, "user");
            await scene.Loop.Delay(Ms); // the call is in the kernel
            scene.Machine["lib"].State = InitState.Absent;
            Assert.Equal(OutcomeKind.Loaded, (await asked).Kind);
            return 0;
        });
        Assert.Equal((1, 2), (scene.Machine["lib"].Calls, scene.Machine["user"].Calls));
    }

    [Fact]
    public void A_blacklisted_module_is_not_loaded_by_alias_but_by_name_and_as_a_dependency()
    {
        var scene = new Scene(
            [new("pcspkr") { Inode = 1 }, new("snd_pcsp") { Inode = 2, Dependencies = ["pcspkr"] }], [("platform:pcspkr", "pcspkr")], "blacklist pcspkr");
        scene.Run(async loader =>
        {
            Assert.Equal(OutcomeKind.Blacklisted, (await Scene.One(loader, "platform:pcspkr")).Kind);
            Assert.Equal(OutcomeKind.Loaded, (await Scene.One(loader, "snd_pcsp")).Kind);
            Assert.Equal(OutcomeKind.AlreadyLive, (await Scene.One(loader, "pcspkr")).Kind);
            return 0;
        });
    }

    [Fact]
    public void An_install_command_stands_in_for_the_load_once_for_all_who_asked_before_it_ended()
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
    public void What_no_index_knows_is_said_to_be_unknown()
    {
        var scene = new Scene([new("a")]);
        Assert.Equal(OutcomeKind.NotFound, scene.Run(loader => Scene.One(loader, "pci:v00001AF4")).Kind);
    }

    [Fact]
    public void Counts_tell_what_happened()
    {
        var scene = new Scene([new("a") { Inode = 1 }, new("b") { Inode = 2, Replies = [Errno.ENODEV] }]);
        scene.Run(loader => Scene.All(Enumerable.Range(0, 10).Select(i => loader.RequestAsync(new LoadRequest(i % 2 == 0 ? "a" : "b", Seqnum: 1)))));
        var counts = scene.Loader.Counts;
        Assert.Equal((10, 10, 2, 2, 8), (counts.Requests, counts.Asked, counts.Calls, counts.Attempted, counts.Converged));
        Assert.Equal((1, 1), (counts.CallsByErrno[Errno.None], counts.CallsByErrno[Errno.ENODEV]));
        Assert.Equal((1000, 0), (counts.LoadedFileBytes, counts.WastedFileBytes));
    }
}
