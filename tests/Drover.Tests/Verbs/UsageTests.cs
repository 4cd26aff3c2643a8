namespace Drover.Tests.Verbs;

/// <summary>A mistake in the command line ends with 2 and says what is wrong, what was meant, where help is.</summary>
public class UsageTests
{
    [Theory]
    [InlineData("drover: which verb? ('drover --help' tells more)")]
    [InlineData("drover: unknown verb 'resolv'; did you mean 'resolve'? ('drover --help' tells more)", "resolv")]
    [InlineData("drover: unknown verb 'colpdlug'; did you mean 'coldplug'? ('drover --help' tells more)", "colpdlug")]
    [InlineData("drover: unknown verb 'halt' ('drover --help' tells more)", "halt")]
    [InlineData("drover: resolve: which modalias? ('drover resolve --help' tells more)", "resolve")]
    [InlineData("drover: resolve: unknown option '--jsno'; did you mean '--json'? ('drover resolve --help' tells more)", "resolve", "--jsno", "x")]
    [InlineData("drover: resolve: unknown option '--rel'; did you mean '--release'? ('drover resolve --help' tells more)", "resolve", "--rel=1", "x")]
    [InlineData("drover: resolve: unknown option '-x' ('drover resolve --help' tells more)", "resolve", "-vx")]
    [InlineData("drover: resolve: --root needs a value: --root DIR ('drover resolve --help' tells more)", "resolve", "x", "--root")]
    [InlineData("drover: resolve: --json takes no value ('drover resolve --help' tells more)", "resolve", "--json=yes", "x")]
    [InlineData("drover: load: which module? ('drover load --help' tells more)", "load")]
    [InlineData("drover: load: --jobs takes a whole number of at least 1, not '0' ('drover load --help' tells more)", "load", "-j0", "x")]
    [InlineData("drover: coldplug: --budget takes a number of bytes such as 67108864 or 64M, not '64X' ('drover coldplug --help' tells more)", "coldplug", "--budget", "64X")]
    [InlineData("drover: coldplug: takes no arguments, and got 'loop' ('drover coldplug --help' tells more)", "coldplug", "loop")]
    [InlineData("drover: herd: takes no arguments, and got 'udev' ('drover herd --help' tells more)", "herd", "udev")]
    public void A_mistake_is_named(string message, params string[] args)
    {
        var run = CommandLine.Run(args);
        Assert.Equal(new CommandLine(2, "", $"{message}\n"), run);
    }
}
