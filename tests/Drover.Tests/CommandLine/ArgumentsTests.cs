using Drover.CommandLine;

namespace Drover.Tests.CommandLine;

public class ArgumentsTests
{
    static readonly Option[] s_options =
        [CommonOptions.Stagger, CommonOptions.Jobs, CommonOptions.Root, CommonOptions.Verbose, CommonOptions.Help];

    [Theory]
    [InlineData("0", 0)]
    [InlineData("0ms", 0)]
    [InlineData("50ms", 50)]
    [InlineData("2s", 2000)]
    public void Time_has_a_unit_unless_it_is_zero(string text, int milliseconds) =>
        Assert.Equal(
            TimeSpan.FromMilliseconds(milliseconds),
            Arguments.Parse(["--stagger", text], s_options).Time(CommonOptions.Stagger));

    [Fact]
    public void Options_may_be_bundled_repeated_and_follow_operands()
    {
        var arguments = Arguments.Parse(["one", "-vj4", "two", "-r", "/a", "--root=/b", "--", "--three"], s_options);
        Assert.Equal(["one", "two", "--three"], arguments.Operands);
        Assert.True(arguments.Has(CommonOptions.Verbose));
        Assert.Equal(4, arguments.Count(CommonOptions.Jobs));
        Assert.Equal("/b", arguments.Text(CommonOptions.Root));
        Assert.Equal(["/a", "/b"], arguments.Texts(CommonOptions.Root));
        Assert.Null(arguments.Time(CommonOptions.Stagger));
    }

    [Theory]
    [InlineData("--verb")]
    [InlineData("--he")]
    public void Long_option_may_not_be_abbreviated(string option) =>
        Assert.Throws<UsageException>(() => Arguments.Parse([option], s_options));
}
