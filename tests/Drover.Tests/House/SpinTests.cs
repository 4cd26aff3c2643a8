namespace Drover.Tests.House;

/// <summary>docs/model: the kernel's gates and the converging loader, searched by spin to the last state.</summary>
public class SpinTests
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task The_models_hold_and_each_of_them_with_a_line_broken_is_caught()
    {
        var checks = (await Script.RunAsync("docs/model/check", Patience)).Trim().Split('\n');
        Assert.All(checks, check => Assert.StartsWith("ok ", check, StringComparison.Ordinal));
        // every line that a model can have broken is broken by some check
        var broken = checks.Count(check => check.Contains(": caught: ", StringComparison.Ordinal));
        Assert.Equal(Directory.GetFiles(Path.Combine(Repository.Root, "docs/model"), "*.pml").Sum(CountMutants), broken);
    }

    static int CountMutants(string model) =>
        File.ReadAllText(model).Split(' ', '\n', '(', ')').Where(word => word.StartsWith("BREAK_", StringComparison.Ordinal)).Distinct().Count();
}
