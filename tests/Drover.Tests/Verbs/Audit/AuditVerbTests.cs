using System.Formats.Tar;

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

    [Fact]
    public void A_machine_in_an_archive_is_that_of_the_same_files()
    {
        var tar = _root.Make("sys.tar");
        TarFile.CreateFromDirectory(CommandLine.Sys, tar, includeBaseDirectory: true);
        var run = CommandLine.Run("audit", "-r", _root.Path, "--tar", tar, "--release", "6.1.0-test", "--memory", "1G", "--cpus", "64");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Equal(Audit("--cpus", "64").Out.Split("\n\n")[..^1], run.Out.Split("\n\n")[..^2]);
    }

    [Theory]
    [InlineData(" does not tell its kernel's release (proc/version, uname -a): say it with --release VERSION")]
    [InlineData(" does not tell how much memory its machine has (proc/meminfo): say it with --memory SIZE, such as --memory 16G", "--release", "6.1.0-test")]
    public void What_an_archive_lacks_is_to_be_said(string message, params string[] args)
    {
        var tar = _root.Make("sys.tar");
        TarFile.CreateFromDirectory(CommandLine.Sys, tar, includeBaseDirectory: true);
        Assert.Equal(new CommandLine(1, "", $"drover: {tar}{message}\n"), CommandLine.Run(["audit", "-r", _root.Path, "--tar", tar, .. args]));
    }

    [Theory]
    [InlineData("takes no arguments, and got 'x'", "x")]
    [InlineData("--cpus takes 1 to 8192, not '9000'", "--cpus", "9000")]
    [InlineData("--tar has a machine's /sys: leave out --sys", "--tar", "a", "--sys", "b")]
    [InlineData("--scenario is a machine that was recorded already: --sys has no meaning then", "--scenario", "a", "--sys", "b")]
    public void A_mistake_is_named(string message, params string[] args) =>
        Assert.Equal(new CommandLine(2, "", $"drover: audit: {message} ('drover audit --help' tells more)\n"), CommandLine.Run(["audit", .. args]));

    CommandLine Audit(params string[] more) => CommandLine.Run(["audit", "-r", _root.Path, "--sys", CommandLine.Sys, "--memory", "1G", .. more]);
}
