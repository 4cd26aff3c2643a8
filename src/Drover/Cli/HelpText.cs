using System.Text;
using Drover.Kmod;
using Drover.Verbs;

namespace Drover.Cli;

/// <summary>What <c>--help</c> prints.</summary>
static class HelpText
{
    /// <summary>Of the program: its verbs.</summary>
    public static string ForProgram()
    {
        var text = new StringBuilder("drover loads every Linux kernel module once, however many ask for it.\n\nusage: drover VERB [OPTION…] [ARGUMENT…]\n\nverbs\n");
        Columns(text, [.. VerbTable.All.Select(verb => (verb.Name, verb.Summary))]);
        text.Append("\nkmod's programs, each under its own name too ('modprobe' as a link to drover)\n");
        Columns(text, [.. ToolTable.All.Select(tool => (tool.Name, tool.Summary))]);
        text.Append("\noptions\n");
        Columns(text, [("-h, --help", "this text; behind a verb, that verb's"), ("    --version", "the version")]);
        text.Append("\nexamples\n");
        foreach (var verb in VerbTable.All)
            AppendExample(text, verb.Examples[0]);
        text.Append("\n'drover VERB --help' tells a verb's options, with more examples.\nExit status: 0 done, 1 not all of it could be done, 2 a mistake in the command line.\n");
        return text.ToString();
    }

    /// <summary>Of one verb: usage, options with their defaults, examples.</summary>
    public static string For(Verb verb)
    {
        var text = new StringBuilder($"drover {verb.Name}: {verb.Summary}\n\nusage: drover {verb.Name} [OPTION…]");
        if (verb.Operands.Length > 0)
            text.Append(' ').Append(verb.Operands);
        text.Append("\n\n").Append(verb.Details).Append("\n\noptions\n");
        Columns(text, [.. verb.Options.Append(CommonOptions.Help).Select(Row)]);
        text.Append("\nexamples\n");
        foreach (var example in verb.Examples)
            AppendExample(text, example);
        return text.ToString();
    }

    static (string Left, string Right) Row(Option option)
    {
        var name = option.Short is { } letter ? $"-{letter}, --{option.Name}" : $"    --{option.Name}";
        return (option.Value is null ? name : $"{name} {option.Value}", option.Default is null ? option.Help : $"{option.Help} (default: {option.Default})");
    }

    static void Columns(StringBuilder text, IReadOnlyList<(string Left, string Right)> rows)
    {
        var width = rows.Max(row => row.Left.Length);
        foreach (var (left, right) in rows)
            text.Append("  ").Append(left.PadRight(width)).Append("  ").Append(right).Append('\n');
    }

    static void AppendExample(StringBuilder text, Example example) =>
        text.Append("  ").Append(example.Command).Append("\n      ").Append(example.Does).Append('\n');
}
