using CsCheck;
using Drover.Control;
using Drover.Kernel;
using Drover.Loading;
using Drover.Loading.Tests;
using Drover.Model.Time;
using Drover.Text;

namespace Drover.Devices.Tests;

/// <summary>The record of a boot, and the order that it gives the next one.</summary>
public sealed class BootRecordTests
{
    const string Release = "6.12.0";

    static readonly HashSet<string> s_noRoot = [];

    [Fact]
    public void A_record_is_read_as_it_was_written()
    {
        var record = RecordOf(
            [Alias("pci:with space", "/devices/a", "disk"), Alias("cpu:x", "/devices/c", "kvm")],
            [Load("disk", 0, 30), Load("kvm", 5, 10)], new HashSet<string> { "disk" });

        var read = BootRecord.TryParse(record.Format(), Release);

        Assert.Equal(record.Format(), read!.Format());
        Assert.Equal(["kernel/disk.ko", "kernel/kvm.ko"], read.Files);
        var disk = read.Place(new LoadRequest("pci:with space"));
        Assert.Equal((LoadRank.Root, TimeSpan.FromMilliseconds(30)), (disk.Rank, disk.CriticalPath));
    }

    [Fact]
    public void Bytes_that_are_not_UTF_8_stay_as_they_are()
    {
        var record = RecordOf([Alias("d:\udce9", "/devices/a", "m")], [Load("m", 0, 3)], file: "caf\udce9/m.ko");

        var read = BootRecord.TryParse(ByteText.Of(ByteText.BytesOf(record.Format())), Release);

        Assert.Equal((3, "caf\udce9/m.ko"), (PathOf(read!, "d:\udce9"), Assert.Single(read!.Files)));
    }

    [Fact]
    public void What_follows_from_a_load_is_part_of_its_path()
    {
        // the controller's port appears below it, and the disk below the port; the other device stands alone
        var record = RecordOf(
            [
                Alias("controller", "/devices/pci/1", "ahci"), Alias("disk", "/devices/pci/1/ata1/0:0", "sd_mod"),
                Alias("other", "/devices/pci/2", "slow"),
            ],
            [Load("libata", 0, 10), Load("ahci", 10, 30, "libata"), Load("sd_mod", 30, 45), Load("slow", 0, 40)]);

        Assert.Equal(
            [45.0, 15, 40, 0],
            new[] { "controller", "disk", "other", "unknown" }.Select(name => PathOf(record, name)));
    }

    [Fact]
    public void What_this_boot_did_not_load_keeps_its_place()
    {
        var last = RecordOf(
            [Alias("disk", "/devices/a", "disk"), Alias("gone", "/devices/b", "gone")],
            [Load("disk", 0, 30), Load("gone", 0, 20)], new HashSet<string> { "disk" });

        // the initramfs has loaded the disk's driver, and the root file system is not mounted
        var now = RecordOf([Alias("disk", "/devices/a", "disk")], [], s_noRoot, last);

        var disk = now.Place(new LoadRequest("disk"));
        Assert.Equal((LoadRank.Root, TimeSpan.FromMilliseconds(30)), (disk.Rank, disk.CriticalPath));
        Assert.Equal(20, PathOf(now, "gone"));
        Assert.Equal(last.Files, now.Files);
    }

    [Fact]
    public void A_record_is_bounded()
    {
        var aliases = Enumerable.Range(0, 10_000).Select(i => Alias($"a{i}", $"/devices/{i}", $"m{i}")).ToArray();
        var loads = Enumerable.Range(0, 10_000).Select(i => Load($"m{i}", 0, i + 1)).ToArray();

        var record = RecordOf(aliases, loads);

        Assert.Equal((4096, 4096), (record.Count, record.Files.Count));
        Assert.Equal((10_000, 0), (PathOf(record, "a9999"), PathOf(record, "a0")));
        Assert.NotNull(BootRecord.TryParse(record.Format(), Release));
    }

    [Theory]
    [InlineData("")]
    [InlineData("drover boot record 1\n")]
    [InlineData("drover boot record 2\nrelease 6.12.0\nend 0\n")]
    public void Another_text_is_no_record(string text) => Assert.Null(BootRecord.TryParse(text, Release));

    [Fact]
    public void A_record_of_another_kernel_is_not_used() =>
        Assert.Null(BootRecord.TryParse(RecordOf([], []).Format(), "6.1.0"));

    [Fact]
    public void A_damaged_record_is_not_used()
    {
        var text = RecordOf([Alias("a", "/devices/a", "m")], [Load("m", 0, 3)]).Format();

        Gen.Int[0, text.Length - 1].Select(Gen.Char[' ', '~']).Sample(damage =>
        {
            var (at, other) = damage;
            var damaged = $"{text[..at]}{other}{text[(at + 1)..]}";
            return damaged == text || BootRecord.TryParse(damaged, Release) is null;
        });
    }

    [Theory]
    [InlineData("../../etc/shadow")]
    [InlineData("/etc/shadow")]
    [InlineData("kernel/../../../x")]
    public void A_file_outside_of_the_module_directory_is_refused(string path)
    {
        var record = RecordOf([Alias("a", "/devices/a", "m")], [Load("m", 0, 3)], file: path);

        Assert.Null(BootRecord.TryParse(record.Format(), Release));
    }

    [Fact]
    public void The_longest_path_of_the_last_boot_is_loaded_first_and_the_root_before_it()
    {
        SimulatedModule[] Modules() =>
        [
            new("first") { Inode = 4 }, // without a record in the kernel before the others are known
            new("short") { Inode = 1 }, new("long") { Inode = 2, Takes = TimeSpan.FromMilliseconds(400) },
            new("root") { Inode = 3, Takes = TimeSpan.FromMilliseconds(5) },
        ];

        var first = new Boot(Modules(), jobs: 1);
        BootRecord? record = null;
        first.Run(null, service => record = BootRecord.TryParse(
            service.Record(new HashSet<string> { "root" }).Format(), service.Status().Release));
        Assert.NotNull(record);
        var second = new Boot(Modules(), jobs: 1);
        second.Run(record, _ => { });

        Assert.Equal(["first", "short", "long", "root"], first.Calls);
        Assert.Equal("root", second.Calls[0]);
        // one enters the kernel before the queue has the others
        Assert.InRange(second.Calls.IndexOf("long"), 1, 2);
        Assert.Equal(["first", "long", "root", "short"], second.Calls.Order(StringComparer.Ordinal));
    }

    /// <summary>Whatever a record says, each module is loaded once.</summary>
    [Fact]
    public void A_record_never_decides_what_is_loaded() =>
        Gen.Select(Gen.Int[0, 1000], Gen.Int[0, 50].Array[6], Gen.Bool.Array[6], Gen.Int[1, 4]).Sample(
            (seed, times, roots, jobs) =>
            {
                var names = Enumerable.Range(0, 6).Select(i => $"m{i}").ToArray();
                var record = BootRecord.Of(
                    "sim", [.. names.Select(name => Alias($"d:{name}", $"/devices/{name}", name))],
                    [.. names.Zip(times, (name, time) => Load(name, 0, time))],
                    names.Where((_, i) => roots[i]).ToHashSet(), _ => null, null);
                SimulatedModule[] modules = [.. names.Select((name, i) => new SimulatedModule(name)
                {
                    Inode = (ulong)i + 1,
                    Dependencies = i % 2 == 1 ? [names[i - 1]] : [],
                })];
                var boot = new Boot(modules, jobs, seed);
                boot.Run(record, _ => { });
                return modules.All(module => module is { State: InitState.Live, Calls: 1 });
            }, iter: 200);

    static double PathOf(BootRecord record, string modalias) =>
        record.Place(new LoadRequest(modalias)).CriticalPath.TotalMilliseconds;

    static AliasReport Alias(string modalias, string device, string module) =>
        new(modalias, 1, device, [new ModuleOutcome(module, OutcomeKind.Loaded)], 1);

    static ModuleRecord Load(string module, int calledMs, int endedMs, params string[] needed) => new(
        module, 1, 1, new ModuleOutcome(module, OutcomeKind.Loaded), null, module, null)
    {
        First = new FirstLoad(
            TimeSpan.Zero, needed, TimeSpan.FromMilliseconds(calledMs), TimeSpan.FromMilliseconds(endedMs)),
    };

    static BootRecord RecordOf(
        AliasReport[] aliases, ModuleRecord[] loads, IReadOnlySet<string>? root = null, BootRecord? earlier = null,
        string? file = null) =>
        BootRecord.Of(Release, aliases, loads, root ?? s_noRoot, module => file ?? $"kernel/{module}.ko", earlier);

    /// <summary>A boot of a simulated machine with a device for each module, in their order.</summary>
    sealed class Boot(SimulatedModule[] modules, int jobs, int seed = 1) : ILoaderObserver
    {
        public List<string> Calls { get; } = [];

        public void Run(BootRecord? record, Action<LoadService> atTheEnd)
        {
            var loop = new SimulatedLoop(seed);
            var machine = new SimulatedMachine(loop, modules, 1 << 30, jobs);
            var devices = new SimulatedDevices(loop, machine);
            foreach (var module in modules)
                devices.Add($"/devices/{module.Name}", $"d:{module.Name}");
            var catalog = SimulatedMachine.Catalog(
                modules, [.. modules.Select(module => ($"d:{module.Name}", module.Name))]);
            loop.Run(async () =>
            {
                var service = new LoadService(
                    loop, devices, machine, new SimulatedLocks(loop), catalog, () => catalog,
                    new LoaderOptions { BudgetBytes = 1 << 30, Jobs = jobs }, this, record);
                using var stop = new CancellationTokenSource();
                var running = service.RunAsync(stop.Token);
                Assert.True(await service.SettleAsync(null, null, default));
                atTheEnd(service);
                loop.Post(stop.Cancel);
                await running;
                return 0;
            });
        }

        public void Calling(LoadCall call, ModuleFileFacts file) => Calls.Add(call.Module);

        public void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took)
        {
            // only the calls count
        }

        public void Noted(string message)
        {
            // only the calls count
        }
    }
}
