using Drover.Lab.Reading;
using Drover.Lab.Runs;
using Drover.Model.Kernel;

namespace Drover.Lab.Tests.Runs;

public sealed class WasteTests
{
    static readonly Dictionary<string, long> s_sizes = new()
    {
        ["cryptd"] = 1000,
        ["scsi_mod"] = 257_896,
        ["powernow_k8"] = 500,
    };

    [Fact]
    public void Without_statistics_failed_calls_count_the_bytes_they_read()
    {
        ModuleCall[] calls =
            [Call("cryptd", "0"), Call("cryptd", "EEXIST"), Call("powernow_k8", "ENODEV"), Call("cryptd", null)];
        var waste = Waste.Of(calls, stats: null, s_sizes);

        Assert.Equal((1500, 1000), (waste.Bytes, waste.DuplicateBytes));
    }

    [Fact]
    public void A_refusal_by_the_exclusive_gate_costs_no_bytes() =>
        Assert.Equal(0, Waste.Of([Call("cryptd", "ETXTBSY")], stats: null, s_sizes).Bytes);

    [Fact]
    public void Init_module_counts_its_length_not_the_compressed_file()
    {
        var call = Call("cryptd", "EBUSY") with { Syscall = "init_module", Bytes = 9000 };
        Assert.Equal(9000, Waste.Of([call], stats: null, s_sizes).DuplicateBytes);
    }

    [Fact]
    public void An_unknown_symbol_is_subtracted_from_the_kernels_statistics()
    {
        // two attempts at a module whose symbols the kernel lacks: laid out twice, each counted twice
        var stats = new ModuleStats { FailedBecomingBytes = 5_586_456, FailedLoadBytes = 1_031_584 };

        ModuleCall[] calls = [Call("scsi_mod", "ENOENT"), Call("scsi_mod", "ENOENT"), Call("powernow_k8", "ENODEV")];
        var waste = Waste.Of(calls, stats, s_sizes);

        Assert.Equal((6_618_040, 5_586_456), (waste.Bytes, waste.DuplicateBytes));
    }

    static ModuleCall Call(string module, string? result) => new("finit_module", module, result, 1, "test", 0, 0, null);
}
