using System.Diagnostics;

namespace Drover.Tests;

/// <summary>Runs bash where <c>drover</c> is the native program.</summary>
static class NativeShell
{
    /// <summary>Exit status, output and errors; skips the test without the programs.</summary>
    public static (int Exit, string Output, string Error) Run(string command, string? directory = null)
    {
        Assert.SkipUnless(
            File.Exists(Repository.NativeBinary) && File.Exists(Repository.NativeProgram("drover-study")),
            "no native programs: ./test builds them");
        var start = new ProcessStartInfo("/bin/bash", ["-c", command])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory ?? "",
        };
        start.Environment["PATH"] = $"{Path.GetDirectoryName(Repository.NativeBinary)}:{start.Environment["PATH"]}";
        using var shell = Process.Start(start)!;
        var error = shell.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = shell.StandardOutput.ReadToEnd();
        shell.WaitForExit();
        return (shell.ExitCode, output, error.GetAwaiter().GetResult());
    }
}
