using Drover.CommandLine;
using Drover.Devices;
using Drover.Host;
using Drover.Loading;
using Drover.Modules.Tests;
using Drover.Tests.Kmod;

namespace Drover.Tests.Host;

/// <summary>The daemon's service on generated roots: what it reads again.</summary>
public sealed class SessionTests : IDisposable
{
    readonly ModuleRoot _root = new();
    readonly Arguments _arguments;

    public SessionTests() => _arguments = Arguments.Parse(
        ["--root", _root.Path], [CommonOptions.Root, CommonOptions.Release, CommonOptions.Budget, CommonOptions.Jobs]);

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Machine_without_indexes_reloads_and_gets_those_that_appear() => Serve(service =>
    {
        Assert.Null(service.Reload());
        Assert.Empty(service.Resolve("base"));
        _root.Write("kernel/base.ko", new TestModule()).Index();
        Assert.Null(service.Reload());
        Assert.Equal(["base"], service.Resolve("base"));
        return Task.CompletedTask;
    });

    [Fact]
    public void Indexes_that_vanish_stay_in_use_and_the_policy_is_read_all_the_same()
    {
        _root.Write("kernel/base.ko", new TestModule()).Index();
        Serve(async service =>
        {
            Assert.Equal(["base"], service.Resolve("base"));
            // as when a package is replaced
            File.Delete($"{_root.Directory}/modules.dep");
            File.Delete($"{_root.Directory}/modules.dep.bin");
            Directory.Delete($"{_root.Directory}/kernel", recursive: true);
            _root.Write("/etc/drover/policy.d/50.conf", "forbid base\n");
            Assert.Contains("lacks its index modules.dep", service.Reload());
            Assert.Equal(["base"], service.Resolve("base"));
            var outcome = await service.LoadForClientAsync(new LoadRequest("base"), CancellationToken.None);
            Assert.Equal(OutcomeKind.Forbidden, outcome.Modules.Single().Kind);
        });
    }

    [Fact]
    public void Modules_without_indexes_are_found_by_a_scan_and_later_by_their_indexes()
    {
        _root.Write("kernel/base.ko", new TestModule { Exports = ["s"] })
            .Write("kernel/top.ko", new TestModule { Needs = ["s"], Info = ["alias=drover-test"] });
        Serve(service =>
        {
            Assert.Equal(["top"], service.Resolve("drover-test"));
            _root.Write("/etc/drover/policy.d/50.conf", "forbid base\n");
            Assert.Null(service.Reload());
            Assert.Equal(["top"], service.Resolve("drover-test"));
            _root.Write("kernel/late.ko", new TestModule()).Index();
            Assert.Null(service.Reload());
            Assert.Equal(["late"], service.Resolve("late"));
            return Task.CompletedTask;
        });
    }

    [Fact]
    public void A_file_rewritten_in_place_counts_for_the_next_request()
    {
        const string Policy = "/etc/drover/policy.d/50.conf", Config = "/etc/modprobe.d/n.conf";
        _root.Write("kernel/base.ko", new TestModule()).Index().Write(Policy, "forbid none\n").Write(Config, "\n");
        Serve(async service =>
        {
            Assert.Empty(service.Resolve("again"));
            foreach (var name in (string[])["a", "b", "c", "d"])
            {
                Tool.Rewrite(_root.Path + Config, $"alias {name} base\n");
                Assert.Equal(["base"], service.Resolve(name));
                Tool.Rewrite(_root.Path + Config, $"install {name} touch '{_root.Path}/{name}.made'\n");
                Assert.Equal(OutcomeKind.Loaded, await LoadAsync(service, name));
                Assert.True(File.Exists($"{_root.Path}/{name}.made"), name);
                Tool.Rewrite(_root.Path + Policy, $"forbid {name}\n");
                Assert.Equal(OutcomeKind.Forbidden, await LoadAsync(service, name));
            }
            Assert.Equal(12, service.Status().Reloads);
        });
    }

    [Fact]
    public void A_burst_of_changes_without_a_request_is_one_reload()
    {
        _root.Write("kernel/base.ko", new TestModule()).Index().Write("/etc/modprobe.d/n.conf", "\n");
        var reloaded = new TaskCompletionSource();
        Serve(
            async service =>
            {
                for (var i = 0; i < 500; i++)
                    _root.Write("/etc/modprobe.d/n.conf", $"alias n{i} base\n");
                await reloaded.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
                Assert.Equal(1, service.Status().Reloads);
                Assert.Equal(["base"], service.Resolve("n499"));
                Assert.Equal(1, service.Status().Reloads);
            },
            calm: service =>
            {
                _ = service.Reload();
                reloaded.SetResult();
            });
    }

    static async Task<OutcomeKind> LoadAsync(LoadService service, string name) =>
        (await service.LoadForClientAsync(new LoadRequest(name), CancellationToken.None)).Modules.Single().Kind;

    /// <param name="calm">Called when no change has followed the last one for a while.</param>
    void Serve(Func<LoadService, Task> use, Action<LoadService>? calm = null)
    {
        using var session = new Session(ModuleSource.Open(_arguments, mayLackIndexes: true));
        var service = session.CreateService(_arguments, new NoDevices(), new Silent(), record: null);
        session.Loop.Run(async () =>
        {
            Assert.True(session.TryWatch(_arguments, () => calm?.Invoke(service)));
            await use(service);
            return 0;
        });
    }

    sealed class NoDevices : IDevices
    {
        public ulong Seqnum => 0;

        public IEnumerable<DeviceEvent> Enumerate() => [];

        public IDisposable? Listen(Action<DeviceEvent> received, Action lost) => null;
    }

    sealed class Silent : ILoaderObserver;
}
