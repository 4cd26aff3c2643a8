using System.Text;

namespace Drover.CommandLine;

/// <summary>Help texts.</summary>
public static class HelpText
{
    /// <param name="about">What the program does, in one sentence.</param>
    /// <param name="sections">Lists of commands, each with its heading.</param>
    /// <param name="examples">In the order of the commands.</param>
    public static string ForProgram(
        string about, IEnumerable<(string Heading, (string Name, string Summary)[] Commands)> sections,
        IEnumerable<Example> examples)
    {
        var text = new StringBuilder(about).Append("\n\nUsage: drover COMMAND [OPTION…] [ARGUMENT…]\n");
        foreach (var (heading, commands) in sections)
        {
            text.Append('\n').Append(heading).Append(":\n");
            AppendColumns(text, commands);
        }
        text.Append("\nOptions:\n");
        AppendColumns(
            text,
            [
                ("-h, --help", "show this help, or a command's: drover COMMAND --help"),
                ("-V, --version", "show the version"),
            ]);
        AppendExamples(text, examples);
        text.Append("\nExit status: 0 success, 1 failure or partial failure, 2 invalid command line, 130 Ctrl-C.\n");
        return text.ToString();
    }

    /// <summary>The help of one verb: usage, options with their defaults, examples.</summary>
    public static string For(Verb verb)
    {
        var text = new StringBuilder($"drover {verb.Name}: {verb.Summary}\n\nUsage: drover {verb.Name} [OPTION…]");
        if (verb.Operands.Length > 0)
            text.Append(' ').Append(verb.Operands);
        text.Append("\n\n").Append(verb.Details).Append("\n\nOptions:\n");
        AppendColumns(text, [.. verb.Options.Append(CommonOptions.Help).Select(Row)]);
        AppendExamples(text, verb.Examples);
        return text.ToString();
    }

    static (string Left, string Right) Row(Option option)
    {
        var name = option.Short is { } letter ? $"-{letter}, --{option.Name}" : $"    --{option.Name}";
        return (
            option.Value is null ? name : $"{name} {option.Value}",
            option.Default is null ? option.Help : $"{option.Help} (default: {option.Default})");
    }

    static void AppendColumns(StringBuilder text, IReadOnlyList<(string Left, string Right)> rows)
    {
        var width = rows.Max(row => row.Left.Length);
        foreach (var (left, right) in rows)
            text.Append("  ").Append(left.PadRight(width)).Append("  ").Append(right).Append('\n');
    }

    static void AppendExamples(StringBuilder text, IEnumerable<Example> examples)
    {
        text.Append("\nExamples:\n");
        foreach (var (command, does) in examples)
            text.Append("  ").Append(command).Append("\n      ").Append(does).Append('\n');
    }
}
