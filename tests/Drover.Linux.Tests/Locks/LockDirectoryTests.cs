using CsCheck;
using Drover.Kernel;
using Drover.Linux.Locks;
using Drover.Linux.Runtime;

namespace Drover.Linux.Tests.Locks;

public sealed class LockDirectoryTests : IDisposable
{
    static readonly KnownResult Failure = new(Errno.ENODEV, 814, 123_456_789, new(4096, 1_700_000_000_123_456_789));

    readonly TestDirectory _temporary = new();
    readonly LiveLoop _loop = new();

    readonly List<string> _withoutLock = [];

    string LocksPath => _temporary["run/drover/locks"];

    public void Dispose()
    {
        _temporary.Dispose();
    }

    [Fact]
    public void Open_creates_a_directory_for_its_owner_only_with_readable_parents()
    {
        using var locks = Open();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(LocksPath));
        Assert.True(File.GetUnixFileMode(_temporary["run/drover"]).HasFlag(UnixFileMode.UserExecute));
        Assert.False(File.GetUnixFileMode(_temporary["run/drover"]).HasFlag(UnixFileMode.OtherWrite));
        Assert.Empty(Directory.EnumerateFileSystemEntries(LocksPath));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void Open_refuses_a_directory_that_others_can_write(UnixFileMode mode)
    {
        Directory.CreateDirectory(LocksPath);
        File.SetUnixFileMode(LocksPath,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | mode);
        AssertRefused("write");
    }

    [Fact]
    public void Open_refuses_a_directory_of_another_user()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can give a directory away");
        Directory.CreateDirectory(LocksPath);
        TestProcess.Run("chown", "12345", LocksPath);
        AssertRefused("12345");
    }

    [Fact]
    public void Open_refuses_a_symbolic_link()
    {
        Directory.CreateDirectory(_temporary["elsewhere"]);
        _temporary.Link("run/drover/locks", _temporary["elsewhere"]);
        AssertRefused("");
    }

    [Fact]
    public void EnterAsync_waits_for_the_lock_without_a_thread() => _loop.Run(async () =>
    {
        using var holder = Open();
        var held = holder.TryEnter("m")!;
        var threads = new KernelThreads(_loop) { StartThread = (_, _) => null };
        using var locks = Open(threads);
        var waiting = locks.EnterAsync("m", CancellationToken.None);
        Assert.False(waiting.IsCompleted);
        held.Dispose();
        using (await waiting)
            Assert.Null(holder.TryEnter("m"));
        Assert.Empty(_withoutLock);
        // a wait that is cancelled releases a lock that it gets later
        held = holder.TryEnter("m")!;
        using var cancellation = new CancellationTokenSource();
        waiting = locks.EnterAsync("m", cancellation.Token);
        await cancellation.CancelAsync();
        Assert.Null(await waiting);
        held.Dispose();
        using var last = await holder.EnterAsync("m", CancellationToken.None);
        Assert.NotNull(last);
        return 0;
    });

    [Theory]
    [InlineData("/proc/drover/locks")]
    [InlineData("/dev/null/locks")]
    public void OpenOrNone_returns_an_open_gate_and_a_reason_without_a_directory(string path)
    {
        var locks = Assert.IsType<NoLocks>(LockDirectory.OpenOrNone(path, _loop, new(_loop)));
        Assert.Contains(path, locks.Reason, StringComparison.Ordinal);
        using var moduleLock = locks.TryEnter("m");
        using var second = locks.TryEnter("m");
        Assert.NotNull(second);
        Assert.Null(second.LastFailure);
    }

    [Fact]
    public void Enter_admits_one_holder_per_module_and_modules_are_independent() => _loop.Run(async () =>
    {
        using var locks = Open();
        var first = locks.TryEnter("m");
        Assert.NotNull(first);
        Assert.Null(locks.TryEnter("m"));
        using var other = locks.TryEnter("n");
        Assert.NotNull(other);
        var waiting = locks.EnterAsync("m", CancellationToken.None);
        Assert.False(waiting.IsCompleted);
        first.Dispose();
        first.Dispose();
        using var second = await waiting;
        Assert.NotNull(second);
        Assert.Empty(_withoutLock);
        return 0;
    });

    [Fact]
    public void Kill_of_the_holder_admits_the_next_process() => _loop.Run(async () =>
    {
        using var locks = Open();
        using var child = new LockChild(LocksPath, "m");
        Assert.Equal("none", child.WaitUntilInside());
        Assert.Null(locks.TryEnter("m"));
        var waiting = locks.EnterAsync("m", CancellationToken.None);
        Assert.False(waiting.IsCompleted);
        child.Kill();
        using var moduleLock = await waiting;
        Assert.NotNull(moduleLock);
        Assert.Null(moduleLock.LastFailure);
        return 0;
    });

    [Fact]
    public void Recorded_failure_reaches_other_processes_until_it_is_cleared() => _loop.Run(async () =>
    {
        using var locks = Open();
        using (var child = new LockChild(LocksPath, "m"))
        {
            Assert.Equal("none", child.WaitUntilInside());
            child.RecordFailure(Errno.ENODEV);
            child.Kill();
        }
        using (var moduleLock = await locks.EnterAsync("m", CancellationToken.None))
        {
            Assert.Equal(new KnownResult(Errno.ENODEV, 7, 8, new(9, 10)), moduleLock!.LastFailure);
            moduleLock.RecordFailure(Failure);
        }
        using (var child = new LockChild(LocksPath, "m"))
            Assert.Equal("ENODEV", child.WaitUntilInside());

        using (var moduleLock = await locks.EnterAsync("m", CancellationToken.None))
        {
            Assert.Equal(Failure, moduleLock!.LastFailure);
            moduleLock.RecordFailure(null);
        }
        using var last = locks.TryEnter("m");
        Assert.Null(last!.LastFailure);
        return 0;
    });

    [Fact]
    public async Task Many_processes_enter_one_at_a_time_and_all_enter()
    {
        const int Count = 6;
        using var locks = Open();
        var first = locks.TryEnter("m")!;
        var children = Enumerable.Range(0, Count).Select(_ => new LockChild(LocksPath, "m")).ToList();
        var inside = children.Select(child =>
            Task.Factory.StartNew(child.WaitUntilInside, TaskCreationOptions.LongRunning)).ToList();
        first.Dispose();
        while (inside.Count > 0)
        {
            var entered = await Task.WhenAny(inside);
            var index = inside.IndexOf(entered);
            Assert.NotNull(await entered);
            Assert.Null(locks.TryEnter("m")); // the child holds it
            children[index].Dispose();
            children.RemoveAt(index);
            inside.RemoveAt(index);
        }
        using var last = locks.TryEnter("m");
        Assert.NotNull(last);
    }

    [Fact]
    public void Cancelled_enter_returns_null_and_releases_a_late_lock() =>
        _loop.Run(async () =>
    {
        using var locks = Open();
        using var cancellation = new CancellationTokenSource();
        var holder = locks.TryEnter("m")!;
        var waiting = locks.EnterAsync("m", cancellation.Token);
        Assert.False(waiting.IsCompleted);
        await cancellation.CancelAsync();
        Assert.Null(await waiting);
        holder.Dispose();
        using var next = await locks.EnterAsync("m", CancellationToken.None); // the cancelled one is skipped
        Assert.NotNull(next);
        Assert.Null(await locks.EnterAsync("n", cancellation.Token)); // cancelled before the call
        return 0;
    });

    [Fact]
    public void Damaged_record_is_no_failure() =>
        Gen.Int[0, FailureRecord.Bytes - 1].Select(Gen.Int[1, 255]).Sample((at, flip) =>
    {
        var record = new byte[FailureRecord.Bytes];
        FailureRecord.Write(record, Failure);
        Assert.Equal(Failure, FailureRecord.Read(record));
        record[at] ^= (byte)flip;
        Assert.Null(FailureRecord.Read(record));
    });

    [Fact]
    public void Record_round_trips_every_failure() =>
        Gen.Select(Gen.Int[1, 4095], Gen.ULong, Gen.Long, Gen.Long, Gen.Long)
            .Sample((error, seqnum, timestamp, bytes, modified) =>
        {
            var failure = new KnownResult((Errno)error, seqnum, timestamp, new(bytes, modified));
            var record = new byte[FailureRecord.Bytes];
            FailureRecord.Write(record, failure);
            Assert.Equal(failure, FailureRecord.Read(record));
        });

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(FailureRecord.Bytes - 1)]
    [InlineData(FailureRecord.Bytes + 1)]
    [InlineData(100_000)]
    public void Lock_file_of_another_length_is_no_failure_and_can_be_overwritten(int length)
    {
        using var locks = Open();
        var record = new byte[Math.Max(length, FailureRecord.Bytes)];
        FailureRecord.Write(record, Failure);
        File.WriteAllBytes(Path.Combine(LocksPath, "m"), record[..length]);
        using (var moduleLock = locks.TryEnter("m")!)
        {
            Assert.Null(moduleLock.LastFailure);
            moduleLock.RecordFailure(Failure);
        }
        using var next = locks.TryEnter("m");
        Assert.Equal(Failure, next!.LastFailure);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("../../etc/passwd")]
    [InlineData("a/b")]
    [InlineData("a\0b")]
    [InlineData("käfer")]
    [InlineData("a234567890123456789012345678901234567890123456789012345x")]
    public void Enter_with_an_invalid_module_name_succeeds_without_a_file(string name)
    {
        using var locks = Open();
        using var moduleLock = locks.TryEnter(name);
        using var second = locks.TryEnter(name);
        Assert.NotNull(second);
        Assert.Equal(2, _withoutLock.Count);
        Assert.Empty(Directory.EnumerateFileSystemEntries(LocksPath));
    }

    [Fact]
    public void Enter_succeeds_when_the_lock_file_cannot_be_opened()
    {
        using var locks = Open();
        _temporary.Link("run/drover/locks/m", "/etc/passwd"); // never followed
        using var moduleLock = locks.TryEnter("m");
        Assert.NotNull(moduleLock);
        Assert.Contains("link", Assert.Single(_withoutLock), StringComparison.Ordinal);
    }

    LockDirectory Open() => Open(new(_loop));

    LockDirectory Open(KernelThreads threads)
    {
        var locks = Assert.IsType<LockDirectory>(LockDirectory.OpenOrNone(LocksPath, _loop, threads));
        locks.PassesWithoutLock = _withoutLock.Add;
        return locks;
    }

    void AssertRefused(string because)
    {
        var locks = Assert.IsType<NoLocks>(LockDirectory.OpenOrNone(LocksPath, _loop, new(_loop)));
        Assert.Contains(LocksPath, locks.Reason, StringComparison.Ordinal);
        Assert.Contains(because, locks.Reason, StringComparison.Ordinal);
    }
}
