using System.Diagnostics;

namespace Drover.Tests;

/// <summary>Runs a script of the repository. A script that cannot run on this machine prints the reason and exits with
/// 3; its test is skipped.</summary>
static class Script
{
    const int CannotRunHere = 3;

    /// <summary>Returns the output of the script.</summary>
    /// <param name="path">Relative to the root of the repository.</param>
    /// <param name="timeout">The limit after which its process tree is killed and the test fails.</param>
    /// <param name="arguments">Its arguments.</param>
    public static async Task<string> RunAsync(string path, TimeSpan timeout, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(Repository.Root, path), arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var script = Process.Start(start)!;
        script.StandardInput.Close();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        stop.CancelAfter(timeout);
        string output, error;
        try
        {
            var reading = script.StandardOutput.ReadToEndAsync(stop.Token);
            error = await script.StandardError.ReadToEndAsync(stop.Token);
            output = await reading;
            await script.WaitForExitAsync(stop.Token);
        }
        catch (OperationCanceledException)
        {
            script.Kill(entireProcessTree: true);
            throw;
        }
        Assert.SkipWhen(script.ExitCode == CannotRunHere, error.Trim().Split('\n')[^1]);
        Assert.True(script.ExitCode == 0, $"{path} ended with {script.ExitCode}\n{output}\n{error}");
        return output;
    }
}
