using System.Text.RegularExpressions;
using Drover.CommandLine;
using Drover.Kmod;

namespace Drover.Tests.Packaging;

/// <summary>An option as a shell completes it.</summary>
/// <param name="Long">Without its dashes.</param>
/// <param name="Short">Its letter, or null.</param>
/// <param name="Value">The value's name, or null for a switch.</param>
sealed record ShellOption(string Long, char? Short, string? Value, string Help)
{
    public bool TakesPath => Value is "DIR" or "FILE" or "PATH";

    /// <summary>Words that the value may be: those of a choice are its value's name.</summary>
    public IReadOnlyList<string> Words { get; init; } = Value?.Contains('|') == true ? Value.Split('|') : [];
}

/// <summary>A verb or a tool with its options.</summary>
sealed record ShellCommand(string Name, string Summary, IReadOnlyList<ShellOption> Options);

/// <summary>The commands and options of both programs and of kmod's tools, from the programs' tables.</summary>
static partial class CommandTable
{
    public static IReadOnlyList<ShellCommand> Verbs { get; } =
        [.. Program.Verbs.Concat(Study.Program.Verbs).Select(verb => new ShellCommand(verb.Name, verb.Summary,
            [.. verb.Options.Append(CommonOptions.Help).Select(FromVerb)]))];

    public static IReadOnlyList<ShellCommand> Tools { get; } =
        [.. KmodTool.All.OrderBy(tool => tool.Name, StringComparer.Ordinal)
            .Select(tool => new ShellCommand(tool.Name, tool.Summary, [.. FromHelp(tool)]))];

    static ShellOption FromVerb(Option option)
    {
        var shown = new ShellOption(option.Name, option.Short, option.Value, option.Help);
        return option.Words.Count > 0 ? shown with { Words = option.Words } : shown;
    }

    /// <summary>Lines like <c>  -F, --field=FIELD   Print …</c>; several names of one option share a line.</summary>
    static IEnumerable<ShellOption> FromHelp(KmodTool tool)
    {
        using var output = new StringWriter { NewLine = "\n" };
        tool.Run(["--help"], new Terminal(output, TextWriter.Null, isWatched: false));
        foreach (var groups in OptionLine.Matches(output.ToString()).Select(match => match.Groups))
        {
            var letter = groups["short"].Value is { Length: > 0 } shortName ? shortName[0] : (char?)null;
            var (value, help) = (groups["value"].Value, groups["help"].Value.Trim());
            foreach (var name in groups["long"].Captures.Select(capture => capture.Value))
            {
                yield return new ShellOption(name, letter, value.Length > 0 ? value : null, help);
                letter = null;
            }
        }
    }

    [GeneratedRegex(
        @"^\s+(-(?<short>\w),?\s+)?(--(?<long>[a-z][a-z-]*)(\[?=(?<value>[A-Z_a-z]+)\]?)?(,\s+)?)+(?<help>[^\n]*)$",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    static partial Regex OptionLine { get; }
}
