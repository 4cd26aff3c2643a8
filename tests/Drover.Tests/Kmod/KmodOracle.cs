using Drover.CommandLine;
using Drover.Kmod;
using Drover.Modules.Tests;

namespace Drover.Tests.Kmod;

/// <summary>Output and exit status of a tool.</summary>
sealed record ToolRun(int Exit, string Out, string Error);

/// <summary>The tools of kmod on this machine, and those of Drover.</summary>
static class KmodOracle
{
    const string Release = "kmod version 30";

    static readonly string[] s_directories = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'),
        "/usr/sbin", "/sbin"];

    /// <summary>A tool of kmod; the test is skipped where kmod is missing or of another release.</summary>
    public static ToolRun Run(string tool, string[] args, IReadOnlyDictionary<string, string>? environment = null)
    {
        var program = s_directories.Select(directory => Path.Combine(directory, tool)).FirstOrDefault(File.Exists);
        Assert.SkipWhen(program is null, "kmod is not installed: apt-get install kmod");
        // kmod 30's lsmod has no --version
        Assert.SkipUnless(tool == "lsmod" || Start(program!, ["--version"], null).Out.StartsWith(
            Release, StringComparison.Ordinal), $"{tool} is not of {Release}");
        var run = Start(program!, args, environment);
        // getopt(3) prints the path of the program
        return run with { Error = run.Error.Replace(program!, tool, StringComparison.Ordinal) };
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
