using Drover.CommandLine;
using Drover.Kmod;
using Drover.Modules.Tests;

namespace Drover.Tests.Kmod;

/// <summary>Output and exit status of a tool.</summary>
sealed record ToolRun(int Exit, string Out, string Error);

/// <summary>The tools of Debian 13's kmod 34.2, and those of Drover.</summary>
static class KmodOracle
{
    /// <summary>A tool of kmod; the test is skipped where its package is not to be had.</summary>
    public static async Task<ToolRun> RunAsync(
        string tool, string[] args, IReadOnlyDictionary<string, string>? environment = null)
    {
        var (kmod, why) = await UnpackedDebian.Kmod34Async();
        Assert.SkipWhen(kmod is null, $"Debian 13's kmod cannot be unpacked here: {why}");
        var words = kmod!.LoaderWords;
        // the library of a preload would be the loader's, too
        string[] preload = environment?.GetValueOrDefault("LD_PRELOAD") is { } library ? ["--preload", library] : [];
        var others = environment?.Where(variable => variable.Key != "LD_PRELOAD").ToDictionary();
        return Start(
            words[0], [.. words[1..], .. preload, "--argv0", tool, $"{kmod.Folder}/usr/bin/kmod", .. args], others);
    }

    /// <summary>A tool of Drover, in this process.</summary>
    public static ToolRun Ours(KmodTool tool, params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var exit = tool.Run(args, new Terminal(output, error, isWatched: false));
        return new ToolRun(exit, output.ToString(), error.ToString());
    }

    static ToolRun Start(string program, string[] args, IReadOnlyDictionary<string, string>? environment)
    {
        var run = Tool.Try(program, args, environment: environment);
        return new ToolRun(run.Exit, run.Out, run.Error);
    }
}
