using Drover.Lab.Reading;
using Drover.Lab.Report;

namespace Drover.Lab.Tests;

public sealed class WasteTests
{
    static readonly Dictionary<string, long> Sizes = new() { ["cryptd"] = 1000, ["scsi_mod"] = 257_896, ["powernow_k8"] = 500 };

    [Fact]
    public void Without_statistics_failed_calls_count_by_what_they_read_and_only_duplicates_as_such()
    {
        var waste = Waste.Of([Call("cryptd", "0"), Call("cryptd", "EEXIST"), Call("powernow_k8", "ENODEV"), Call("cryptd", null)], stats: null, Sizes);

        Assert.Equal((1500, 1000), (waste.Bytes, waste.DuplicateBytes));
    }

    [Fact]
    public void The_exclusive_gates_refusal_costs_no_bytes() =>
        Assert.Equal(0, Waste.Of([Call("cryptd", "ETXTBSY")], stats: null, Sizes).Bytes);

    [Fact]
    public void Init_module_counts_what_it_was_handed_not_the_compressed_file() =>
        Assert.Equal(9000, Waste.Of([Call("cryptd", "EBUSY") with { Syscall = "init_module", Bytes = 9000 }], stats: null, Sizes).DuplicateBytes);

    [Fact]
    public void An_unknown_symbol_is_taken_out_of_the_kernels_statistics()
    {
        // two tries at a module whose symbols the kernel lacks: laid out twice, each counted twice
        var stats = new ModuleStats(21, 138, 2, 0, 0, 5_586_456, 1_031_584, 6_618_040);

        var waste = Waste.Of([Call("scsi_mod", "ENOENT"), Call("scsi_mod", "ENOENT"), Call("powernow_k8", "ENODEV")], stats, Sizes);

        Assert.Equal((6_618_040, 5_586_456), (waste.Bytes, waste.DuplicateBytes));
    }

    static ModuleCall Call(string module, string? result) => new("finit_module", module, result, 1, "test", 0, 0, null);
}
