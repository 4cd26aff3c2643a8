using Drover.CommandLine;

namespace Drover.Tests;

/// <summary>Output and exit status of a command line, with FIXTURES for the path of the fixtures.</summary>
sealed record CommandLineRun(int Exit, string Out, string Error)
{
    static readonly string Fixtures = Path.Combine(Repository.Root, "tests/Drover.Tests/Fixtures");

    /// <summary>A root file system with a small module directory.</summary>
    public static string Root { get; } = Path.Combine(Fixtures, "root");

    /// <summary>A copy of a small machine's sysfs.</summary>
    public static string Sys { get; } = Path.Combine(Fixtures, "sys");

    public static CommandLineRun Run(params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var exit = TestedProgram.Run(args, new Terminal(output, error, isWatched: false));
        return new CommandLineRun(exit, WithoutPlace(output), WithoutPlace(error));
    }

    /// <summary>Output and errors are those of the golden file; with DROVER_UPDATE_GOLDEN=1 they become it.</summary>
    public void ShouldBe(string golden)
    {
        var path = Path.Combine(Fixtures, "golden", golden);
        var text = $"{Out}{(Error.Length > 0 ? $"--- standard error\n{Error}" : "")}--- exit {Exit}\n";
        if (Environment.GetEnvironmentVariable("DROVER_UPDATE_GOLDEN") == "1")
            File.WriteAllText(path, text);
        Assert.Equal(File.Exists(path) ? File.ReadAllText(path) : "(no golden file; DROVER_UPDATE_GOLDEN=1 writes it)",
            text);
    }

    static string WithoutPlace(StringWriter writer) =>
        writer.ToString().Replace(Fixtures, "FIXTURES", StringComparison.Ordinal);
}
