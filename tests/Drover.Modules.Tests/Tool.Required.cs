using System.Text;

namespace Drover.Modules.Tests;

/// <summary>Programs that a test needs.</summary>
static partial class Tool
{
    /// <summary>Skips the test if the program is missing. Call it before property tests and parallel loops, which
    /// wrap exceptions.</summary>
    public static void Require(string name) => Assert.SkipUnless(Find(name) is not null, $"{name} is not installed");

    /// <summary>The output of a program; skips the test if the program is missing, and fails it if
    /// the program fails.</summary>
    public static byte[] Run(string name, byte[] input, params string[] arguments)
    {
        Require(name);
        var result = Try(name, arguments, input);
        Assert.True(result.Succeeded, $"{name} {string.Join(' ', arguments)}: exit status {result.Exit}");
        return result.Bytes;
    }

    /// <summary>Rewrites a file in place, by another process: a child that this one forks at the same moment would hold
    /// the file open, and its close would come later.</summary>
    public static void Rewrite(string path, string text) =>
        Run("sh", Encoding.UTF8.GetBytes(text), "-c", "cat >\"$0\"", path);
}
