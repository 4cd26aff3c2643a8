using Drover.Kmod;

namespace Drover.Tests.CommandLine;

public class HelpTests
{
    public static TheoryData<string> VerbNames =>
        new(Program.Verbs.Concat(Study.Program.Verbs).Select(verb => verb.Name));

    public static TheoryData<string> ToolNames => new(KmodTool.All.Select(tool => tool.Name));

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

    [Theory]
    [MemberData(nameof(ToolNames))]
    public void Help_of_a_tool_is_the_tool_s_own(string tool) =>
        Assert.Equal(CommandLineRun.Run(tool, "--help"), CommandLineRun.Run("help", tool));

    [Theory]
    [InlineData("--version")]
    [InlineData("-V")]
    public void Version_is_one_line(string word)
    {
        var run = CommandLineRun.Run(word);
        Assert.Matches(@"^drover \d+\.\d+\.\d+\S*\n$", run.Out);
        Assert.Equal(0, run.Exit);
    }
}
