using CsCheck;
using Drover.Linux.Gate;
using Drover.Loading;

namespace Drover.Linux.Tests;

public sealed class GateDirectoryTests : IDisposable
{
    static readonly KnownResult Failure = new(Errno.ENODEV, 814, 123_456_789, new(4096, 1_700_000_000_123_456_789));

    readonly TestDirectory _temporary = new();
    readonly LiveLoop _loop = new();

    string GatePath => _temporary["run/drover/gate"];

    public void Dispose()
    {
        _loop.Dispose();
        _temporary.Dispose();
    }

    [Fact]
    public void The_directory_is_made_for_its_owner_alone_and_its_parents_for_all_to_see()
    {
        using var gate = Open();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(GatePath));
        Assert.True(File.GetUnixFileMode(_temporary["run/drover"]).HasFlag(UnixFileMode.UserExecute));
        Assert.False(File.GetUnixFileMode(_temporary["run/drover"]).HasFlag(UnixFileMode.OtherWrite));
        Assert.Empty(Directory.EnumerateFileSystemEntries(GatePath));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_directory_others_may_write_to_is_refused(UnixFileMode mode)
    {
        Directory.CreateDirectory(GatePath);
        File.SetUnixFileMode(GatePath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | mode);
        AssertRefused("write");
    }

    [Fact]
    public void A_directory_of_another_user_is_refused()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can give a directory away");
        Directory.CreateDirectory(GatePath);
        TestProcess.Run("chown", "12345", GatePath);
        AssertRefused("12345");
    }

    [Fact]
    public void A_link_in_its_place_is_refused()
    {
        Directory.CreateDirectory(_temporary["elsewhere"]);
        _temporary.Link("run/drover/gate", _temporary["elsewhere"]);
        AssertRefused("");
    }

    [Theory]
    [InlineData("/proc/drover/gate")]
    [InlineData("/dev/null/gate")]
    public void Where_no_directory_can_be_made_everybody_enters_and_the_reason_is_told(string path)
    {
        var gate = Assert.IsType<NoGate>(GateDirectory.OpenOrNone(path, _loop, new(_loop)));
        Assert.Contains(path, gate.Reason, StringComparison.Ordinal);
        using var pass = gate.TryEnter("m");
        using var second = gate.TryEnter("m");
        Assert.NotNull(second);
        Assert.Null(second.LastFailure);
    }

    [Fact]
    public void One_at_a_time_holds_a_module_and_different_modules_do_not_wait_for_each_other() => _loop.Run(async () =>
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
    public void A_killed_holder_gives_the_module_to_the_next() => _loop.Run(async () =>
    {
        using var gate = Open();
        using var child = new GateChild(GatePath, "m");
        Assert.Equal("none", child.WaitUntilInside());
        Assert.Null(gate.TryEnter("m"));
        var waiting = gate.EnterAsync("m", CancellationToken.None);
        Assert.False(waiting.IsCompleted);
        child.Kill();
        using var pass = await waiting;
        Assert.NotNull(pass);
        Assert.Null(pass.LastFailure);
        return 0;
    });

    [Fact]
    public void A_failure_passes_from_process_to_process_until_it_is_cleared() => _loop.Run(async () =>
    {
        using var gate = Open();
        using (var child = new GateChild(GatePath, "m"))
        {
            Assert.Equal("none", child.WaitUntilInside());
            child.LeaveFailure(Errno.ENODEV);
            child.Kill();
        }

        using (var pass = await gate.EnterAsync("m", CancellationToken.None))
        {
            Assert.Equal(new KnownResult(Errno.ENODEV, 7, 8, new(9, 10)), pass!.LastFailure);
            pass.Leave(Failure);
        }

        using (var child = new GateChild(GatePath, "m"))
        {
            Assert.Equal("ENODEV", child.WaitUntilInside());
        }

        using (var pass = await gate.EnterAsync("m", CancellationToken.None))
        {
            Assert.Equal(Failure, pass!.LastFailure);
            pass.Leave(null);
        }

        using var last = gate.TryEnter("m");
        Assert.Null(last!.LastFailure);
        return 0;
    });

    [Fact]
    public async Task Many_processes_go_through_one_after_the_other_and_none_is_forgotten()
    {
        const int Count = 6;
        using var gate = Open();
        var first = gate.TryEnter("m")!;
        var children = Enumerable.Range(0, Count).Select(_ => new GateChild(GatePath, "m")).ToList();
        var inside = children.Select(child => Task.Factory.StartNew(child.WaitUntilInside, TaskCreationOptions.LongRunning)).ToList();
        first.Dispose();
        while (inside.Count > 0)
        {
            var entered = await Task.WhenAny(inside);
            var index = inside.IndexOf(entered);
            Assert.NotNull(await entered);
            Assert.Null(gate.TryEnter("m")); // its holder holds it
            children[index].Dispose();
            children.RemoveAt(index);
            inside.RemoveAt(index);
        }

        using var last = gate.TryEnter("m");
        Assert.NotNull(last);
    }

    [Fact]
    public void Who_leaves_while_waiting_gets_null_and_a_pass_that_comes_too_late_is_given_back() => _loop.Run(async () =>
    {
        using var gate = Open();
        using var leave = new CancellationTokenSource();
        var holder = gate.TryEnter("m")!;
        var waiting = gate.EnterAsync("m", leave.Token);
        Assert.False(waiting.IsCompleted);
        await leave.CancelAsync();
        Assert.Null(await waiting);
        holder.Dispose();
        using var next = await gate.EnterAsync("m", CancellationToken.None); // past the one that left
        Assert.NotNull(next);
        Assert.Null(await gate.EnterAsync("n", leave.Token)); // cancelled before it came
        return 0;
    });

    [Fact]
    public void A_record_that_is_damaged_anywhere_is_no_failure() => Gen.Int[0, FailureRecord.Bytes - 1].Select(Gen.Int[1, 255]).Sample((at, flip) =>
    {
        var record = new byte[FailureRecord.Bytes];
        FailureRecord.Write(record, Failure);
        Assert.Equal(Failure, FailureRecord.Read(record));
        record[at] ^= (byte)flip;
        Assert.Null(FailureRecord.Read(record));
    });

    [Fact]
    public void Every_failure_comes_back_from_its_record() =>
        Gen.Select(Gen.Int[1, 4095], Gen.ULong, Gen.Long, Gen.Long, Gen.Long).Sample((error, seqnum, timestamp, bytes, modified) =>
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
    public void A_lock_file_of_another_length_is_no_failure_and_can_be_written_over(int length)
    {
        using var gate = Open();
        var record = new byte[Math.Max(length, FailureRecord.Bytes)];
        FailureRecord.Write(record, Failure);
        File.WriteAllBytes(Path.Combine(GatePath, "m"), record[..length]);
        using (var pass = gate.TryEnter("m")!)
        {
            Assert.Null(pass.LastFailure);
            pass.Leave(Failure);
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
    public void A_name_that_is_no_modules_touches_no_file_and_keeps_nobody_out(string name)
    {
        using var gate = Open();
        using var pass = gate.TryEnter(name);
        using var second = gate.TryEnter(name);
        Assert.NotNull(second);
        Assert.Equal(2, gate.Ungated);
        Assert.NotNull(gate.LastProblem);
        Assert.Empty(Directory.EnumerateFileSystemEntries(GatePath));
    }

    [Fact]
    public void A_lock_file_that_cannot_be_opened_keeps_nobody_out()
    {
        using var gate = Open();
        _temporary.Link("run/drover/gate/m", "/etc/passwd"); // never followed
        using var pass = gate.TryEnter("m");
        Assert.NotNull(pass);
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
