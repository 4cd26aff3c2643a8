namespace Drover.Tests.House;

/// <summary>docs/model: the kernel's gates and the converging loader, searched exhaustively by spin.</summary>
public class SpinTests
{
    static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task The_models_hold_and_every_mutant_is_caught()
    {
        var checks = (await Script.RunAsync("docs/model/check", s_timeout)).Trim().Split('\n');
        Assert.All(checks, check => Assert.StartsWith("ok ", check, StringComparison.Ordinal));
        // some check breaks every line that a model can break
        var broken = checks.Count(check => check.Contains(": caught: ", StringComparison.Ordinal));
        var models = Directory.GetFiles(Path.Combine(Repository.Root, "docs/model"), "*.pml");
        Assert.Equal(models.Sum(CountMutants), broken);
    }

    static int CountMutants(string model) => File.ReadAllText(model).Split(' ', '\n', '(', ')')
        .Where(word => word.StartsWith("BREAK_", StringComparison.Ordinal)).Distinct().Count();
}
