using System.Diagnostics;
using System.Text.Json;

namespace Drover.Tests.Lab;

/// <summary>The lab boots Debian's kernels, Drover does the coldplug, and the kernel's own trace says what happened.</summary>
public class LabSmokeTests
{
    /// <summary>What lab/run ends with where it cannot work: no network, no package, no emulator.</summary>
    const int CannotRunHere = 3;

    static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    static readonly string LabRun = Path.Combine(Repository.Root, "lab/run");

    [Theory]
    [InlineData("6.1")]
    [InlineData("6.12")]
    public async Task On_a_real_kernel_every_module_is_loaded_once(string kernel)
    {
        Assert.SkipUnless(File.Exists(LabRun), "there is no lab/run");
        Assert.SkipUnless(File.Exists(Repository.NativeBinary), "no native binary: ./test builds it");
        var json = Path.GetTempFileName();
        try
        {
            await RunLabAsync(kernel, json);
            using var report = JsonDocument.Parse(await File.ReadAllTextAsync(json, TestContext.Current.CancellationToken));
            Check(report.RootElement);
        }
        finally
        {
            File.Delete(json);
        }
    }

    static async Task RunLabAsync(string kernel, string json)
    {
        var start = new ProcessStartInfo(LabRun, ["--kernel", kernel, "--cpus", "4", "--loader", "drover", "--json", json])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var lab = Process.Start(start)!;
        lab.StandardInput.Close();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        string output, error;
        try
        {
            var reading = lab.StandardOutput.ReadToEndAsync(patience.Token);
            error = await lab.StandardError.ReadToEndAsync(patience.Token);
            output = await reading;
            await lab.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            lab.Kill(entireProcessTree: true);
            throw;
        }
        Assert.SkipWhen(lab.ExitCode == CannotRunHere, error.Trim().Split('\n')[^1]);
        Assert.True(lab.ExitCode == 0, $"lab/run ended with {lab.ExitCode}\n{output}\n{error}");
    }

    static void Check(JsonElement report)
    {
        var calls = report.GetProperty("calls").EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.GetInt64());
        // a driver without hardware, and a symbol that this kernel lacks, are the kernel's word; anything else is work done twice, or ours to explain
        Assert.Empty(calls.Where(entry => entry.Value > 0).Select(entry => entry.Key).Except(["0", "ENODEV", "ENOENT"]));
        var attempted = report.GetProperty("attempted").EnumerateArray().Select(name => name.GetString()).ToList();
        Assert.Equal(attempted.Distinct().Count(), calls.Values.Sum());
        Assert.NotEmpty(report.GetProperty("live").EnumerateArray());
    }
}
