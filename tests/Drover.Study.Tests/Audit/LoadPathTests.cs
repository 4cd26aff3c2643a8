using CsCheck;
using Drover.Kernel;
using Drover.Model.Herds;
using Drover.Model.Kernel;
using Drover.Study.Audit;

namespace Drover.Study.Tests.Audit;

public class LoadPathTests
{
    static readonly Gen<LoadPath> s_anyPath =
        from gate in Gen.Enum<GateKind>().Nullable()
        from kmod in Gen.Int[25, 40].Nullable()
        from files in Gen.Enum<ModuleCompression>()
        from decompresses in Gen.Enum<ModuleCompression>().Nullable()
        select new LoadPath("6.12.0", gate, kmod, files, decompresses);

    [Theory]
    [InlineData(30, ModuleCompression.None, ModuleCompression.None, true)]
    [InlineData(30, ModuleCompression.Xz, ModuleCompression.Xz, false)]
    [InlineData(31, ModuleCompression.Xz, ModuleCompression.Xz, true)]
    [InlineData(34, ModuleCompression.Zstd, ModuleCompression.None, false)]
    [InlineData(34, ModuleCompression.Zstd, ModuleCompression.Xz, false)]
    public void Kmod_and_kernel_must_both_support_decompression(
        int kmod, ModuleCompression files, ModuleCompression decompresses, bool isThroughGate)
    {
        var path = new LoadPath("6.12.0", GateKind.Idempotent, kmod, files, decompresses);
        Assert.Equal(isThroughGate, path.IsThroughGate);
    }

    [Fact]
    public void Uncompressed_files_go_through_the_gate_with_any_kmod() =>
        s_anyPath.Sample(path => Assert.True((path with { Files = ModuleCompression.None }).IsThroughGate));

    [Fact]
    public void BypassesGate_is_false_without_a_gate() => s_anyPath.Sample(path =>
    {
        Assert.Equal(path.BypassesGate, path.Gate is not (null or GateKind.None) && !path.IsThroughGate);
        var mayBypass = path.BypassesGate || (path.IsUndecided && path.WithoutDecompression.BypassesGate);
        Assert.Equal(mayBypass, path.Explain().Contains("bypasses the gate", StringComparison.Ordinal));
        Assert.Equal(path.IsThroughGate ? LoaderKind.Udev : LoaderKind.UserDecompress, path.Udev);
    });

    [Fact]
    public void Explain_names_the_versions() =>
        Assert.Equal(
            "Kernel 6.12.0 lets a duplicate wait for the first call's result (from 6.5, 9b9879fc0327). "
            + "kmod 30 decompresses xz by itself (before 31 it cannot let the kernel do it), and calls init_module: "
            + "this bypasses the gate.",
            new LoadPath("6.12.0", GateKind.Idempotent, 30, ModuleCompression.Xz, ModuleCompression.Xz).Explain());
}
