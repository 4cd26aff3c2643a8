using Drover.Verbs;

namespace Drover.Tests.Verbs;

public class HelpTests
{
    public static TheoryData<string> VerbNames => new(VerbTable.All.Select(verb => verb.Name));

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("help")]
    public void The_help_lists_the_verbs_with_examples(string word) => CommandLine.Run(word).ShouldBe("help.txt");

    [Theory]
    [MemberData(nameof(VerbNames))]
    public void A_verbs_help_has_its_options_and_examples(string verb) => CommandLine.Run(verb, "--help").ShouldBe($"help-{verb}.txt");

    [Theory]
    [MemberData(nameof(VerbNames))]
    public void Help_for_a_verb_is_its_own_help(string verb) => Assert.Equal(CommandLine.Run(verb, "--help"), CommandLine.Run("help", verb));

    [Fact]
    public void The_version_is_one_line()
    {
        var run = CommandLine.Run("--version");
        Assert.Matches(@"^drover \d+\.\d+\.\d+\S*\n$", run.Out);
        Assert.Equal(0, run.Exit);
    }
}
