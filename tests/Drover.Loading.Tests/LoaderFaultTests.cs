namespace Drover.Loading.Tests;

/// <summary>A port that breaks its contract and throws: the fault surfaces once and leaves no state.</summary>
public sealed class LoaderFaultTests
{
    const int Seeds = 100;

    static readonly TimeSpan s_ms = TimeSpan.FromMilliseconds(1);

    [Fact]
    public void Fault_of_the_port_reaches_every_waiter_and_leaves_no_flight()
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            var fault = new IOException("pthread_create: EAGAIN");
            var scene = new Scene(
                [new("nvme") { Inode = 1 }, new("user") { Inode = 2, Dependencies = ["nvme"] }], seed: seed);
            scene.Machine.Fault = fault;
            scene.Run(async loader =>
            {
                var requests = new[] { "nvme", "user", "nvme" }.Select(name => loader.RequestAsync(name)).ToArray();
                foreach (var request in requests)
                    Assert.Same(fault, await Assert.ThrowsAsync<IOException>(() => request));
                Assert.Empty(loader.InFlight);
                Assert.True(scene.Locks.IsFree);
                return 0;
            });
        }
    }

    [Fact]
    public void Load_succeeds_after_a_fault_of_the_port()
    {
        var scene = new Scene([new("nvme")], budgetBytes: 5000, jobs: 1, stagger: 50 * s_ms);
        scene.Machine.Fault = new IOException();
        scene.Run(async loader =>
        {
            await Assert.ThrowsAsync<IOException>(() => loader.RequestAsync("nvme"));
            Assert.Equal(OutcomeKind.Loaded, (await Scene.One(loader, "nvme")).Kind);
            return 0;
        });
        Assert.Equal(1, scene.Machine["nvme"].Calls);
    }

    [Fact]
    public void Fault_without_a_waiter_ends_the_loop()
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            var fault = new IOException();
            var scene = new Scene([new("nvme") { Takes = 10 * s_ms }], seed: seed);
            scene.Machine.Fault = fault;
            using var cancellation = new CancellationTokenSource();
            var thrown = Assert.Throws<IOException>(() => scene.Run(async loader =>
            {
                var request = loader.RequestAsync(new LoadRequest("nvme"), cancellation.Token);
                await scene.Loop.Delay(5 * s_ms);
                cancellation.Cancel();
                Assert.Equal(OutcomeKind.Left, (await request).Modules.Single().Kind);
                await scene.Loop.Delay(1000 * s_ms);
                return 0;
            }));
            Assert.Same(fault, thrown);
            Assert.Empty(scene.Loader.InFlight);
        }
    }

    [Fact]
    public void Fault_of_an_install_command_leaves_no_flight()
    {
        var scene = new Scene([new("oss")], config: "install oss /bin/true");
        var fault = new IOException();
        scene.Machine.InCommand = _ => throw fault;
        scene.Run(async loader =>
        {
            Assert.Same(fault, await Assert.ThrowsAsync<IOException>(() => loader.RequestAsync("oss")));
            Assert.Empty(loader.InFlight);
            return 0;
        });
    }
}
