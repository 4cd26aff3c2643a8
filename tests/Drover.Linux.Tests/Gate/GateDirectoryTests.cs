using CsCheck;
using Drover.Kernel;
using Drover.Linux.Gate;
using Drover.Linux.Runtime;

namespace Drover.Linux.Tests.Gate;

public sealed class GateDirectoryTests : IDisposable
{
    static readonly KnownResult Failure = new(Errno.ENODEV, 814, 123_456_789, new(4096, 1_700_000_000_123_456_789));

    readonly TestDirectory _temporary = new();
    readonly LiveLoop _loop = new();

    string GatePath => _temporary["run/drover/gate"];

    public void Dispose()
    {
        _temporary.Dispose();
    }

    [Fact]
    public void Open_creates_a_directory_for_its_owner_only_with_readable_parents()
    {
        using var gate = Open();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(GatePath));
        Assert.True(File.GetUnixFileMode(_temporary["run/drover"]).HasFlag(UnixFileMode.UserExecute));
        Assert.False(File.GetUnixFileMode(_temporary["run/drover"]).HasFlag(UnixFileMode.OtherWrite));
        Assert.Empty(Directory.EnumerateFileSystemEntries(GatePath));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void Open_refuses_a_directory_that_others_can_write(UnixFileMode mode)
    {
        Directory.CreateDirectory(GatePath);
        File.SetUnixFileMode(GatePath,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | mode);
        AssertRefused("write");
    }

    [Fact]
    public void Open_refuses_a_directory_of_another_user()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can give a directory away");
        Directory.CreateDirectory(GatePath);
        TestProcess.Run("chown", "12345", GatePath);
        AssertRefused("12345");
    }

    [Fact]
    public void Open_refuses_a_symbolic_link()
    {
        Directory.CreateDirectory(_temporary["elsewhere"]);
        _temporary.Link("run/drover/gate", _temporary["elsewhere"]);
        AssertRefused("");
    }

    [Fact]
    public void EnterAsync_waits_for_the_lock_without_a_thread() => _loop.Run(async () =>
    {
        using var holder = Open();
        var held = holder.TryEnter("m")!;
        var threads = new KernelThreads(_loop) { StartThread = (_, _) => null };
        using var gate = Assert.IsType<GateDirectory>(GateDirectory.OpenOrNone(GatePath, _loop, threads));
        var waiting = gate.EnterAsync("m", CancellationToken.None);
        Assert.False(waiting.IsCompleted);
        held.Dispose();
        using (await waiting)
            Assert.Null(holder.TryEnter("m"));
        Assert.Equal((0, null), (gate.Ungated, gate.LastProblem));
        // a wait that is cancelled releases a lock that it gets later
        held = holder.TryEnter("m")!;
        using var cancellation = new CancellationTokenSource();
        waiting = gate.EnterAsync("m", cancellation.Token);
        await cancellation.CancelAsync();
        Assert.Null(await waiting);
        held.Dispose();
        using var last = await holder.EnterAsync("m", CancellationToken.None);
        Assert.NotNull(last);
        return 0;
    });

    [Theory]
    [InlineData("/proc/drover/gate")]
    [InlineData("/dev/null/gate")]
    public void OpenOrNone_returns_an_open_gate_and_a_reason_without_a_directory(string path)
    {
        var gate = Assert.IsType<NoGate>(GateDirectory.OpenOrNone(path, _loop, new(_loop)));
        Assert.Contains(path, gate.Reason, StringComparison.Ordinal);
        using var gateLock = gate.TryEnter("m");
        using var second = gate.TryEnter("m");
        Assert.NotNull(second);
        Assert.Null(second.LastFailure);
    }

    [Fact]
    public void Enter_admits_one_holder_per_module_and_modules_are_independent() => _loop.Run(async () =>
    {
        using var gate = Open();
        var first = gate.TryEnter("m");
        Assert.NotNull(first);
        Assert.Null(gate.TryEnter("m"));
        using var other = gate.TryEnter("n");
        Assert.NotNull(other);
        var waiting = gate.EnterAsync("m", CancellationToken.None);
        Assert.False(waiting.IsCompleted);
        first.Dispose();
        first.Dispose();
        using var second = await waiting;
        Assert.NotNull(second);
        Assert.Equal((0, null), (gate.Ungated, gate.LastProblem));
        return 0;
    });

    [Fact]
    public void Kill_of_the_holder_admits_the_next_process() => _loop.Run(async () =>
    {
        using var gate = Open();
        using var child = new GateChild(GatePath, "m");
        Assert.Equal("none", child.WaitUntilInside());
        Assert.Null(gate.TryEnter("m"));
        var waiting = gate.EnterAsync("m", CancellationToken.None);
        Assert.False(waiting.IsCompleted);
        child.Kill();
        using var gateLock = await waiting;
        Assert.NotNull(gateLock);
        Assert.Null(gateLock.LastFailure);
        return 0;
    });

    [Fact]
    public void Recorded_failure_reaches_other_processes_until_it_is_cleared() => _loop.Run(async () =>
    {
        using var gate = Open();
        using (var child = new GateChild(GatePath, "m"))
        {
            Assert.Equal("none", child.WaitUntilInside());
            child.RecordFailure(Errno.ENODEV);
            child.Kill();
        }
        using (var gateLock = await gate.EnterAsync("m", CancellationToken.None))
        {
            Assert.Equal(new KnownResult(Errno.ENODEV, 7, 8, new(9, 10)), gateLock!.LastFailure);
            gateLock.RecordFailure(Failure);
        }
        using (var child = new GateChild(GatePath, "m"))
            Assert.Equal("ENODEV", child.WaitUntilInside());

        using (var gateLock = await gate.EnterAsync("m", CancellationToken.None))
        {
            Assert.Equal(Failure, gateLock!.LastFailure);
            gateLock.RecordFailure(null);
        }
        using var last = gate.TryEnter("m");
        Assert.Null(last!.LastFailure);
        return 0;
    });

    [Fact]
    public async Task Many_processes_enter_one_at_a_time_and_all_enter()
    {
        const int Count = 6;
        using var gate = Open();
        var first = gate.TryEnter("m")!;
        var children = Enumerable.Range(0, Count).Select(_ => new GateChild(GatePath, "m")).ToList();
        var inside = children.Select(child =>
            Task.Factory.StartNew(child.WaitUntilInside, TaskCreationOptions.LongRunning)).ToList();
        first.Dispose();
        while (inside.Count > 0)
        {
            var entered = await Task.WhenAny(inside);
            var index = inside.IndexOf(entered);
            Assert.NotNull(await entered);
            Assert.Null(gate.TryEnter("m")); // the child holds it
            children[index].Dispose();
            children.RemoveAt(index);
            inside.RemoveAt(index);
        }
        using var last = gate.TryEnter("m");
        Assert.NotNull(last);
    }

    [Fact]
    public void Cancelled_enter_returns_null_and_releases_a_late_lock() =>
        _loop.Run(async () =>
    {
        using var gate = Open();
        using var cancellation = new CancellationTokenSource();
        var holder = gate.TryEnter("m")!;
        var waiting = gate.EnterAsync("m", cancellation.Token);
        Assert.False(waiting.IsCompleted);
        await cancellation.CancelAsync();
        Assert.Null(await waiting);
        holder.Dispose();
        using var next = await gate.EnterAsync("m", CancellationToken.None); // the cancelled one is skipped
        Assert.NotNull(next);
        Assert.Null(await gate.EnterAsync("n", cancellation.Token)); // cancelled before the call
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
        using var gate = Open();
        var record = new byte[Math.Max(length, FailureRecord.Bytes)];
        FailureRecord.Write(record, Failure);
        File.WriteAllBytes(Path.Combine(GatePath, "m"), record[..length]);
        using (var gateLock = gate.TryEnter("m")!)
        {
            Assert.Null(gateLock.LastFailure);
            gateLock.RecordFailure(Failure);
        }
        using var next = gate.TryEnter("m");
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
        using var gate = Open();
        using var gateLock = gate.TryEnter(name);
        using var second = gate.TryEnter(name);
        Assert.NotNull(second);
        Assert.Equal(2, gate.Ungated);
        Assert.NotNull(gate.LastProblem);
        Assert.Empty(Directory.EnumerateFileSystemEntries(GatePath));
    }

    [Fact]
    public void Enter_succeeds_when_the_lock_file_cannot_be_opened()
    {
        using var gate = Open();
        _temporary.Link("run/drover/gate/m", "/etc/passwd"); // never followed
        using var gateLock = gate.TryEnter("m");
        Assert.NotNull(gateLock);
        Assert.Equal(1, gate.Ungated);
        Assert.Contains("link", gate.LastProblem, StringComparison.Ordinal);
    }

    GateDirectory Open() => Assert.IsType<GateDirectory>(GateDirectory.OpenOrNone(GatePath, _loop, new(_loop)));

    void AssertRefused(string because)
    {
        var gate = Assert.IsType<NoGate>(GateDirectory.OpenOrNone(GatePath, _loop, new(_loop)));
        Assert.Contains(GatePath, gate.Reason, StringComparison.Ordinal);
        Assert.Contains(because, gate.Reason, StringComparison.Ordinal);
    }
}
