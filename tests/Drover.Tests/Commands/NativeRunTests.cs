namespace Drover.Tests.Commands;

/// <summary>The native binary, run by a shell.</summary>
public class NativeRunTests
{
    const string RemovedDirectory = "the working directory was removed: change to another one\n";

    [Fact]
    public void Native_output_equals_managed_output()
    {
        var (exit, output, error) = NativeShell.Run(
            $"{Repository.NativeBinary} resolve --root {CommandLineRun.Root} fs-btrfs nobody");
        Assert.Equal((1, "t_btrfs\n"), (exit, output));
        Assert.StartsWith("drover: nobody: no module", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Native_binary_appends_to_a_shared_output_file()
    {
        var (_, output, _) = NativeShell.Run(
            $"f=$(mktemp); {{ echo before; {Repository.NativeBinary} resolve --root {CommandLineRun.Root} fs-btrfs; " +
            $"echo behind; }} >$f; cat $f; rm $f");
        Assert.Equal("before\nt_btrfs\nbehind\n", output);
    }

    [Fact]
    public void Closed_pipe_does_not_crash()
    {
        var (_, output, error) = NativeShell.Run(
            $"{{ {Repository.NativeBinary} --help; echo status $? >&2; }} | true; exit 0");
        Assert.Equal("", output);
        Assert.Matches("^status [01]\n$", error);
    }

    [Fact]
    public void Full_disk_is_reported()
    {
        var (exit, _, error) = NativeShell.Run($"{Repository.NativeBinary} --help >/dev/full");
        Assert.Equal((1, "drover: output could not be written: no space left\n"), (exit, error));
    }

    [Fact]
    public void Closed_standard_streams_do_not_crash()
    {
        var (exit, _, _) = NativeShell.Run($"{Repository.NativeBinary} nonsense >&- 2>&-");
        Assert.Equal(2, exit);
    }

    [Theory]
    [InlineData("herd --cpus 2 --gate none --html x", "drover: x: No such file or directory\n")]
    [InlineData("audit --scenario debian13 --cpus 2 --metrics x", RemovedDirectory)]
    [InlineData("install --dry-run --root .", RemovedDirectory)]
    public void A_working_directory_that_was_removed_is_an_error(string command, string message)
    {
        var run = NativeShell.Run($"cd $(mktemp -d) && rmdir $PWD && drover {command}");
        Assert.Equal((1, ""), (run.Exit, run.Output));
        Assert.EndsWith(message, run.Error, StringComparison.Ordinal);
    }

    /// <summary>Else it would be the first file that the program opens.</summary>
    [Theory]
    [InlineData("report - <&-", "drover: standard input: is empty: expected ")]
    [InlineData("modules-load -n -r ROOT - <&-", "drover: standard input: is empty\n")]
    [InlineData("herd --cpus 2 >&-", "drover: output could not be written: the file is not open for this\n")]
    [InlineData("resolve --root ROOT fs-btrfs >&-",
        "drover: output could not be written: the file is not open for this\n")]
    public void Closed_standard_stream_is_none(string command, string error)
    {
        var run = NativeShell.Run($"drover {command.Replace("ROOT", CommandLineRun.Root, StringComparison.Ordinal)}");
        Assert.Equal((1, ""), (run.Exit, run.Output));
        Assert.StartsWith(error, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none", "udev")]
    [InlineData("exclusive", "threads")]
    [InlineData("idempotent", "drover")]
    public void Equal_seeds_give_equal_traces_in_native_and_JIT_code(string gate, string herd)
    {
        string[] arguments = ["herd", "--cpus", "48", "--gate", gate, "--herd", herd, "--seed", "7", "--json"];
        var (exit, output, _) = NativeShell.Run($"{Repository.NativeBinary} {string.Join(' ', arguments)}");
        var managed = CommandLineRun.Run(arguments);
        Assert.Equal((0, managed.Out), (exit, output));
        Assert.Contains("\"trace\":", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(">/dev/full; exit $?", 1, "drover: output could not be written: no space left\n")]
    [InlineData("| head -n 1 >/dev/null; exit ${PIPESTATUS[0]}", 1, "")]
    public void A_trace_that_cannot_be_written_ends_the_run(string output, int exit, string error)
    {
        var run = NativeShell.Run($"{Repository.NativeBinary} herd --cpus 64 --gate none --trace {output}");
        Assert.Equal((exit, error), (run.Exit, run.Error));
    }
}
