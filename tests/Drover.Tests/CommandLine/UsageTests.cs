namespace Drover.Tests.CommandLine;

public class UsageTests
{
    [Theory]
    [InlineData("missing command")]
    [InlineData("unknown command 'resolv'; did you mean 'resolve'?", "resolv")]
    [InlineData("unknown command 'colpdlug'; did you mean 'coldplug'?", "colpdlug")]
    [InlineData("unknown command 'modprob'; did you mean 'modprobe'?", "modprob")]
    [InlineData("unknown command 'halt'", "halt")]
    [InlineData("unknown command 'nosuch'", "help", "nosuch")]
    [InlineData("unknown command 'resolv'; did you mean 'resolve'?", "--help", "resolv")]
    [InlineData("unknown option '--verson'; did you mean '--version'?", "--verson")]
    [InlineData("unknown option '-x'", "-x")]
    public void Invalid_command_exits_with_2_and_refers_to_the_help(string message, params string[] args) =>
        Assert.Equal(
            new CommandLineRun(2, "", $"drover: {Sentence(message)} Try 'drover --help'.\n"), CommandLineRun.Run(args));

    [Theory]
    [InlineData("no modalias given", "resolve")]
    [InlineData("unknown option '--jsno'; did you mean '--json'?", "resolve", "--jsno", "x")]
    [InlineData("unknown option '--rel'; did you mean '--release'?", "resolve", "--rel=1", "x")]
    [InlineData("unknown option '-x'", "resolve", "-vx")]
    [InlineData("--root needs a value: --root DIR", "resolve", "x", "--root")]
    [InlineData("-r needs a value: -r DIR", "resolve", "x", "-r")]
    [InlineData("--root takes DIR, not ''", "install", "--root", "")]
    [InlineData("--root takes DIR, not ''", "uninstall", "--root", "")]
    [InlineData("--json takes no value", "resolve", "--json=yes", "x")]
    [InlineData("no module given", "load")]
    [InlineData("'loop.ko' is a file, not a module's name: 'drover insmod' loads a file", "load", "loop.ko")]
    [InlineData("'loop.ko.zst' is a file, not a module's name: 'drover insmod' loads a file", "load", "loop.ko.zst")]
    [InlineData("'/l/x' is a file, not a module's name: 'drover insmod' loads a file", "load", "loop", "/l/x")]
    [InlineData("'part=1' is a parameter: 'drover modprobe MODULE part=1' passes it", "load", "loop", "part=1")]
    [InlineData("--jobs takes N, an integer of at least 1, not '0'", "load", "-j0", "x")]
    [InlineData("--jobs takes N up to 2147483647, not '99999999999'", "load", "-j", "99999999999", "x")]
    [InlineData("--stagger takes a time up to 2147483647s, not '2147483648s'", "load", "--stagger=2147483648s", "x")]
    [InlineData("--release takes VERSION, not ''", "resolve", "-k", "", "x")]
    [InlineData("--sys takes DIR, not ''", "audit", "--sys", "")]
    [InlineData("--socket takes PATH, not ''", "status", "--socket", "")]
    [InlineData("--timeout takes SECONDS, an integer of at least 1, not '5ms'", "settle", "--timeout", "5ms")]
    [InlineData("--for takes SECONDS, an integer of at least 1, not '5s'", "watch", "--for", "5s")]
    [InlineData("--budget takes a size in bytes such as 67108864 or 64M, not '64X'", "coldplug", "--budget", "64X")]
    [InlineData("--stagger takes a time such as 50ms or 2s, or 0, not '50'", "load", "--stagger=50", "x")]
    [InlineData("--stagger takes a time such as 50ms or 2s, or 0, not 'ms'", "load", "--stagger", "ms", "x")]
    [InlineData("unexpected argument 'loop': it takes options only", "coldplug", "loop")]
    [InlineData("unexpected argument 'udev': it takes options only", "herd", "udev")]
    public void Invalid_arguments_exit_with_2_and_refer_to_the_help_of_the_verb(string message, params string[] args) =>
        Assert.Equal(
            new CommandLineRun(2, "", $"drover: {args[0]}: {Sentence(message)} Try 'drover {args[0]} --help'.\n"),
            CommandLineRun.Run(args));

    static string Sentence(string message) => message.EndsWith('?') ? message : $"{message}.";

    [Theory]
    [InlineData("--name")]
    [InlineData("--description")]
    public void Text_of_a_scenario_is_UTF8(string option) => Assert.Equal(
        new CommandLineRun(
            2, "", $"drover: scenario: {option} takes a text in UTF-8. Try 'drover scenario --help'.\n"),
        CommandLineRun.Run("scenario", option, "a\udcffb"));
}
