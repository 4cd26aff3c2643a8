using System.CommandLine;
using Drover.Lab.Commands;
using Drover.Lab.Host;

namespace Drover.Lab.Tests.Commands;

public sealed class LabCommandTests
{
    static readonly ValueOption<IReadOnlyList<int>> s_cpus = LabOptions.CpuCounts("1");

    [Fact]
    public void Both_forms_of_an_option_with_a_value_are_read()
    {
        var line = Parse("--cpus 8,32 --memory=2G --verbose");

        Assert.Empty(line.Errors);
        Assert.Equal([8, 32], s_cpus.Of(line));
        Assert.Equal("2G", LabOptions.Memory.Of(line));
        Assert.True(line.GetValue(LabOptions.Verbose));
    }

    [Fact]
    public void An_absent_option_has_its_default()
    {
        var line = Parse("");

        Assert.Equal([1], s_cpus.Of(line));
        Assert.Equal("4G", LabOptions.Memory.Of(line));
        Assert.Null(LabOptions.Raw.Of(line));
    }

    /// <summary>Options for QEMU or drover look like options themselves.</summary>
    [Fact]
    public void A_value_may_begin_with_a_dash()
    {
        Assert.Equal("--jobs 1", LabOptions.DroverArguments.Of(Parse(["--drover-args", "--jobs 1"])));
        Assert.Equal("--verbose", LabOptions.DroverArguments.Of(Parse(["--drover-args=--verbose"])));
    }

    [Theory]
    [InlineData("4G", "4G")]
    [InlineData("4G,512M,512M", "4G 512M 512M")]
    public void Memory_is_one_size_for_all_boots_or_one_for_each(string text, string sizes) =>
        Assert.Equal(sizes.Split(' '), LabOptions.Sizes(3)(text));

    [Theory]
    [InlineData("--cpus 0", "--cpus 0: must be a number from 1 to 512")]
    [InlineData("--cpus", "--cpus")]
    [InlineData("--memory 4", "--memory 4: must be a number with M or G, such as 4G")]
    [InlineData("--memory 4G,2G", "--memory 4G,2G: takes one size, not 2")]
    [InlineData("--gates nonesuch", "--gates nonesuch: must be one of none, early, exclusive, idempotent")]
    [InlineData("--drover-args $(reboot)", "takes letters, digits, blanks and -=_.,/ only")]
    [InlineData("cpus", "cpus")]
    [InlineData("--colour red", "--colour")]
    [InlineData("@file", "@file")]
    public void A_wrong_option_is_named(string line, string message) =>
        Assert.Contains(message, Parse(line).Errors[0].Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("nonesuch", "one of lab/run, lab/compare, ")]
    [InlineData("run --cpus 1 --loader udev", "--system")]
    [InlineData("run --kernel 6.1 --cpus 1 --loader udev --gate exclusive", "the gate of debian12 is none")]
    [InlineData("run --kernel 6.1 --cpus 1 --loader udev --boot x", "--boot is for --audit")]
    [InlineData("run --kernel 6.1 --cpus 1 --loader udev --guest", "--slowdown and --guest are for --scenario")]
    [InlineData("run --kernel 6.1 --cpus 1 --loader udev --scenario x", "--scenario is for --loader drover")]
    [InlineData("torture --kernel 6.1 --cpus 1", "--cpus 1: must be a number from 2 to 512")]
    [InlineData("run --system sid --arch mips --cpus 1 --loader udev", "--arch mips: must be one of amd64, arm64")]
    [InlineData("run --system sid/mips --cpus 1 --loader udev", "--system sid/mips: must be one of amd64, arm64")]
    [InlineData("run --system sid --cpus 256 --loader udev", "amd64 guests have at most 255 CPUs")]
    [InlineData("run --system sid --cpus 1 --loader udev --threads multi", "--threads multi needs --clock host")]
    [InlineData("boot --systems gates", "gates cannot boot from an NVDIMM")]
    [InlineData("boot --systems sid/arm64", "sid/arm64 cannot boot from an NVDIMM")]
    [InlineData("fidelity --system sid", "only the lab's own kernel has all gates")]
    [InlineData("install --system gates", "--system gates: must be one of debian12, 6.12, debian13, sid, 6.1")]
    public async Task A_wrong_command_line_has_status_2(string line, string message)
    {
        var problem = await Assert.ThrowsAsync<LabException>(() => LabCommand.RunAsync(line.Split(' ')));
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
        Assert.Equal(LabException.UsageCode, problem.ExitCode);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("compare")]
    [InlineData("fidelity")]
    [InlineData("tools")]
    [InlineData("policy")]
    [InlineData("torture")]
    [InlineData("install")]
    [InlineData("boot")]
    [InlineData("experiment")]
    public async Task Help_of_each_command_succeeds(string command) =>
        Assert.Equal(0, await LabCommand.RunAsync([command, "--help"]));

    static ParseResult Parse(string line) => Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    static ParseResult Parse(string[] words)
    {
        var command = new Command("lab/test")
        {
            s_cpus, LabOptions.Memory, LabOptions.Verbose, LabOptions.Raw, LabOptions.DroverArguments,
            LabOptions.GateList,
        };
        return command.Parse(words, new ParserConfiguration { ResponseFileTokenReplacer = null });
    }
}
