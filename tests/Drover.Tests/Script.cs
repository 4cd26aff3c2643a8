using System.Diagnostics;

namespace Drover.Tests;

/// <summary>A script of the repository, run to its end. A script that cannot work where it is ends with 3 and says why, and its test is skipped.</summary>
static class Script
{
    const int CannotRunHere = 3;

    /// <summary>What the script printed.</summary>
    /// <param name="path">From the repository's root.</param>
    /// <param name="patience">After which it is killed with all it started, and the test fails.</param>
    /// <param name="arguments">Its arguments.</param>
    public static async Task<string> RunAsync(string path, TimeSpan patience, params string[] arguments)
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
        stop.CancelAfter(patience);
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
