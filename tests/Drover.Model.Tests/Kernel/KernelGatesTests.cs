using Drover.Model.Kernel;

namespace Drover.Model.Tests.Kernel;

public class KernelGatesTests
{
    [Theory]
    [InlineData("5.14.0-427.el9.x86_64", GateKind.None)]
    [InlineData("6.1.0-56-amd64", GateKind.None)]
    [InlineData("6.3.13", GateKind.None)]
    [InlineData("6.4-rc3", GateKind.EarlyCheck)]
    [InlineData("6.4.0", GateKind.EarlyCheck)]
    [InlineData("6.5.0-rc1+", GateKind.Idempotent)]
    [InlineData("6.12.117+deb12-amd64", GateKind.Idempotent)]
    [InlineData("7.0.0", GateKind.Idempotent)]
    public void Of_returns_the_gate_of_a_release(string release, GateKind gate) =>
        Assert.Equal(gate, KernelGates.Of(release));

    [Theory]
    [InlineData("")]
    [InlineData("6")]
    [InlineData("linux-next")]
    [InlineData("-6.5")]
    [InlineData("99999999999.1")]
    public void Of_returns_null_for_a_text_without_a_version(string release) => Assert.Null(KernelGates.Of(release));
}
