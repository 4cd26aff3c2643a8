using Drover.CommandLine;
using Drover.Linux.Files;

namespace Drover.Tests.Commands;

public class ResolveTests
{
    const string NetworkCard = "pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00";

    [Fact]
    public void Resolve_prints_one_name_per_line_like_modprobe()
    {
        var run = CommandLineRun.Run("resolve", "--root", CommandLineRun.Root, NetworkCard, "fs-btrfs");
        Assert.Equal(new CommandLineRun(0, "t_e1000e\nt_btrfs\n", ""), run);
    }

    [Fact]
    public void Verbose_shows_the_source_of_each_name() =>
        CommandLineRun.Run("resolve", "-v", "-r", CommandLineRun.Root, "my-network", "t-ptp", "symbol:pps_event",
            NetworkCard, "t_ext4", "fs-ext4").ShouldBe("resolve-verbose.txt");

    [Fact]
    public void Verbose_lines_fit_a_terminal_and_are_whole_in_a_file()
    {
        var name = NetworkCard + new string('x', 200);
        foreach (var columns in new int?[] { 50, 80, null })
        {
            using var output = new StringWriter();
            TerminalSize? size = columns is { } width ? new TerminalSize(24, width) : null;
            TestedProgram.Run(["resolve", "-v", "-r", CommandLineRun.Root, name],
                new Terminal(output, TextWriter.Null, isWatched: false, size));
            var line = output.ToString().TrimEnd('\n');
            Assert.StartsWith("t_e1000e  (modules.alias for pci:v", line, StringComparison.Ordinal);
            Assert.True(columns is null ? line.Contains(name, StringComparison.Ordinal) : line.Length <= columns, line);
        }
    }

    [Fact]
    public void Json_has_found_and_missing_names() =>
        CommandLineRun.Run("resolve", "--json", "-r", CommandLineRun.Root, NetworkCard, "nobody")
            .ShouldBe("resolve-json.txt");

    [Fact]
    public void Unknown_name_fails_and_the_others_are_resolved() =>
        CommandLineRun.Run("resolve", "-r", CommandLineRun.Root, "nobody", NetworkCard).ShouldBe("resolve-unknown.txt");

    [Fact]
    public void Missing_release_is_reported_with_the_existing_ones()
    {
        var run = CommandLineRun.Run("resolve", "--release", "9.9", "-r", CommandLineRun.Root, "ptp");
        Assert.Equal(
            new CommandLineRun(
            1, "", "drover: no module directory FIXTURES/root/lib/modules/9.9: choose one of these kernels with " +
                "--release: 6.1.0-test\n"), run);
    }

    [Fact]
    public void Root_without_modules_is_reported_with_advice()
    {
        var run = CommandLineRun.Run("resolve", "-k", "6.1.0-test", "-r", CommandLineRun.Sys, "ptp");
        Assert.Equal(
            new CommandLineRun(
                1, "", "drover: no module directory FIXTURES/sys/lib/modules/6.1.0-test: install the kernel's " +
                    "modules package, or select a root that has one with --root\n"), run);
    }
}
