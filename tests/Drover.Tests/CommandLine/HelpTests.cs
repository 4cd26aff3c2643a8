namespace Drover.Tests.CommandLine;

public class HelpTests
{
    public static TheoryData<string> VerbNames =>
        new(Program.Verbs.Concat(Study.Program.Verbs).Select(verb => verb.Name));

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("help")]
    public void Help_lists_the_verbs_with_examples(string word) => CommandLineRun.Run(word).ShouldBe("help.txt");

    [Theory]
    [MemberData(nameof(VerbNames))]
    public void Help_of_a_verb_has_options_and_examples(string verb) =>
        CommandLineRun.Run(verb, "--help").ShouldBe($"help-{verb}.txt");

    [Theory]
    [MemberData(nameof(VerbNames))]
    public void Help_VERB_equals_VERB_help(string verb) =>
        Assert.Equal(CommandLineRun.Run(verb, "--help"), CommandLineRun.Run("help", verb));

    [Fact]
    public void Version_is_one_line()
    {
        var run = CommandLineRun.Run("--version");
        Assert.Matches(@"^drover \d+\.\d+\.\d+\S*\n$", run.Out);
        Assert.Equal(0, run.Exit);
    }
}
