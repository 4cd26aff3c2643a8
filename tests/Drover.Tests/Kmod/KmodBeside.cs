using System.Text.RegularExpressions;
using Drover.Modules.Tests;
using Drover.Tests.Verbs;

namespace Drover.Tests.Kmod;

/// <summary>kmod's own tool on the same command line. Debian's build says in its library's messages where in its source they are; they are compared without.</summary>
static partial class KmodBeside
{
    /// <summary>An exit status from here on is that of a process that died of a signal: softdeps that go round are endless for kmod's modprobe -r.</summary>
    const int KilledBySignal = 128;

    /// <summary>Makes the indexes with kmod's depmod.</summary>
    public static void Depmod(string root, string release)
    {
        var run = Run(["depmod", "-C", "/dev/null", "-b", root, release]);
        Assert.True(run.Exit == 0, run.Error);
    }

    /// <summary>Output, errors and exit status are those of kmod 30.</summary>
    /// <param name="args">The tool and its arguments.</param>
    /// <param name="onlyOurs">Options of ours, that bring about what kmod does.</param>
    public static void SameAsKmod(string[] args, params string[] onlyOurs)
    {
        var expected = Run(args);
        var actual = CommandLine.Run([args[0], .. onlyOurs, .. args[1..]]);
        var line = string.Join(' ', args);
        if (expected.Exit >= KilledBySignal)
        {
            Assert.True(actual.Exit is 0 or 1, $"{line}\nkmod crashes, and drover ends with {actual}");
            return;
        }
        Assert.True(expected == actual, $"{line}\n--- kmod: {expected}\n--- drover: {actual}");
    }

    static CommandLine Run(string[] args)
    {
        var program = args[0] == "kmod" ? "/usr/bin/kmod" : $"/usr/sbin/{args[0]}";
        Assert.SkipUnless(File.Exists(program), "kmod is not installed");
        var run = Tool.Try(program, args[1..]);
        return new CommandLine(run.Exit, run.Out, WithoutPlaces(run.Error.Replace(program, args[0], StringComparison.Ordinal)));
    }

    /// <summary>Complaints without where in kmod's source they are.</summary>
    public static string WithoutPlaces(string said) => InTool().Replace(InLibrary().Replace(said, "libkmod: ${function}: "), ": ");

    [GeneratedRegex(@"libkmod: ERROR \S+ (?<function>\S+): ", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex InLibrary();

    [GeneratedRegex(@": \.\./libkmod/\S+ \S+\(\) ", RegexOptions.None, 1000)]
    private static partial Regex InTool();
}
