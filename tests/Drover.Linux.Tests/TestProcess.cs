using System.Diagnostics;

namespace Drover.Linux.Tests;

/// <summary>Other programs, as tests need them.</summary>
static class TestProcess
{
    /// <summary>Runs a program to its end; what it printed, or an exception with what it complained of.</summary>
    internal static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program}: exit {process.ExitCode}: {errors.Result}");
    }
}
