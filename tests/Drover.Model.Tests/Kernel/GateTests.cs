using Drover.Loading;

namespace Drover.Model.Tests;

/// <summary>Equal calls side by side, on each gate; and what no gate guards.</summary>
public sealed class GateTests
{
    const int Callers = 10;
    const long Bytes = 10_000;

    [Fact]
    public void None_reads_and_lays_out_every_copy()
    {
        var (bench, calls) = Herd(GateKind.None);
        Assert.Equal((1, Callers - 1), (calls[Errno.None], calls[Errno.EEXIST]));
        Assert.Equal((Callers - 1) * 2 * Bytes, bench.Stats.WastedBytes);
        Assert.Equal(DuplicateReason.Load, Assert.Single(bench.Stats.Duplicates).Reason);
    }

    [Fact]
    public void EarlyCheck_reads_every_copy_and_lays_out_those_that_race()
    {
        var (bench, calls) = Herd(GateKind.EarlyCheck);
        Assert.Equal((1, Callers - 1), (calls[Errno.None], calls[Errno.EEXIST]));
        Assert.Equal(Callers - 1, bench.Stats.FailedBecoming + bench.Stats.FailedLoad);
        Assert.InRange(bench.Stats.WastedBytes, (Callers - 1) * Bytes, (Callers - 1) * 2 * Bytes);
    }

    [Fact]
    public void Exclusive_refuses_at_once()
    {
        var (bench, calls) = Herd(GateKind.Exclusive);
        Assert.Equal((1, Callers - 1), (calls[Errno.None], calls[Errno.ETXTBSY]));
        Assert.Equal(0, bench.Stats.WastedBytes);
        Assert.Equal(3 * Bytes, bench.Memory.PeakVmallocBytes);
    }

    [Theory]
    [InlineData(null, Errno.None)]
    [InlineData("ENODEV", Errno.ENODEV)]
    public void Idempotent_gives_everybody_the_first_ones_result(string? initError, Errno error)
    {
        var (bench, calls) = Herd(GateKind.Idempotent, initError);
        Assert.Equal(Callers, calls[error]);
        Assert.Equal(0, bench.Stats.WastedBytes);
        Assert.Equal(3 * Bytes, bench.Memory.PeakVmallocBytes);
    }

    [Fact]
    public void EINTR_for_who_is_killed_at_the_idempotent_gate()
    {
        var bench = new Bench(GateKind.Idempotent);
        var file = bench.File("a", with: facts => facts with { InitSleepNs = 1_000_000_000 });
        var first = bench.Finit(file);
        bench.Until(first, "init");
        var second = bench.Finit(file);
        bench.Until(second, "the gate");
        second.Task.Kill();
        bench.Until(() => second.HasReturned);
        Assert.Equal((Errno.EINTR, false), (second.Error, first.HasReturned));
        bench.Rest();
        Assert.Equal(Errno.None, first.Error);
    }

    [Theory]
    [InlineData(GateKind.Exclusive)]
    [InlineData(GateKind.Idempotent)]
    public void No_gate_guards_init_module(GateKind gate)
    {
        var bench = new Bench(gate);
        var file = bench.File("a");
        var calls = new[] { bench.Init(file), bench.Init(file) };
        bench.Rest();
        Assert.Equal([Errno.None, Errno.EEXIST], calls.Select(call => call.Error).Order());
        Assert.True(bench.Stats.WastedBytes > 0);
    }

    [Fact]
    public void The_exclusive_gate_nests_with_the_denial_of_the_read()
    {
        var bench = new Bench(GateKind.Exclusive);
        var file = bench.File("a", with: facts => facts with { InitSleepNs = 1_000_000 });
        var call = bench.Finit(file);
        Assert.Equal(0, file.Inode.WriteCount);
        bench.Until(call, "read");
        Assert.Equal(-2, file.Inode.WriteCount);
        bench.Until(call, "verify");
        Assert.Equal(-1, file.Inode.WriteCount);
        bench.Until(call, "init");
        Assert.Equal(-1, file.Inode.WriteCount);
        bench.Rest();
        Assert.Equal(0, file.Inode.WriteCount);
    }

    [Theory]
    [InlineData(GateKind.None)]
    [InlineData(GateKind.Idempotent)]
    public void Otherwise_writing_is_denied_only_while_it_is_read(GateKind gate)
    {
        var bench = new Bench(gate);
        var file = bench.File("a");
        var call = bench.Finit(file);
        bench.Until(call, "read");
        Assert.Equal(-1, file.Inode.WriteCount);
        Assert.Equal(Errno.ETXTBSY, FileWriter.TryOpen(file.Inode, out _));
        bench.Until(call, "verify");
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
    public void A_load_while_the_file_is_being_sealed_by_verity(GateKind gate, Errno error)
    {
        var bench = new Bench(gate);
        var file = bench.File("a");
        Assert.Equal(Errno.None, EnableVerity.TryBegin(file.Inode, out var verity));
        Assert.Equal(error, bench.Load(file));
        verity!.Complete();
        verity.Dispose();
        // sealed first, loaded then: on every gate
        Assert.Equal(error is Errno.None ? Errno.EEXIST : Errno.None, bench.Load(file));
        Assert.Equal(Errno.EPERM, FileWriter.TryOpen(file.Inode, out _));
    }

    [Theory]
    [InlineData(GateKind.None, Errno.None)]
    [InlineData(GateKind.EarlyCheck, Errno.None)]
    [InlineData(GateKind.Exclusive, Errno.ETXTBSY)]
    [InlineData(GateKind.Idempotent, Errno.None)]
    public void A_load_of_a_file_that_runs_as_a_program(GateKind gate, Errno error)
    {
        var bench = new Bench(gate);
        var file = bench.File("a");
        Assert.Equal(Errno.None, RunningProgram.TryExecve(file.Inode, out var program));
        Assert.Equal(error, bench.Load(file));
        program!.Dispose();
        Assert.Equal(0, file.Inode.WriteCount);
    }

    [Fact]
    public void Verity_may_begin_while_a_load_is_inside_the_exclusive_gate()
    {
        var bench = new Bench(GateKind.Exclusive);
        var file = bench.File("a");
        var call = bench.Finit(file);
        bench.Until(call, "verify");
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
