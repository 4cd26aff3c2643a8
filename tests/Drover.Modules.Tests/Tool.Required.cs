namespace Drover.Modules.Tests;

/// <summary>Programs that a test cannot do without.</summary>
static partial class Tool
{
    /// <summary>Skips the test where there is no program of that name. Properties and parallel loops, which wrap what is thrown in them, call it first.</summary>
    public static void Require(string name) => Assert.SkipUnless(Find(name) is not null, $"{name} is not installed");

    /// <summary>What the program writes; the test is skipped where there is none of that name, and fails where it fails.</summary>
    public static byte[] Run(string name, byte[] input, params string[] arguments)
    {
        Require(name);
        var result = Try(name, arguments, input);
        Assert.True(result.Succeeded, $"{name} {string.Join(' ', arguments)}: exit status {result.Exit}");
        return result.Bytes;
    }
}
