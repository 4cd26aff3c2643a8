using System.Diagnostics;

namespace Drover.Study.Tests.Herd;

public class InterruptTests
{
    [Fact]
    public async Task Command_that_Ctrl_C_ends_exits_with_130()
    {
        var cancelled = TestContext.Current.CancellationToken;
        var program = Path.Combine(AppContext.BaseDirectory, "drover-study.dll");
        // a shell's background job, as a test run may be, ignores SIGINT, and so would its child
        string[] arguments = ["--default-signal=INT", "dotnet", program, "herd", "--cpus", "4096", "--trace"];
        using var herd = Process.Start(new ProcessStartInfo("env", arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            // the trace begins when the first run does; the runs after it take seconds
            Assert.NotNull(await herd.StandardOutput.ReadLineAsync(cancelled));
            using (var kill = Process.Start("kill", ["-INT", $"{herd.Id}"]))
                await kill.WaitForExitAsync(cancelled);
            var rest = herd.StandardOutput.ReadToEndAsync(cancelled);
            var errors = await herd.StandardError.ReadToEndAsync(cancelled);
            await rest;
            await herd.WaitForExitAsync(cancelled);
            Assert.Contains("herd: interrupted: ", errors, StringComparison.Ordinal);
            Assert.Equal(130, herd.ExitCode);
        }
        finally
        {
            if (!herd.HasExited)
                herd.Kill();
        }
    }
}
