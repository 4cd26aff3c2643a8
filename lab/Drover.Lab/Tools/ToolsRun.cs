using System.Globalization;
using Drover.Lab.Guest;

namespace Drover.Lab.Tools;

/// <summary>What lab/tools runs.</summary>
/// <param name="Kernel">By its name on the command line.</param>
/// <param name="Cpus">Of each guest.</param>
/// <param name="Processes">How many modprobes of one module at once.</param>
/// <param name="Rounds">How often loaders are killed.</param>
/// <param name="Only">These cases, or all where there are none.</param>
sealed record ToolsWish(string Kernel, int Cpus, int Processes, int Rounds, IReadOnlyList<string> Only);

/// <summary>Boots the two guests, of kmod's programs and of Drover's, and pairs what they went through.</summary>
static class ToolsRun
{
    /// <summary>initramfs-tools' functions and scripts, udev's among them, whose calls are some of the cases.</summary>
    static readonly string[] s_initramfsPackages = ["initramfs-tools-core", "udev"];

    const string InitramfsFolder = "usr/share/initramfs-tools";

    public static async Task<IReadOnlyList<CaseVerdict>> RunAsync(Laboratory laboratory, ToolsWish wish, RunSettings settings, CancellationToken stop)
    {
        var kernel = await laboratory.PrepareAsync(wish.Kernel, stop);
        var files = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["lab/cases"] = Resources.ToolsCases,
            ["lab/herd"] = Resources.ToolsHerd,
        };
        foreach (var package in s_initramfsPackages)
            foreach (var (path, text) in await laboratory.PackageTextAsync(package, InitramfsFolder, stop))
                files.Add(path, text);
        var guest = new GuestRun(kernel, Kernels.DefaultGate(wish.Kernel), wish.Cpus, Loader.Drover, settings.Memory, settings.Timeout ?? TimeSpan.FromMinutes(20))
        {
            Console = settings.Console,
            Devices = settings.Devices,
            Binary = settings.Binary,
            Init = Resources.Tools,
            Files = files,
        };
        // after one another: two guests at once would make each other's herds slower
        var kmod = await GoAsync("kmod");
        var drover = await GoAsync("drover");
        return CaseVerdict.Pair(kmod, drover);

        async Task<IReadOnlyList<CaseResult>> GoAsync(string tools)
        {
            var run = guest with
            {
                Settings = string.Create(CultureInfo.InvariantCulture, $"tools={tools}\nherd_size={wish.Processes}\nherd_rounds={wish.Rounds}\nonly={string.Join(',', wish.Only)}\n"),
            };
            return CaseResult.ReadAll(await laboratory.BootAsync(run, tools, stop));
        }
    }
}
