using CsCheck;
using Drover.Model;
using Drover.Modules;
using Drover.Verbs.Audit;

namespace Drover.Tests.Verbs.Audit;

/// <summary>Whether udev's loads go through the kernel's gate.</summary>
public class LoadPathTests
{
    static readonly Gen<LoadPath> Any =
        from gate in Gen.OneOf(Gen.Const((GateKind?)null), Gen.Enum<GateKind>().Select(gate => (GateKind?)gate))
        from kmod in Gen.OneOf(Gen.Const((int?)null), Gen.Int[25, 40].Select(version => (int?)version))
        from files in Gen.Enum<ModuleCompression>()
        from decompresses in Gen.OneOf(Gen.Const((ModuleCompression?)null), Gen.Enum<ModuleCompression>().Select(compression => (ModuleCompression?)compression))
        select new LoadPath("6.12.0", gate, kmod, files, decompresses);

    [Theory]
    [InlineData(30, ModuleCompression.None, ModuleCompression.None, true)]
    [InlineData(30, ModuleCompression.Xz, ModuleCompression.Xz, false)]
    [InlineData(31, ModuleCompression.Xz, ModuleCompression.Xz, true)]
    [InlineData(34, ModuleCompression.Zstd, ModuleCompression.None, false)]
    [InlineData(34, ModuleCompression.Zstd, ModuleCompression.Xz, false)]
    public void Kmod_and_kernel_must_both_be_able(int kmod, ModuleCompression files, ModuleCompression decompresses, bool isThroughGate) =>
        Assert.Equal(isThroughGate, new LoadPath("6.12.0", GateKind.Idempotent, kmod, files, decompresses).IsThroughGate);

    [Fact]
    public void What_is_not_compressed_goes_through_whatever_kmod_it_is() =>
        Any.Sample(path => Assert.True((path with { Files = ModuleCompression.None }).IsThroughGate));

    [Fact]
    public void Only_a_gate_that_is_there_can_be_bypassed() => Any.Sample(path =>
    {
        Assert.Equal(path.BypassesGate, path.Gate is not (null or GateKind.None) && !path.IsThroughGate);
        Assert.Equal(path.BypassesGate, path.Explain().Contains("bypasses the gate", StringComparison.Ordinal));
        Assert.Equal(path.IsThroughGate ? HerdKind.Udev : HerdKind.UserDecompress, path.Udev);
    });

    [Fact]
    public void The_versions_are_named() =>
        Assert.Equal(
            "Kernel 6.12.0 lets a duplicate wait for the first call's result (from 6.5, 9b9879fc0327). kmod 30 decompresses xz by itself (before 31 it cannot let the kernel do it), and calls init_module: this bypasses the gate.",
            new LoadPath("6.12.0", GateKind.Idempotent, 30, ModuleCompression.Xz, ModuleCompression.Xz).Explain());
}
