using System.Text.RegularExpressions;
using Drover.Modules.Tests;

namespace Drover.Tests.Kmod;

/// <summary>A tool of kmod on the same command line. Debian's build prints source positions in the messages of libkmod;
/// the comparison ignores them.</summary>
static partial class KmodBeside
{
    /// <summary>Exit statuses from here on mean death by a signal: softdep cycles are endless for the modprobe
    /// -r of kmod.</summary>
    const int KilledBySignal = 128;

    /// <summary>Writes the indexes with the depmod of kmod.</summary>
    public static void Depmod(string root, string release)
    {
        var run = Run(["depmod", "-C", "/dev/null", "-b", root, release]);
        Assert.True(run.Exit == 0, run.Error);
    }

    /// <summary>Output, errors and exit status are those of kmod 30.</summary>
    /// <param name="args">The tool and its arguments.</param>
    /// <param name="onlyOurs">Options of Drover that select the behaviour of kmod.</param>
    public static void SameAsKmod(string[] args, params string[] onlyOurs)
    {
        var expected = Run(args);
        var actual = CommandLineRun.Run([args[0], .. onlyOurs, .. args[1..]]);
        // kmod 30 does not know it
        actual = actual with
        {
            Out = actual.Out.Replace(
                "# Weak dependencies extracted from modules themselves.\n", "", StringComparison.Ordinal),
        };
        var line = string.Join(' ', args);
        if (expected.Exit >= KilledBySignal)
        {
            Assert.True(actual.Exit is 0 or 1, $"{line}\nkmod crashes, and drover ends with {actual}");
            return;
        }
        Assert.True(expected == actual, $"{line}\n--- kmod: {expected}\n--- drover: {actual}");
    }

    static CommandLineRun Run(string[] args)
    {
        var program = args[0] == "kmod" ? "/usr/bin/kmod" : $"/usr/sbin/{args[0]}";
        Assert.SkipUnless(File.Exists(program), "kmod is not installed");
        var run = Tool.Try(program, args[1..]);
        return new CommandLineRun(run.Exit, run.Out, WithoutPlaces(run.Error.Replace(
            program, args[0], StringComparison.Ordinal)));
    }

    /// <summary>Messages without positions in the source of kmod.</summary>
    public static string WithoutPlaces(string said) =>
        InTool().Replace(InLibrary().Replace(said, "libkmod: ERROR: ${function}: "), ": ");

    [GeneratedRegex(@"libkmod: ERROR \S+ (?<function>\S+): ", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex InLibrary();

    [GeneratedRegex(@": \.\./libkmod/\S+ \S+\(\) ", RegexOptions.None, 1000)]
    private static partial Regex InTool();
}
