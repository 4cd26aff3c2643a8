using Drover.Kernel;
using Drover.Modules.Config;
using Drover.Modules.Tree;

namespace Drover.Loading.Tests;

/// <summary>What runs out, or cannot be read, and comes back.</summary>
public sealed class LoaderShortageTests
{
    const int Mb = 1 << 20;

    static readonly TimeSpan Ms = TimeSpan.FromMilliseconds(1);

    /// <summary>The load that the pause waits for may itself wait for the module.</summary>
    [Fact]
    public void A_request_of_an_init_ends_the_pause_after_ENOMEM()
    {
        var scene = new Scene(
        [
            new("a") { Inode = 1, Replies = [Errno.ENOMEM, Errno.None] },
            new("b")
            {
                Inode = 2,
                Takes = 10 * Ms,
                Init = async loader =>
                    Assert.Equal(OutcomeKind.Joined, (await Scene.One(loader, "a", timeout: 5000 * Ms)).Kind),
            },
        ]);
        scene.Machine.Urgent.Add("a");
        var outcomes = scene.Run(loader => Scene.All([loader.RequestAsync("a"), loader.RequestAsync("b")]));
        Assert.Equal([OutcomeKind.Loaded, OutcomeKind.Loaded], outcomes.Select(outcome => outcome.Kind));
        Assert.InRange(TimeSpan.FromTicks(scene.Loop.Simulation.NowNs / 100), 10 * Ms, 200 * Ms);
    }

    /// <summary>Another process may hold a module lock for the same reason, and its init may want this one.</summary>
    [Fact]
    public void The_pause_after_ENOMEM_has_an_end()
    {
        var scene = new Scene(
        [
            new("a") { Inode = 1, Replies = [Errno.ENOMEM, Errno.None] },
            new("b") { Inode = 2, Takes = 60_000 * Ms },
        ]);
        scene.Run(async loader =>
        {
            var slow = loader.RequestAsync("b");
            Assert.Equal(OutcomeKind.Loaded, (await Scene.One(loader, "a")).Kind);
            Assert.InRange(TimeSpan.FromTicks(scene.Loop.Simulation.NowNs / 100), 1000 * Ms, 2000 * Ms);
            return await slow;
        });
    }

    [Fact]
    public void A_module_may_become_live_once_more_after_another_process_has_removed_it()
    {
        var scene = new Scene([new("m") { Takes = 40 * Ms, Lingers = 400 * Ms, Replies = [Errno.EEXIST, Errno.None] }]);
        var outcome = scene.Run(async loader =>
        {
            var request = Scene.One(loader, "m");
            await scene.Loop.Delay(20 * Ms);
            scene.Machine["m"].State = InitState.Live; // by another process, which removes it
            loader.ModuleAdded("m");
            return await request;
        });
        Assert.Equal((OutcomeKind.Loaded, 2), (outcome.Kind, scene.Machine["m"].Calls));
    }

    [Fact]
    public void A_load_that_nothing_waits_for_is_not_tried_by_file_after_its_image_is_refused()
    {
        var scene = new Scene([new("m") { Takes = 10 * Ms, Compression = ModuleCompression.Xz }]);
        scene.Machine.CheaperHere = scene.Machine.Decompresses = ModuleCompression.Xz;
        scene.Machine.RefusalOfImages = Errno.EPERM;
        using var cancellation = new CancellationTokenSource();
        scene.Run(async loader =>
        {
            var request = loader.RequestAsync(new LoadRequest("m"), cancellation.Token);
            await scene.Loop.Delay(5 * Ms);
            cancellation.Cancel();
            Assert.Equal(OutcomeKind.Left, (await request).Modules.Single().Kind);
            await scene.Loop.Delay(100 * Ms);
            return 0;
        });
        Assert.Equal(1, scene.Machine["m"].Calls);
    }

    [Theory]
    [InlineData(3, OutcomeKind.Loaded, Errno.None)]
    [InlineData(100, OutcomeKind.Failed, Errno.EMFILE)]
    public void A_file_is_looked_at_again_when_descriptors_are_used_up(int times, OutcomeKind kind, Errno error)
    {
        var scene = new Scene([new("m")]);
        for (var i = 0; i < times; i++)
            scene.Machine.FailedInspections.Enqueue(Errno.EMFILE);
        var outcome = scene.Run(loader => Scene.One(loader, "m"));
        Assert.Equal((kind, error), (outcome.Kind, outcome.Error));
    }

    [Fact]
    public void Successful_loads_give_back_the_budget_that_ENOMEM_took()
    {
        SimulatedModule Module(string name, int number, params Errno[] replies) =>
            new(name) { Inode = (ulong)number, FileBytes = Mb, ImageBytes = 4 * Mb, Replies = replies };
        var scene = new Scene(
            [Module("bad", 1, Errno.ENOMEM, Errno.None), Module("a", 2), Module("b", 3), Module("c", 4)],
            budgetBytes: 20 * Mb);
        scene.Run(async loader =>
        {
            await loader.RequestAsync("bad");
            await loader.RequestAsync("a");
            return await Scene.All([loader.RequestAsync("b"), loader.RequestAsync("c")]);
        });
        Assert.Equal(18 * Mb, scene.Machine.PeakBytes); // two at once; the half is 10 MiB
    }

    /// <summary>The loopback device has no speed: reading it fails with EINVAL, as a file of a broken disk with EIO.
    /// </summary>
    [Theory]
    [InlineData("modules.dep.bin", "m")]
    [InlineData("modules.alias.bin", "m:1")]
    public void An_index_that_cannot_be_read_is_the_outcome_of_a_request(string index, string name)
    {
        var directory = Directory.CreateTempSubdirectory("drover-index-").FullName;
        File.CreateSymbolicLink($"{directory}/{index}", "/sys/class/net/lo/speed");
        var scene = new Scene([new("m")]);
        scene.Loader.UseCatalog(new ModuleCatalog(ModuleTree.Open(directory), ModprobeConfig.Parse("", "x.conf")));
        var outcome = scene.Run(loader => Scene.One(loader, name));
        Assert.Equal((OutcomeKind.Failed, Errno.EINVAL), (outcome.Kind, outcome.Error));
        Assert.DoesNotContain("depmod", outcome.Why, StringComparison.Ordinal);
        Directory.Delete(directory, recursive: true);
    }
}
