using System.Text;
using Drover.CommandLine;

namespace Drover.Tests.Packaging;

/// <summary>The manual pages drover(8) and drover-study(8), from the same tables as the programs' help.</summary>
static class DroverPage
{
    const string Header = """
            .\" Part of Drover; MIT licence. A test writes it from the program's tables: change those, then
            .\" run the test with DROVER_UPDATE_GOLDEN=1.

            """;

    public static string StudyText() => Page("""
            .TH DROVER\-STUDY 8 "" "Drover" "Kernel modules"
            .SH NAME
            drover\-study \- watch, predict and explain the module loads of a machine
            .SH SYNOPSIS
            .B drover\-study
            .I VERB
            .RI [ OPTION "]... [" ARGUMENT ]...
            .SH DESCRIPTION
            It looks and explains: it starts no service and loads no module.
            .BR drover (8)
            runs it for these verbs.

            """, Drover.Study.Program.Verbs);

    public static string Text() => Page("""
            .TH DROVER 8 "" "Drover" "Kernel modules"
            .SH NAME
            drover \- load every kernel module once for any number of requests
            .SH SYNOPSIS
            .B drover
            .I VERB
            .RI [ OPTION "]... [" ARGUMENT ]...
            .SH DESCRIPTION
            At boot the events of many devices, among them every processor, request the same modules at the same time.
            .B drover
            makes one load of all requests for a module, and returns its outcome to each of them.
            .PP
            By the name of a link to it, or as a verb, it also is each of the tools
            .BR modprobe (8),
            .BR depmod (8),
            .BR modinfo (8),
            .BR insmod (8),
            .BR rmmod (8),
            .BR lsmod (8)
            and
            .BR kmod (8).
            .PP
            The verbs that watch and explain are those of
            .BR drover\-study (8).

            """, Program.Verbs);

    static string Page(string head, IEnumerable<Verb> verbs)
    {
        var page = new StringBuilder(Header).Append(head);
        foreach (var verb in verbs)
            Append(page, verb);
        return page.Append("""
            .SH "EXIT STATUS"
            0 on success, 1 on failure, 2 for a wrong command line.
            .SH "SEE ALSO"
            .BR drover (8),
            .BR drover\-study (8),
            .BR modprobe (8),
            .BR depmod (8),
            .BR modprobe.d (5)

            """).ToString();
    }

    static void Append(StringBuilder page, Verb verb)
    {
        page.Append($".SH \"DROVER {verb.Name.ToUpperInvariant()}\"\n.B drover {verb.Name}\n.RI [ OPTION ]...");
        page.Append($"{(verb.Operands.Length > 0 ? $"\n{Escape(verb.Operands)}" : "")}\n.PP\n");
        var summary = verb.Summary;
        page.Append($"{Escape(char.ToUpperInvariant(summary[0]) + summary[1..])}.\n.PP\n");
        foreach (var line in verb.Details.Split('\n'))
            page.Append(line.Length == 0 ? ".PP" : Escape(line)).Append('\n');
        foreach (var option in verb.Options.Append(CommonOptions.Help))
        {
            var letter = option.Short is { } c ? $"\\fB\\-{c}\\fP, " : "";
            var value = option.Value is null ? "" : $" \\fI{Escape(option.Value)}\\fP";
            var fallback = option.Default is null ? "" : $" (default: {Escape(option.Default)})";
            page.Append($".TP\n{letter}\\fB\\-\\-{Escape(option.Name)}\\fP{value}\n{Escape(option.Help)}{fallback}.\n");
        }
        page.Append(".PP\n");
        foreach (var example in verb.Examples)
            page.Append($".TP\n\\fB{Escape(example.Command)}\\fP\n{Escape(example.Does)}\n");
    }

    /// <summary>No character starts a request or an escape, or is taken for typography.</summary>
    static string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (var c in text.Replace("\\", "\\e", StringComparison.Ordinal))
        {
            escaped.Append(c switch
            {
                '-' => "\\-",
                '\'' => "\\(aq",
                '…' => "...",
                '→' => "\\->",
                _ => c.ToString(),
            });
        }
        return (escaped.Length > 0 && escaped[0] == '.' ? "\\&" : "") + escaped;
    }
}
