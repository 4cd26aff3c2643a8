using Drover.Lab.Prepare;

namespace Drover.Lab.Tests.Prepare;

public sealed class GuestSystemTests
{
    [Theory]
    [InlineData("sid", "sid", "amd64")]
    [InlineData("sid/arm64", "sid/arm64", "arm64")]
    [InlineData("gates/amd64", "gates", "amd64")]
    [InlineData("gates-kasan/arm64", "gates-kasan/arm64", "arm64")]
    [InlineData("6.1", "debian12", "amd64")]
    [InlineData("6.12", "6.12", "amd64")]
    public void A_name_is_a_system_and_its_architecture(string text, string name, string architecture)
    {
        var system = GuestSystem.Parse(text);

        Assert.Equal(name, system.ToString());
        Assert.Equal(architecture, system.Architecture.OptionName());
        Assert.Equal(system, GuestSystem.Parse(name));
    }

    [Theory]
    [InlineData("")]
    [InlineData("debian11")]
    [InlineData("sid/")]
    [InlineData("sid/arm64/x")]
    public void Another_name_is_an_error(string text) =>
        Assert.Throws<FormatException>(() => GuestSystem.Parse(text));

    [Fact]
    public void Only_kernels_of_the_lab_have_a_configuration_here() =>
        Assert.Equal(
            ["gates", "gates-kasan"],
            GuestSystem.Names.Where(name => GuestSystem.Parse(name).KernelConfigs.Count > 0));

    [Fact]
    public void Kernels_before_6_5_have_no_gate() =>
        Assert.Equal(
            [Gate.None, Gate.Idempotent, Gate.Idempotent, Gate.Idempotent],
            new[] { "debian12", "6.12", "debian13", "sid" }.Select(name => GuestSystem.Parse(name).KernelGate));
}
