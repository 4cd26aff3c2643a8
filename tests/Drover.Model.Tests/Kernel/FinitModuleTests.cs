using Drover.Kernel;
using Drover.Model.Kernel;

namespace Drover.Model.Tests.Kernel;

/// <summary>Every errno at its stage, its statistics, and that it frees all memory.</summary>
public sealed class FinitModuleTests
{
    const long Bytes = 10_000;

    public static TheoryData<GateKind> Gates => [.. Enum.GetValues<GateKind>()];

    [Theory]
    [MemberData(nameof(Gates))]
    public void Load_passes_all_stages_and_keeps_the_image(GateKind gate)
    {
        var bench = new Bench(gate);
        Assert.Equal(Errno.None, bench.Load(bench.File("a")));
        Assert.Equal(
            ["read", "verify", "layout", "add", "symbols", "init"],
            bench.Trace.Where(happened => happened.Kind is ModelEventKind.Stage).Select(happened => happened.What));
        Assert.Equal(
            ["unformed", "coming", "live"],
            bench.Trace.Where(
                happened => happened.Kind is ModelEventKind.ModuleState).Select(happened => happened.What));
        Assert.Equal(InitState.Live, bench.Kernel.InitStateOf("a"));
        Assert.Equal(
            (2 * Bytes, 2 * Bytes, 0), (bench.Memory.VmallocBytes, bench.Kernel.BytesLive, bench.Kernel.BytesOfCalls));
        Assert.Equal(
            new ModuleStats { EverLoaded = 1, TotalModuleBytes = 2 * Bytes, TotalTextBytes = Bytes / 2 },
            bench.Stats with { Duplicates = new ModuleStats().Duplicates });
    }

    [Fact]
    public void Load_returns_EPERM_without_allocations_when_modules_are_disabled()
    {
        var bench = new Bench();
        bench.Kernel.ModulesDisabled = true;
        Assert.Equal(Errno.EPERM, bench.Load(bench.File("a")));
        AssertFailed(bench, new ModuleStats(), peak: 0);
    }

    [Theory]
    [MemberData(nameof(Gates))]
    public void Load_returns_ETXTBSY_while_the_file_is_open_for_writing(GateKind gate)
    {
        var bench = new Bench(gate);
        var file = bench.File("a");
        Assert.Equal(Errno.None, FileWriter.TryOpen(file.Inode, out var writer));
        Assert.Equal(Errno.ETXTBSY, bench.Load(file));
        // the exclusive gate refuses before the read
        AssertFailed(bench, new ModuleStats { FailedKread = gate is GateKind.Exclusive ? 0 : 1 }, peak: 0);
        writer!.Dispose();
        Assert.Equal(Errno.None, bench.Load(file));
    }

    [Fact]
    public void Load_returns_ENOMEM_when_the_read_cannot_allocate()
    {
        var bench = new Bench();
        FailAllocation(bench, 1);
        Assert.Equal(Errno.ENOMEM, bench.Load(bench.File("a")));
        AssertFailed(bench, new ModuleStats { FailedKread = 1 }, peak: 0);
    }

    [Fact]
    public void Load_returns_ENOMEM_when_the_layout_cannot_allocate()
    {
        var bench = new Bench();
        FailAllocation(bench, 2);
        Assert.Equal(Errno.ENOMEM, bench.Load(bench.File("a")));
        AssertFailed(bench, new ModuleStats { FailedBecoming = 1, FailedBecomingBytes = Bytes }, peak: Bytes);
    }

    [Fact]
    public void Load_returns_EIO_when_the_read_fails()
    {
        var bench = new Bench(GateKind.Exclusive);
        var file = bench.File("a");
        file.IsUnreadable = true;
        Assert.Equal(Errno.EIO, bench.Load(file));
        AssertFailed(bench, new ModuleStats { FailedKread = 1 }, peak: Bytes);
        Assert.Equal(0, file.Inode.WriteCount);
    }

    [Theory]
    [InlineData(false, false, Errno.EOPNOTSUPP)]
    [InlineData(true, true, Errno.EINVAL)]
    public void Load_fails_for_a_file_that_the_kernel_cannot_decompress(bool decompresses, bool isForeign, Errno error)
    {
        var bench = new Bench(decompresses: decompresses);
        var file = Compressed(bench);
        file.IsForeign = isForeign;
        Assert.Equal(error, bench.Load(file, compressed: true));
        AssertFailed(bench, new ModuleStats { FailedDecompress = 1, FailedDecompressBytes = Bytes }, peak: Bytes);
    }

    [Fact]
    public void Load_returns_ENOMEM_when_decompression_cannot_allocate()
    {
        var bench = new Bench();
        FailAllocation(bench, 2);
        Assert.Equal(Errno.ENOMEM, bench.Load(Compressed(bench), compressed: true));
        AssertFailed(bench, new ModuleStats { FailedDecompress = 1, FailedDecompressBytes = Bytes }, peak: Bytes);
    }

    [Theory]
    [InlineData(true, Errno.EKEYREJECTED)]
    [InlineData(false, Errno.ENOEXEC)]
    public void A_file_rejected_before_the_layout_wastes_its_copy_and_the_compressed_file(bool isRejected, Errno error)
    {
        var bench = new Bench();
        var file = isRejected ? Compressed(bench) : bench.File("a");
        (file.IsRejected, file.IsForeign) = (isRejected, !isRejected);
        Assert.Equal(error, bench.Load(file, compressed: isRejected));
        AssertFailed(bench, isRejected
            ? new ModuleStats { FailedBecoming = 1, FailedBecomingBytes = 3 * Bytes, FailedDecompressBytes = Bytes }
            : new ModuleStats { FailedBecoming = 1, FailedBecomingBytes = Bytes }, peak: isRejected
                ? 4 * Bytes
                : Bytes);
    }

    [Theory]
    [InlineData(GateKind.None, DuplicateReason.Load)]
    [InlineData(GateKind.EarlyCheck, DuplicateReason.Becoming)]
    [InlineData(GateKind.Exclusive, DuplicateReason.Becoming)]
    [InlineData(GateKind.Idempotent, DuplicateReason.Becoming)]
    public void A_serial_duplicate_wastes_memory_on_every_gate(GateKind gate, DuplicateReason reason)
    {
        var bench = new Bench(gate);
        var file = bench.File("a");
        bench.Load(file);
        Assert.Equal(Errno.EEXIST, bench.Load(file));
        Assert.Equal(reason is DuplicateReason.Load ? (0, 0L, 1, 2 * Bytes) : (1, Bytes, 0, 0L),
            (
                bench.Stats.FailedBecoming, bench.Stats.FailedBecomingBytes, bench.Stats.FailedLoad,
                bench.Stats.FailedLoadBytes));
        Assert.Equal(new DuplicateFailure("a", 1, reason), Assert.Single(bench.Stats.Duplicates));
        Assert.Equal(bench.Stats.WastedBytes, bench.Kernel.DuplicateBytes);
        Assert.Equal(2 * Bytes, bench.Memory.VmallocBytes);
    }

    [Fact]
    public void Load_returns_EBUSY_after_waiting_for_a_load_that_fails()
    {
        var bench = new Bench();
        var file = bench.File("a", with: facts => facts with { InitSleepNs = 1_000_000, InitError = "ENODEV" });
        var first = bench.Finit(file);
        bench.Until(first, LoadStage.Init);
        var second = bench.Finit(file);
        bench.Until(second, WaitReason.SameModule);
        bench.Rest();
        Assert.Equal((Errno.ENODEV, Errno.EBUSY), (first.Error, second.Error));
        AssertFailed(bench, new ModuleStats { FailedLoad = 1, FailedLoadBytes = 2 * Bytes }, peak: 5 * Bytes);
    }

    [Fact]
    public void A_failed_init_wastes_nothing_and_frees_everything()
    {
        var bench = new Bench();
        Assert.Equal(Errno.ENODEV, bench.Load(bench.File("a", with: facts => facts with { InitError = "ENODEV" })));
        Assert.Equal(
            ["unformed", "coming", "going", "gone"],
            bench.Trace.Where(
                happened => happened.Kind is ModelEventKind.ModuleState).Select(happened => happened.What));
        AssertFailed(bench, new ModuleStats(), peak: 3 * Bytes);
    }

    [Theory]
    [InlineData("ENXIO", 6)]
    [InlineData("EBUSY", 16)]
    [InlineData("ETIMEDOUT", 110)]
    public void Load_returns_any_errno_of_the_init(string name, int error)
    {
        var bench = new Bench();
        Assert.Equal((Errno)error, bench.Load(bench.File("a", with: facts => facts with { InitError = name })));
    }

    [Fact]
    public void Load_returns_ENOENT_without_a_dependency()
    {
        var bench = new Bench();
        Assert.Equal(Errno.ENOENT, bench.Load(bench.File("b", dependencies: ["a"])));
        AssertFailed(bench, new ModuleStats { FailedLoad = 1, FailedLoadBytes = 2 * Bytes }, peak: 3 * Bytes);
    }

    [Fact]
    public void Load_waits_for_a_coming_dependency()
    {
        var bench = new Bench();
        var first = bench.Finit(bench.File("a", with: facts => facts with { InitSleepNs = 5_000_000_000 }));
        bench.Until(first, LoadStage.Init);
        var second = bench.Finit(bench.File("b", dependencies: ["a"]));
        bench.Until(second, WaitReason.Dependency);
        Assert.Equal(InitState.Coming, bench.Kernel.InitStateOf("a"));
        bench.Rest();
        Assert.Equal((Errno.None, Errno.None), (first.Error, second.Error));
        Assert.Equal(1, bench.Kernel.Find("a")!.Users);
    }

    [Fact]
    public void Load_waits_30_s_for_a_coming_dependency()
    {
        var bench = new Bench();
        var first = bench.Finit(bench.File("a", with: facts => facts with { InitSleepNs = 60_000_000_000 }));
        bench.Until(first, LoadStage.Init);
        var second = bench.Finit(bench.File("b", dependencies: ["a"]));
        bench.Until(second, WaitReason.Dependency);
        var began = bench.Simulation.NowNs;
        bench.Until(() => second.HasReturned);
        Assert.Equal(Errno.EBUSY, second.Error);
        Assert.Equal(30_000_000_000, bench.Simulation.NowNs - began);
    }

    [Fact]
    public void Load_returns_EINTR_and_counts_no_duplicate_when_killed_while_it_waits()
    {
        var bench = new Bench(GateKind.EarlyCheck);
        var file = bench.File("a", with: facts => facts with { InitSleepNs = 1_000_000_000 });
        var first = bench.Finit(file);
        bench.Until(first, LoadStage.Init);
        var second = bench.Finit(file);
        bench.Until(second, WaitReason.SameModule);
        second.Task.Kill();
        bench.Until(() => second.HasReturned);
        Assert.False(first.HasReturned);
        Assert.Equal(Errno.EINTR, second.Error);
        Assert.Empty(bench.Stats.Duplicates);
        bench.Rest();
        Assert.Equal(Errno.None, first.Error);
    }

    static ModuleOnDisk Compressed(Bench bench) => bench.File("a", with: facts => facts with { ElfBytes = 3 * Bytes });

    /// <summary>Makes the allocation of that number fail.</summary>
    static void FailAllocation(Bench bench, int number) => bench.Memory.Refuses = () => --number == 0;

    static void AssertFailed(Bench bench, ModuleStats stats, long peak)
    {
        Assert.Equal(stats, bench.Stats with { Duplicates = stats.Duplicates });
        Assert.Equal(
            (0, 0, 0, peak),
            (bench.Kernel.CallsInFlight, bench.Kernel.BytesOfCalls, bench.Memory.UsedBytes, bench.Memory.PeakBytes));
        Assert.Empty(bench.Kernel.Modules);
    }
}
