using System.Diagnostics;

namespace Drover.Tests.Verbs;

/// <summary>The native binary as a shell sees it.</summary>
public class NativeRunTests
{
    [Fact]
    public void It_answers_as_the_managed_one_does()
    {
        var (exit, output, error) = Shell($"{Repository.NativeBinary} resolve --root {CommandLine.Root} fs-btrfs nobody");
        Assert.Equal((1, "t_btrfs\n"), (exit, output));
        Assert.StartsWith("drover: nobody: no module", error, StringComparison.Ordinal);
    }

    [Fact]
    public void It_writes_behind_what_others_wrote_to_the_same_file()
    {
        var (_, output, _) = Shell($"f=$(mktemp); {{ echo before; {Repository.NativeBinary} resolve --root {CommandLine.Root} fs-btrfs; echo behind; }} >$f; cat $f; rm $f");
        Assert.Equal("before\nt_btrfs\nbehind\n", output);
    }

    [Fact]
    public void A_reader_that_has_gone_is_no_crash()
    {
        var (_, output, error) = Shell($"{{ {Repository.NativeBinary} --help; echo status $? >&2; }} | true; exit 0");
        Assert.Equal("", output);
        Assert.Matches("^status [01]\n$", error);
    }

    [Fact]
    public void A_full_disk_is_told()
    {
        var (exit, _, error) = Shell($"{Repository.NativeBinary} --help >/dev/full");
        Assert.Equal((1, "drover: output could not be written: no space left\n"), (exit, error));
    }

    [Fact]
    public void Closed_standard_streams_are_no_crash()
    {
        var (exit, _, _) = Shell($"{Repository.NativeBinary} nonsense >&- 2>&-");
        Assert.Equal(2, exit);
    }

    [Theory]
    [InlineData("none", "udev")]
    [InlineData("exclusive", "threads")]
    [InlineData("idempotent", "drover")]
    public void One_seed_is_one_trace_in_the_native_binary_and_under_the_JIT(string gate, string herd)
    {
        string[] arguments = ["herd", "--cpus", "48", "--gate", gate, "--herd", herd, "--seed", "7", "--json"];
        var (exit, output, _) = Shell($"{Repository.NativeBinary} {string.Join(' ', arguments)}");
        var managed = CommandLine.Run(arguments);
        Assert.Equal((0, managed.Out), (exit, output));
        Assert.Contains("\"trace\":", output, StringComparison.Ordinal);
    }

    static (int Exit, string Output, string Error) Shell(string command)
    {
        Assert.SkipUnless(File.Exists(Repository.NativeBinary), "no native binary: ./test builds it");
        var start = new ProcessStartInfo("/bin/bash", ["-c", command]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var shell = Process.Start(start)!;
        var error = shell.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = shell.StandardOutput.ReadToEnd();
        shell.WaitForExit();
        return (shell.ExitCode, output, error.GetAwaiter().GetResult());
    }
}
