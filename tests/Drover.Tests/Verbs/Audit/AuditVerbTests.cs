namespace Drover.Tests.Verbs.Audit;

/// <summary>What <c>drover audit</c> prints.</summary>
public sealed class AuditVerbTests : IDisposable
{
    readonly RecordableRoot _root = new("drover-audit-");

    public void Dispose() => _root.Dispose();

    [Fact]
    public void A_foreign_machine_is_audited() => Audit("--cpus", "64").ShouldBe("audit.txt");

    [Fact]
    public void The_report_is_a_document() => Audit("--cpus", "4", "--json").ShouldBe("audit-json.txt");

    [Fact]
    public void A_kernels_configuration_tells_what_it_decompresses()
    {
        File.WriteAllText(_root.Make("boot/config-6.1.0-test"), "# CONFIG_MODULE_DECOMPRESS is not set\n");
        Assert.Contains("\"kernelDecompresses\": \"none\"", Audit("--cpus", "4", "--json").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_recorded_machine_needs_nothing_else()
    {
        var file = _root.Make("machine.json");
        Assert.Equal(0, CommandLine.Run("scenario", "-r", _root.Path, "--sys", CommandLine.Sys, "--memory", "1G", "-o", file).Exit);
        var run = CommandLine.Run("audit", "--scenario", file, "--cpus", "4");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.StartsWith("udev calls the kernel ", run.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("takes no arguments, and got 'x'", "x")]
    [InlineData("--cpus takes 1 to 8192, not '9000'", "--cpus", "9000")]
    [InlineData("--scenario is a machine that was recorded already: --sys has no meaning then", "--scenario", "a", "--sys", "b")]
    public void A_mistake_is_named(string message, params string[] args) =>
        Assert.Equal(new CommandLine(2, "", $"drover: audit: {message} ('drover audit --help' tells more)\n"), CommandLine.Run(["audit", .. args]));

    CommandLine Audit(params string[] more) => CommandLine.Run(["audit", "-r", _root.Path, "--sys", CommandLine.Sys, "--memory", "1G", .. more]);
}
