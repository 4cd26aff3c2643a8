using System.Text;
using Drover.Lab.Guest;
using Drover.Lab.Prepare;
using Drover.Lab.Runs;

namespace Drover.Lab.Tools;

/// <param name="Processes">Concurrent modprobes of one module.</param>
/// <param name="Rounds">Rounds in which loaders are killed.</param>
/// <param name="Only">The cases to run; empty for all.</param>
sealed record ToolsParameters(
    GuestSystem System, int Cpus, int Processes, int Rounds, IReadOnlyList<string> Only);

/// <summary>Boots a guest with kmod's programs and one with Drover's, and pairs their cases.</summary>
static class ToolsRun
{
    /// <summary>The packages of initramfs-tools' functions and scripts, whose calls are some of the cases.</summary>
    static readonly string[] s_initramfsPackages = ["initramfs-tools-core", "udev"];

    /// <summary>Packs modules in the guest.</summary>
    const string XzPackage = "xz-utils", XzProgram = "usr/bin/xz";

    const string InitramfsFolder = "usr/share/initramfs-tools";

    static readonly string[] s_head =
        ["case", "verdict", "load calls", "failed", "removals", "kernel asked", "seconds"];

    public static async Task<IReadOnlyList<CaseVerdict>> RunAsync(
        LabHost host, Laboratory laboratory, ToolsParameters parameters, RunSettings settings)
    {
        var kernel = await laboratory.PrepareAsync(parameters.System);
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["lab/cases"] = Encoding.UTF8.GetBytes(Resources.Read("tools-cases")),
            ["lab/herd"] = Encoding.UTF8.GetBytes(Resources.Read("tools-herd")),
        };
        var debian = new DebianArchive(host, parameters.System.Release, parameters.System.Architecture);
        using var work = host.Work();
        foreach (var package in await debian.FilesAsync([.. s_initramfsPackages, XzPackage]))
            await debian.UnpackAsync(package, work.Path);
        foreach (var path in Directory.EnumerateFiles(work.File(InitramfsFolder), "*", SearchOption.AllDirectories))
            files.Add(Path.GetRelativePath(work.Path, path), await File.ReadAllBytesAsync(path));
        files.Add(XzProgram, await File.ReadAllBytesAsync(work.File(XzProgram)));

        // one after the other: concurrent guests would slow down each other's herds
        return CaseVerdict.Pair(await BootAsync("kmod"), await BootAsync("drover"));

        async Task<IReadOnlyList<CaseResult>> BootAsync(string tools)
        {
            var run = new GuestRun(
                kernel, parameters.System.KernelGate, parameters.Cpus, GuestLoader.Drover, settings.Memory,
                settings.Timeout ?? TimeSpan.FromMinutes(20))
            {
                Console = settings.Console,
                Binary = settings.DroverFor(parameters.System),
                Init = "tools",
                Files = files,
                Settings = $"tools={tools}\nherd_size={parameters.Processes}\nherd_rounds={parameters.Rounds}\n"
                    + $"only={string.Join(',', parameters.Only)}\n",
            };
            return CaseResult.ReadAll(await laboratory.BootAsync(run, tools));
        }
    }

    public static string Table(IReadOnlyList<CaseVerdict> verdicts)
    {
        var text = new StringBuilder("each cell: kmod's / Drover's\n\n");
        text.Append(MarkdownTable.Format(s_head, verdicts.Select(Cells)));
        foreach (var verdict in verdicts)
        {
            foreach (var problem in verdict.Problems)
                text.AppendLine($"{verdict.Drover.Name}: {problem}");
        }

        var completed = verdicts.Where(verdict => !verdict.IsSkipped).ToList();
        var good = completed.Count(verdict => verdict.Problems.Count == 0);
        text.AppendLine($"{completed.Count} cases, {good} OK, {verdicts.Count - completed.Count} skipped");
        return text.ToString();
    }

    static string[] Cells(CaseVerdict verdict)
    {
        var (kmod, drover) = (verdict.Kmod, verdict.Drover);
        return drover.Skipped is { } reason
            ? [drover.Name, $"skipped: {reason}", "", "", "", "", ""]
            :
            [
                drover.Name, verdict.Problems.Count > 0 ? "WRONG" : verdict.IsOwn ? "kept" : "equal",
                $"{kmod.Calls.Count} / {drover.Calls.Count}", $"{Failed(kmod)} / {Failed(drover)}",
                $"{kmod.Removals.Values.Sum()} / {drover.Removals.Values.Sum()}",
                $"{kmod.Requests} / {drover.Requests}", $"{kmod.Seconds:0.0} / {drover.Seconds:0.0}",
            ];
    }

    static int Failed(CaseResult result) => result.Calls.Count(call => call.Result != "0");
}
