using System.Diagnostics;
using Drover.Lab.Commands;

namespace Drover.Lab.Tests.Commands;

public sealed class ProgramTests
{
    /// <summary>The program itself, with what only it sets up: the model's files are read so.</summary>
    [Fact]
    public async Task A_missing_scenario_is_named()
    {
        using var lab = Process.Start(new ProcessStartInfo("dotnet")
        {
            ArgumentList = { typeof(LabCommand).Assembly.Location, "fidelity", "--scenario", "no-such-scenario" },
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        var error = await lab.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await lab.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Contains("no-such-scenario", error, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled", error, StringComparison.Ordinal);
        Assert.Equal(1, lab.ExitCode);
    }
}
