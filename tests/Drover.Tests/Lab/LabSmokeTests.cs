using System.Text.Json;

namespace Drover.Tests.Lab;

/// <summary>The lab boots Debian's kernels, Drover loads their modules, and the trace of the kernel
/// shows the loads.</summary>
public class LabSmokeTests
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    const string LabRun = "lab/run", LabTools = "lab/tools";

    /// <summary>Each run is also held against the budget of the loader's instructions.</summary>
    [Theory]
    [InlineData("6.1", "drover")]
    [InlineData("6.12", "drover")]
    [InlineData("6.1", "daemon")]
    public async Task Every_module_is_loaded_once_on_a_real_kernel(string kernel, string loader)
    {
        Assert.SkipUnless(File.Exists(Path.Combine(Repository.Root, LabRun)), "there is no lab/run");
        Assert.SkipUnless(File.Exists(Repository.NativeBinary), "no native binary: ./test builds it");
        var json = Path.GetTempFileName();
        try
        {
            await Script.RunAsync(LabRun, Patience, "--kernel", kernel, "--cpus", "4", "--loader", loader, "--json",
                json);
            using var report = JsonDocument.Parse(
                await File.ReadAllTextAsync(json, TestContext.Current.CancellationToken));
            Check(report.RootElement);
            await Script.RunAsync("bench/budget/run", Patience, "--guest", json);
        }
        finally
        {
            File.Delete(json);
        }
    }

    /// <summary>A part of lab/tools: loads, removals, commands, requests of the kernel, the initramfs and udev, in
    /// parallel and killed.</summary>
    [Fact]
    public async Task Tools_agree_with_kmod_on_a_real_kernel()
    {
        Assert.SkipUnless(File.Exists(Path.Combine(Repository.Root, LabTools)), "there is no lab/tools");
        Assert.SkipUnless(File.Exists(Repository.NativeBinary), "no native binary: ./test builds it");
        await Script.RunAsync(LabTools, Patience, "--kernel", "6.1", "--cpus", "4", "--processes", "50", "--rounds",
            "1", "--only",
            "by_alias,parameters,chain_verbose,already,unknown,softdep,install,blacklist," +
            "remove_keeps_used,remove_in_use,missing_symbol,kernel_mounts,initramfs_load," +
            "udev_rule,own_herd,own_killed_1");
    }

    static void Check(JsonElement report)
    {
        var calls = report.GetProperty("calls").EnumerateObject()
            .ToDictionary(entry => entry.Name, entry => entry.Value.GetInt64());
        // missing hardware and missing symbols are errors of the kernel; all others are duplicate work or
        // faults of Drover
        Assert.Empty(calls.Where(entry => entry.Value > 0).Select(entry => entry.Key)
            .Except(["0", "ENODEV", "ENOENT"]));
        var attempted = report.GetProperty("attempted").EnumerateArray().Select(name => name.GetString()).ToList();
        Assert.Equal(attempted.Distinct().Count(), calls.Values.Sum());
        Assert.NotEmpty(report.GetProperty("live").EnumerateArray());
    }
}
