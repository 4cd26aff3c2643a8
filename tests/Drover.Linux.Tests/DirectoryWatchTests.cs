namespace Drover.Linux.Tests;

public sealed class DirectoryWatchTests : IDisposable
{
    readonly TestDirectory _root = new();
    readonly LiveLoop _loop = new();

    [Fact]
    public void A_file_that_is_replaced_is_noticed() => Noticed("modules", () =>
    {
        _root.File("modules/part", "new");
        File.Move(_root["modules/part"], _root["modules/modules.dep.bin"], overwrite: true);
    });

    [Fact]
    public void A_file_that_goes_is_noticed() => Noticed("modules", () => File.Delete(_root["modules/modules.dep.bin"]));

    [Fact]
    public void A_directory_that_was_not_there_is_noticed_and_then_what_comes_into_it()
    {
        Noticed("etc/modprobe.d", () =>
        {
            _root.File("etc/other", ""); // not ours
            _root.File("etc/modprobe.d/a.conf", "");
        });
    }

    [Fact]
    public void A_directory_that_is_replaced_is_watched_on() => Noticed("modules", () => _loop.Post(() =>
    {
        Directory.Move(_root["modules"], _root["old"]);
        _root.File("modules/modules.dep.bin", "");
    }), () => _root.File("modules/modules.alias.bin", ""));

    [Fact]
    public void Many_changes_are_told_once()
    {
        _root.File("modules/modules.dep.bin", "");
        var told = 0;
        _loop.Run(async () =>
        {
            var first = new TaskCompletionSource();
            using var watch = Start("modules", () =>
            {
                told++;
                first.TrySetResult();
            });
            for (var i = 0; i < 1000; i++)
                _root.File($"modules/{i}", "");
            await first.Task;
            return 0;
        });
        Assert.Equal(1, told);
    }

    public void Dispose()
    {
        _loop.Dispose();
        _root.Dispose();
    }

    /// <summary>Each of these changes is told of, one after the other.</summary>
    void Noticed(string directory, params Action[] changes)
    {
        _root.File("modules/modules.dep.bin", "");
        _root.File("etc/there", "");
        _loop.Run(async () =>
        {
            var told = new TaskCompletionSource();
            using var watch = Start(directory, () => told.SetResult());
            foreach (var change in changes)
            {
                told = new TaskCompletionSource();
                change();
                await told.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
            }
            return 0;
        });
    }

    DirectoryWatch Start(string directory, Action changed) => DirectoryWatch.TryStart(_loop, [_root[directory]], changed)!;
}
