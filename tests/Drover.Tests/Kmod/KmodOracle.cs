using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Drover.Kmod;
using Drover.Output;

namespace Drover.Tests.Kmod;

/// <summary>What a tool wrote and ended with; a character stands for a byte.</summary>
sealed record ToolRun(int Exit, string Out, string Error);

/// <summary>kmod's tools of this machine, and ours beside them.</summary>
static class KmodOracle
{
    const string Release = "kmod version 30";

    static readonly string[] s_directories = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/sbin", "/sbin"];

    /// <summary>kmod's own tool; the test is skipped where its package is not installed, or is of another release.</summary>
    public static ToolRun Run(string tool, string[] args, IReadOnlyDictionary<string, string>? environment = null)
    {
        var program = s_directories.Select(directory => Path.Combine(directory, tool)).FirstOrDefault(File.Exists);
        Assert.SkipWhen(program is null, "kmod is not installed: apt-get install kmod");
        // kmod 30's lsmod has no --version
        Assert.SkipUnless(tool == "lsmod" || Start(program!, ["--version"], null).Out.StartsWith(Release, StringComparison.Ordinal), $"{tool} is not of {Release}");
        var run = Start(program!, args, environment);
        // getopt(3) names a program by the path it was called by
        return run with { Error = run.Error.Replace(program!, tool, StringComparison.Ordinal) };
    }

    /// <summary>Ours, in this process.</summary>
    public static ToolRun Ours(KmodTool tool, params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var exit = tool.Run(args, new Terminal(output, error, isWatched: false));
        return new ToolRun(exit, output.ToString(), error.ToString());
    }

    static ToolRun Start(string program, string[] args, IReadOnlyDictionary<string, string>? environment)
    {
        var start = new ProcessStartInfo(program, args)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.Latin1,
            StandardErrorEncoding = Encoding.UTF8,
        };
        start.Environment["LC_ALL"] = "C";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        try
        {
            using var process = Process.Start(start)!;
            var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return new ToolRun(process.ExitCode, output, error.GetAwaiter().GetResult());
        }
        catch (Win32Exception problem)
        {
            Assert.Skip($"{program}: {problem.Message}");
            throw;
        }
    }
}
