using Drover.Kernel;
using Drover.Loading;
using Drover.Loading.Tests;
using Drover.Modules;
using Drover.Modules.Config;
using Drover.Modules.Index;
using Drover.Modules.Tree;

namespace Drover.Devices.Tests;

// Indexes and configuration that are read again.
public partial class LoadServiceTests
{
    [Fact]
    public void Reload_finds_new_modules_and_retries_bad_files()
    {
        SimulatedModule bad = new("bad") { Inode = 1, Replies = [Errno.EINVAL, Errno.None] };
        SimulatedModule late = new("late") { Inode = 2 };
        var bench = new Bench([bad, late], [("b:*", "bad")]);
        bench.Run(async service =>
        {
            Assert.Equal(Errno.EINVAL, (await LoadAsync(service, "bad")).Error);
            Assert.Equal(Errno.EINVAL, (await LoadAsync(service, "bad")).Error);
            Assert.Equal(1, bad.Calls);
            Assert.Empty(service.Resolve("l:1"));
            bench.Catalog = SimulatedMachine.Catalog([bad, late], [("b:*", "bad"), ("l:*", "late")]);
            Assert.Null(service.Reload());
            Assert.Equal(["late"], service.Resolve("l:1"));
            Assert.Equal(OutcomeKind.Loaded, (await LoadAsync(service, "bad")).Kind);
            Assert.Equal(OutcomeKind.Loaded, (await LoadAsync(service, "l:1")).Kind);
        });
    }

    [Fact]
    public void Client_gets_new_indexes_at_once_and_the_old_ones_while_the_new_are_damaged()
    {
        SimulatedModule early = new("early") { Inode = 1 }, late = new("late") { Inode = 2 };
        var bench = new Bench([early, late], []) { Catalog = SimulatedMachine.Catalog([early], []) };
        bench.Run(async service =>
        {
            Assert.Equal(OutcomeKind.NotFound, (await LoadAsync(service, "late")).Kind);
            (bench.Catalog, bench.HasNewIndexes) = (null, true);
            Assert.Equal(OutcomeKind.Loaded, (await LoadAsync(service, "early")).Kind);
            bench.Catalog = SimulatedMachine.Catalog([early, late], [("l:*", "late")]);
            Assert.Equal(OutcomeKind.Loaded, (await LoadAsync(service, "l:1")).Kind);
        });
    }

    [Fact]
    public void Reload_requests_only_aliases_whose_modules_changed()
    {
        SimulatedModule disk = new("disk") { Inode = 1 }, none = new("none")
        {
            Inode = 2,
            Replies = [Errno.ENODEV],
        }, late = new("late") { Inode = 3 };
        var bench = new Bench([disk, none, late], [("d:*", "disk"), ("n:*", "none")]);
        bench.Devices.Add("/devices/d", "d:1");
        bench.Devices.Add("/devices/n", "n:1");
        bench.Devices.Add("/devices/l", "l:1");
        bench.Run(async service =>
        {
            await service.SettleAsync(null, null, default);
            bench.Catalog = SimulatedMachine.Catalog(
                [disk, none, late], [("d:*", "disk"), ("n:*", "none"), ("l:*", "late")]);
            Assert.Null(service.Reload());
            await service.SettleAsync(null, null, default);
            Assert.Equal((1, 1, 1), (disk.Calls, none.Calls, late.Calls));
            Assert.Equal(4, service.Status().Counts.Requests);
        });
    }

    /// <summary>The removal event of a device need not have its modaliases.</summary>
    [Theory]
    [InlineData(new string[0], 0)]
    [InlineData(new[] { "d:1", "d:2" }, 0)]
    [InlineData(new[] { "d:1" }, 1)]
    public void Reload_requests_nothing_for_a_device_that_is_gone(string[] others, int calls)
    {
        SimulatedModule disk = new("disk") { Inode = 1 };
        var bench = new Bench([disk], []);
        bench.Devices.Add("/devices/gone", "d:1", "d:2");
        bench.Run(async service =>
        {
            await service.SettleAsync(null, null, default);
            bench.Devices.Happens(DeviceAction.Remove, "/devices/gone", others);
            if (calls > 0)
                bench.Devices.Appears("/devices/other", "d:2");
            await service.SettleAsync(null, null, default);
            bench.Catalog = SimulatedMachine.Catalog([disk], [("d:*", "disk")]);
            Assert.Null(service.Reload());
            await service.SettleAsync(null, null, default);
            Assert.Equal((calls, calls), (disk.Calls, service.Status().Devices));
        });
    }

    /// <summary>A device that came without a modalias is counted for none that a later event has.</summary>
    [Fact]
    public void Removal_of_a_device_leaves_the_others_counted()
    {
        SimulatedModule disk = new("disk") { Inode = 1 };
        var bench = new Bench([disk], []);
        bench.Devices.Add("/devices/first", "d:1");
        bench.Devices.Add("/devices/second");
        bench.Run(async service =>
        {
            await service.SettleAsync(null, null, default);
            bench.Devices.Happens(DeviceAction.Change, "/devices/second", "d:1");
            bench.Devices.Happens(DeviceAction.Remove, "/devices/second", "d:1");
            await service.SettleAsync(null, null, default);
            bench.Catalog = SimulatedMachine.Catalog([disk], [("d:*", "disk")]);
            Assert.Null(service.Reload());
            await service.SettleAsync(null, null, default);
            Assert.Equal(1, disk.Calls);
        });
    }

    [Fact]
    public void A_device_whose_driver_a_new_policy_allows_gets_it()
    {
        var bench = new Bench([new("disk")], [("d:*", "disk")]);
        bench.Catalog = new(bench.Catalog!.Tree, bench.Catalog.Config) { Policy = ModulePolicy.Parse("forbid disk") };
        bench.Devices.Add("/devices/d", "d:1");
        bench.Run(async service =>
        {
            await service.SettleAsync(null, null, default);
            Assert.Equal(OutcomeKind.Forbidden, service.Modules().Single().Last.Kind);
            bench.Catalog = new(bench.Catalog.Tree, bench.Catalog.Config);
            Assert.Null(service.Reload());
            await service.SettleAsync(null, null, default);
        });
        Assert.Equal(1, bench.Machine["disk"].Calls);
    }

    [Fact]
    public void What_was_written_before_a_devices_event_or_a_request_counts_for_it()
    {
        var bench = new Bench([new("disk"), new("mouse"), new("late")], [("d:*", "disk"), ("m:*", "mouse")]);
        var open = bench.Catalog!;
        bench.Run(async service =>
        {
            await service.SettleAsync(null, null, default);
            (bench.Catalog, bench.HasSeenChange) = (open.With(ModulePolicy.Parse("forbid disk")), true);
            bench.Devices.Appears("/devices/d", "d:1");
            await service.SettleAsync(null, null, default);
            Assert.Equal(OutcomeKind.Forbidden, service.Modules().Single().Last.Kind);
            (bench.Catalog, bench.HasSeenChange) = (open.With(ModulePolicy.Parse("forbid mouse")), true);
            Assert.Equal(OutcomeKind.Forbidden, (await LoadAsync(service, "m:1")).Kind);
            await service.SettleAsync(null, null, default);
            Assert.Equal((1, 0), (bench.Machine["disk"].Calls, bench.Machine["mouse"].Calls)); // d:1 was asked again
            var config = ModprobeConfig.Parse("options late p=31\nalias again late");
            (bench.Catalog, bench.HasSeenChange) = (new(open.Tree, config), true);
            Assert.Equal(OutcomeKind.Loaded, (await LoadAsync(service, "again")).Kind);
            Assert.Equal("p=31", bench.Parameters["late"]);
            Assert.Equal(3, service.Status().Reloads);
        });
    }

    [Fact]
    public void Removal_of_a_module_that_a_reload_gave_an_alias_is_noticed()
    {
        SimulatedModule first = new("first") { Inode = 1 }, second = new("second") { Inode = 2 };
        var bench = new Bench([first, second], [("d:*", "first")]);
        bench.Devices.Add("/devices/d", "d:1");
        bench.Run(async service =>
        {
            await service.SettleAsync(null, null, default);
            bench.Catalog = SimulatedMachine.Catalog([first, second], [("d:*", "second")]);
            Assert.Null(service.Reload());
            await service.SettleAsync(null, null, default);
            second.State = InitState.Absent;
            bench.Devices.Happens(DeviceAction.Remove, "/module/second");
            bench.Devices.Repeats("/devices/d", "d:1");
            await service.SettleAsync(null, null, default);
        });
        Assert.Equal((1, 2), (first.Calls, second.Calls));
    }

    [Fact]
    public void Reload_of_a_damaged_index_changes_nothing()
    {
        var bench = new Bench([new("disk") { Inode = 1 }], [("d:*", "disk")]);
        bench.Run(async service =>
        {
            bench.Catalog = null;
            Assert.Contains("modules.dep.bin", service.Reload());
            Assert.Equal(["disk"], service.Resolve("d:1"));
            Assert.Equal(0, service.Status().Reloads);
        });
    }

    /// <summary>Also one that no request has opened yet, where only a look-up shows the damage.</summary>
    [Fact]
    public void An_index_that_is_damaged_inside_leaves_the_old_one_in_use()
    {
        var bench = new Bench([new("disk") { Inode = 1 }], []);
        var directory = Directory.CreateTempSubdirectory("drover-reload-").FullName;
        WriteIndex("m:1");
        bench.Catalog = Open();
        bench.Run(async service =>
        {
            var whole = File.ReadAllBytes($"{directory}/modules.alias.bin");
            File.WriteAllBytes($"{directory}/new", whole[..^3]);
            File.Move($"{directory}/new", $"{directory}/modules.alias.bin", overwrite: true);
            (bench.Catalog, bench.HasSeenChange) = (Open(), true);
            Assert.Equal(["disk"], service.Resolve("m:1"));
            Assert.Contains(bench.Notes, note => note.StartsWith("reload failed, the old", StringComparison.Ordinal));
            WriteIndex("m:2");
            bench.Catalog = Open();
            Assert.Null(service.Reload());
            Assert.Equal(["disk"], service.Resolve("m:2"));
            await service.SettleAsync(null, null, default);
        });
        Directory.Delete(directory, recursive: true);

        ModuleCatalog Open() => new(ModuleTree.Open(directory), ModprobeConfig.Parse("", "x.conf"));

        void WriteIndex(string alias)
        {
            var index = new IndexBuilder();
            index.Add(alias, "disk", 0);
            File.Delete($"{directory}/modules.alias.bin");
            File.WriteAllBytes($"{directory}/modules.alias.bin", index.ToBytes());
        }
    }

    [Fact]
    public void What_a_damaged_index_could_not_say_is_requested_again_once_it_is_whole()
    {
        var bench = new Bench([new("disk") { Inode = 1 }], [("d:*", "disk")]);
        bench.Devices.Add("/devices/d", "d:1");
        var directory = Directory.CreateTempSubdirectory("drover-reload-").FullName;
        File.WriteAllText($"{directory}/modules.alias.bin", "no index");
        var whole = bench.Catalog;
        bench.Catalog = new(ModuleTree.Open(directory), ModprobeConfig.Parse("", "x.conf"));
        bench.Run(async service =>
        {
            await service.SettleAsync(null, null, default);
            Assert.Throws<ModuleDataException>(() => service.Resolve("d:1"));
            bench.Catalog = whole;
            Assert.Null(service.Reload());
            await service.SettleAsync(null, null, default);
        });
        Assert.Equal(1, bench.Machine["disk"].Calls);
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public void A_policy_that_cannot_be_read_stays_as_it_was()
    {
        var bench = new Bench([new("disk")], [("d:*", "disk")]);
        bench.Catalog = bench.Catalog!.With(ModulePolicy.Parse("forbid disk"));
        bench.Run(async service =>
        {
            (bench.Catalog, bench.PolicyFault) = (null, new IOException("policy.d: too many open files"));
            Assert.Matches("modules.dep.bin.*; policy.d: too many open files", service.Reload());
            Assert.Equal(OutcomeKind.Forbidden, (await LoadAsync(service, "d:1")).Kind);
        });
    }

    [Fact]
    public void A_new_policy_counts_although_the_indexes_cannot_be_read()
    {
        var bench = new Bench([new("disk")], [("d:*", "disk")]);
        bench.Run(async service =>
        {
            (bench.Catalog, bench.Policy) = (null, ModulePolicy.Parse("forbid disk"));
            Assert.Contains("modules.dep.bin", service.Reload());
            Assert.Equal(OutcomeKind.Forbidden, (await LoadAsync(service, "d:1")).Kind);
            bench.Policy = null;
            Assert.Contains("modules.dep.bin", service.Reload());
            Assert.Equal(OutcomeKind.Loaded, (await LoadAsync(service, "d:1")).Kind);
        });
    }

    [Fact]
    public void What_the_policy_does_is_told_to_the_observer()
    {
        var bench = new Bench([new("disk"), new("mouse")], []);
        var policy = ModulePolicy.Parse("forbid disk\nwarn mouse");
        bench.Catalog = bench.Catalog!.With(policy);
        bench.Run(async service =>
        {
            _ = await LoadAsync(service, "disk");
            _ = await LoadAsync(service, "mouse");
        });
        Assert.Equal([("disk", PolicyAction.Forbade), ("mouse", PolicyAction.Warned)], bench.Applied);
    }

    static async Task<ModuleOutcome> LoadAsync(LoadService service, string name) =>
        (await service.LoadForClientAsync(new LoadRequest(name), default)).Modules[0];
}
