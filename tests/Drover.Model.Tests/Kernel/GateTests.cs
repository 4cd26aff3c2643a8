using Drover.Kernel;
using Drover.Model.Kernel;

namespace Drover.Model.Tests.Kernel;

/// <summary>Parallel calls for one file on each gate.</summary>
public sealed class GateTests
{
    const int Callers = 10;
    const long Bytes = 10_000;

    [Fact]
    public void Gate_none_reads_and_lays_out_every_copy()
    {
        var (bench, calls) = Herd(GateKind.None);
        Assert.Equal((1, Callers - 1), (calls[Errno.None], calls[Errno.EEXIST]));
        Assert.Equal((Callers - 1) * 2 * Bytes, bench.Stats.WastedBytes);
        Assert.Equal(DuplicateReason.Load, Assert.Single(bench.Stats.Duplicates).Reason);
    }

    [Fact]
    public void Early_check_reads_every_copy_and_lays_out_racing_ones()
    {
        var (bench, calls) = Herd(GateKind.EarlyCheck);
        Assert.Equal((1, Callers - 1), (calls[Errno.None], calls[Errno.EEXIST]));
        Assert.Equal(Callers - 1, bench.Stats.FailedBecoming + bench.Stats.FailedLoad);
        Assert.InRange(bench.Stats.WastedBytes, (Callers - 1) * Bytes, (Callers - 1) * 2 * Bytes);
    }

    [Fact]
    public void Exclusive_gate_refuses_at_once()
    {
        var (bench, calls) = Herd(GateKind.Exclusive);
        Assert.Equal((1, Callers - 1), (calls[Errno.None], calls[Errno.ETXTBSY]));
        Assert.Equal(0, bench.Stats.WastedBytes);
        Assert.Equal(3 * Bytes, bench.Memory.PeakVmallocBytes);
    }

    [Theory]
    [InlineData(null, Errno.None)]
    [InlineData("ENODEV", Errno.ENODEV)]
    public void Idempotent_gate_returns_the_first_result_to_all(string? initError, Errno error)
    {
        var (bench, calls) = Herd(GateKind.Idempotent, initError);
        Assert.Equal(Callers, calls[error]);
        Assert.Equal(0, bench.Stats.WastedBytes);
        Assert.Equal(3 * Bytes, bench.Memory.PeakVmallocBytes);
    }

    [Fact]
    public void Load_returns_EINTR_when_killed_at_the_idempotent_gate()
    {
        var bench = new Bench(GateKind.Idempotent);
        var file = bench.File("a", with: facts => facts with { InitSleepNs = 1_000_000_000 });
        var first = bench.Finit(file);
        bench.Until(first, LoadStage.Init);
        var second = bench.Finit(file);
        bench.Until(second, WaitReason.Gate);
        second.Task.Kill();
        bench.Until(() => second.HasReturned);
        Assert.Equal((Errno.EINTR, false), (second.Error, first.HasReturned));
        bench.Rest();
        Assert.Equal(Errno.None, first.Error);
    }

    [Theory]
    [InlineData(GateKind.Exclusive)]
    [InlineData(GateKind.Idempotent)]
    public void Init_module_has_no_gate(GateKind gate)
    {
        var bench = new Bench(gate);
        var file = bench.File("a");
        var calls = new[] { bench.Init(file), bench.Init(file) };
        bench.Rest();
        Assert.Equal([Errno.None, Errno.EEXIST], calls.Select(call => call.Error).Order());
        Assert.True(bench.Stats.WastedBytes > 0);
    }

    [Fact]
    public void The_denial_of_the_read_nests_in_the_exclusive_gate()
    {
        var bench = new Bench(GateKind.Exclusive);
        var file = bench.File("a", with: facts => facts with { InitSleepNs = 1_000_000 });
        var call = bench.Finit(file);
        Assert.Equal(0, file.Inode.WriteCount);
        bench.Until(call, LoadStage.Read);
        Assert.Equal(-2, file.Inode.WriteCount);
        bench.Until(call, LoadStage.Verify);
        Assert.Equal(-1, file.Inode.WriteCount);
        bench.Until(call, LoadStage.Init);
        Assert.Equal(-1, file.Inode.WriteCount);
        bench.Rest();
        Assert.Equal(0, file.Inode.WriteCount);
    }

    [Theory]
    [InlineData(GateKind.None)]
    [InlineData(GateKind.Idempotent)]
    public void Other_gates_deny_writing_only_during_the_read(GateKind gate)
    {
        var bench = new Bench(gate);
        var file = bench.File("a");
        var call = bench.Finit(file);
        bench.Until(call, LoadStage.Read);
        Assert.Equal(-1, file.Inode.WriteCount);
        Assert.Equal(Errno.ETXTBSY, FileWriter.TryOpen(file.Inode, out _));
        bench.Until(call, LoadStage.Verify);
        Assert.Equal(Errno.None, FileWriter.TryOpen(file.Inode, out var writer));
        bench.Rest();
        Assert.Equal((Errno.None, 1), (call.Error, file.Inode.WriteCount));
        writer!.Dispose();
    }

    [Theory]
    [InlineData(GateKind.None, Errno.None)]
    [InlineData(GateKind.EarlyCheck, Errno.None)]
    [InlineData(GateKind.Exclusive, Errno.ETXTBSY)]
    [InlineData(GateKind.Idempotent, Errno.None)]
    public void Only_the_exclusive_gate_refuses_a_load_during_verity(GateKind gate, Errno error)
    {
        var bench = new Bench(gate);
        var file = bench.File("a");
        Assert.Equal(Errno.None, EnableVerity.TryBegin(file.Inode, out var verity));
        Assert.Equal(error, bench.Load(file));
        verity!.Complete();
        verity.Dispose();
        // a sealed file can be loaded on every gate
        Assert.Equal(error is Errno.None ? Errno.EEXIST : Errno.None, bench.Load(file));
        Assert.Equal(Errno.EPERM, FileWriter.TryOpen(file.Inode, out _));
    }

    [Theory]
    [InlineData(GateKind.None, Errno.None)]
    [InlineData(GateKind.EarlyCheck, Errno.None)]
    [InlineData(GateKind.Exclusive, Errno.ETXTBSY)]
    [InlineData(GateKind.Idempotent, Errno.None)]
    public void Only_the_exclusive_gate_refuses_a_file_that_runs_as_a_program(GateKind gate, Errno error)
    {
        var bench = new Bench(gate);
        var file = bench.File("a");
        Assert.Equal(Errno.None, RunningProgram.TryExecve(file.Inode, out var program));
        Assert.Equal(error, bench.Load(file));
        program!.Dispose();
        Assert.Equal(0, file.Inode.WriteCount);
    }

    [Fact]
    public void Verity_can_begin_during_a_load_inside_the_exclusive_gate()
    {
        var bench = new Bench(GateKind.Exclusive);
        var file = bench.File("a");
        var call = bench.Finit(file);
        bench.Until(call, LoadStage.Verify);
        Assert.Equal(Errno.None, EnableVerity.TryBegin(file.Inode, out var verity));
        bench.Rest();
        Assert.Equal((Errno.None, -1), (call.Error, file.Inode.WriteCount));
        verity!.Dispose();
        Assert.Equal(0, file.Inode.WriteCount);
    }

    static (Bench Bench, Dictionary<Errno, int> Calls) Herd(GateKind gate, string? initError = null)
    {
        var bench = new Bench(gate, cpus: Callers);
        var file = bench.File("a", with: facts => facts with { InitNs = 1_000_000, InitError = initError });
        var calls = Enumerable.Range(0, Callers).Select(_ => bench.Finit(file)).ToList();
        bench.Rest();
        return (bench, calls.CountBy(call => call.Error).ToDictionary());
    }
}
