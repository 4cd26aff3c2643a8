using Drover.Linux.Files;
using Drover.Linux.Runtime;
using Drover.Modules.Tests;

namespace Drover.Linux.Tests.Files;

public sealed class DirectoryWatchTests : IDisposable
{
    readonly TestDirectory _root = new();
    readonly LiveLoop _loop = new();

    [Fact]
    public void Watch_reports_a_replaced_file() => Reports("modules", () =>
    {
        _root.File("modules/part", "new");
        File.Move(_root["modules/part"], _root["modules/modules.dep.bin"], overwrite: true);
    });

    [Fact]
    public void Watch_reports_a_deleted_file() =>
        Reports("modules", () => File.Delete(_root["modules/modules.dep.bin"]));

    [Fact]
    public void Watch_reports_a_new_directory_and_then_its_files()
    {
        Reports("etc/modprobe.d", () =>
        {
            _root.File("etc/other", ""); // unwatched
            _root.File("etc/modprobe.d/a.conf", "");
        });
    }

    [Fact]
    public void Watch_reports_a_directory_whose_parents_are_missing_too()
    {
        Reports(
            "etc/drover/policy.d",
            () => Directory.CreateDirectory(_root["etc/drover"]),
            () => _root.File("etc/drover/policy.d/a.conf", ""),
            () => _root.File("etc/drover/policy.d/a.conf", "forbid a"));
    }

    [Fact]
    public void Watch_follows_a_replaced_directory() => Reports("modules", () => _loop.Post(() =>
    {
        Directory.Move(_root["modules"], _root["old"]);
        _root.File("modules/modules.dep.bin", "");
    }), () => _root.File("modules/modules.alias.bin", ""));

    [Fact]
    public void Watch_reports_many_changes_once()
    {
        _root.File("modules/modules.dep.bin", "");
        var reported = 0;
        _loop.Run(async () =>
        {
            var first = new TaskCompletionSource();
            using var watch = Start("modules", () =>
            {
                reported++;
                first.TrySetResult();
            });
            for (var i = 0; i < 1000; i++)
                _root.File($"modules/{i}", "");
            await first.Task;
            return 0;
        });
        Assert.Equal(1, reported);
    }

    [Fact]
    public void Each_change_is_noticed_at_once_before_it_is_reported()
    {
        _root.File("modules/a.conf", "");
        _root.File("new", "");
        var reported = 0;
        _loop.Run(() =>
        {
            using var watch = Start("modules", () => reported++);
            for (var i = 0; i < 1000; i++) // against the thread, which takes some of the events
            {
                Assert.False(watch.HasChanged, $"before change {i}");
                // there and back
                File.Move(_root[i % 2 == 0 ? "new" : "modules/new"], _root[i % 2 == 0 ? "modules/new" : "new"]);
                Assert.True(watch.HasChanged, $"after change {i}");
                Assert.True(watch.HasChanged, $"after change {i}: until it is read");
                watch.Restart();
            }
            return Task.FromResult(0);
        });
        Assert.Equal(0, reported);
    }

    [Fact]
    public void A_noticed_change_is_reported_too() => _loop.Run(async () =>
    {
        var file = _root["modules/a.conf"];
        _root.File("modules/a.conf", "");
        var reported = new TaskCompletionSource();
        using var watch = Start("modules", reported.SetResult);
        Tool.Rewrite(file, "new");
        Assert.True(watch.HasChanged);
        watch.Restart();
        await reported.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        return 0;
    });

    [Fact]
    public void Restart_watches_a_directory_that_took_the_place_of_another_unseen() => _loop.Run(() =>
    {
        // a link's target has no watch, as a directory below a new mount has none
        _root.File("old/a.conf", "");
        _root.File("new/a.conf", "");
        File.CreateSymbolicLink(_root["modules"], "old");
        using var watch = Start("modules", () => { });
        File.Delete(_root["modules"]);
        File.CreateSymbolicLink(_root["modules"], "new");
        Assert.False(watch.HasChanged);
        watch.Restart();
        Assert.False(watch.HasChanged);
        Tool.Rewrite(_root["new/a.conf"], "x");
        Assert.True(watch.HasChanged);
        return Task.FromResult(0);
    });

    public void Dispose()
    {
        _root.Dispose();
    }

    /// <summary>The watch reports each of these changes in turn.</summary>
    void Reports(string directory, params Action[] changes)
    {
        _root.File("modules/modules.dep.bin", "");
        _root.File("etc/there", "");
        _loop.Run(async () =>
        {
            var reported = new TaskCompletionSource();
            using var watch = Start(directory, () => reported.SetResult());
            foreach (var change in changes)
            {
                reported = new TaskCompletionSource();
                change();
                await reported.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
            }
            return 0;
        });
    }

    DirectoryWatch Start(string directory, Action changed) =>
        DirectoryWatch.TryStart(_loop, [_root[directory]], changed)!;
}
