using System.Text.RegularExpressions;
using Drover.Cli;
using Drover.Kmod;
using Drover.Output;
using Drover.Verbs;

namespace Drover.Tests.Packaging;

/// <summary>An option as a shell completes it.</summary>
/// <param name="Long">Without its dashes.</param>
/// <param name="Short">Its letter, or null.</param>
/// <param name="Value">What its value is called, or null for a switch.</param>
/// <param name="Help">What it does.</param>
sealed record ShellOption(string Long, char? Short, string? Value, string Help)
{
    public bool TakesPath => Value is "DIR" or "FILE" or "PATH";
}

/// <summary>A verb or a tool with its options, as the program itself tells them.</summary>
sealed record ShellCommand(string Name, string Summary, IReadOnlyList<ShellOption> Options);

/// <summary>All that the program can be asked, out of its own tables and helps: whatever is derived from it is never behind.</summary>
static partial class CommandTable
{
    public static IReadOnlyList<ShellCommand> Verbs { get; } =
        [.. VerbTable.All.Select(verb => new ShellCommand(verb.Name, verb.Summary, [.. verb.Options.Append(CommonOptions.Help).Select(FromVerb)]))];

    public static IReadOnlyList<ShellCommand> Tools { get; } = [.. ToolTable.All.OrderBy(tool => tool.Name, StringComparer.Ordinal).Select(tool => new ShellCommand(tool.Name, tool.Summary, [.. FromHelp(tool)]))];

    static ShellOption FromVerb(Option option) => new(option.Name, option.Short, option.Value, option.Help);

    /// <summary>Lines like <c>  -F, --field=FIELD   Print …</c>; several names of one option share a line.</summary>
    static IEnumerable<ShellOption> FromHelp(KmodTool tool)
    {
        using var output = new StringWriter { NewLine = "\n" };
        tool.Run(["--help"], new Terminal(output, TextWriter.Null, isWatched: false));
        foreach (Match match in OptionLine().Matches(output.ToString()))
        {
            var letter = match.Groups["short"].Value is { Length: > 0 } shortName ? shortName[0] : (char?)null;
            var help = match.Groups["help"].Value.Trim();
            foreach (var name in match.Groups["long"].Captures.Select(capture => capture.Value))
            {
                yield return new ShellOption(name, letter, match.Groups["value"].Value is { Length: > 0 } value ? value : null, help);
                letter = null;
            }
        }
    }

    [GeneratedRegex(@"^\s+(-(?<short>\w),?\s+)?(--(?<long>[a-z][a-z-]*)(\[?=(?<value>[A-Z_a-z]+)\]?)?(,\s+)?)+(?<help>[^\n]*)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex OptionLine();
}
