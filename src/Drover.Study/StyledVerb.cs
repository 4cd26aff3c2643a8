using System.Diagnostics;
using Drover.Study.Files;

namespace Drover.Study;

/// <summary>A verb with the options of all verbs that look: colours, and a pager on a terminal.</summary>
/// <param name="isLive">It updates the terminal by itself: no pager.</param>
sealed class StyledVerb(Verb verb, bool isLive = false) : Verb
{
    static readonly Option s_color = new(
        "color", "colours and bold headings: auto is on a terminal, unless NO_COLOR is set", "auto|always|never",
        "auto",
        Kind: ValueKind.Choice);
    static readonly Option s_noPager = new(
        "no-pager", "do not show the text in $DROVER_PAGER, $PAGER or less, as on a terminal");

    /// <summary>Options of what is written, to a file or, without a value, to standard output.</summary>
    static readonly string[] s_outputs = ["html", "trace", "stats", "save", "output", "metrics", "json", "csv"];

    public override string Name => verb.Name;
    public override string Summary => verb.Summary;
    public override string Operands => verb.Operands;
    public override string Details => verb.Details;
    public override IReadOnlyList<Option> Options =>
        isLive ? [.. verb.Options, s_color] : [.. verb.Options, s_color, s_noPager];
    public override IReadOnlyList<Example> Examples => verb.Examples;

    public override int Run(Arguments arguments, Terminal terminal)
    {
        CheckDashes(arguments);
        var hasColors = arguments.Text(s_color) switch { "always" => true, "never" => false, _ => (bool?)null };
        using var pager = isLive || arguments.Has(s_noPager) || terminal.Screen is null ? null : StartPager(terminal);
        if (pager is null && hasColors is null)
            return verb.Run(arguments, terminal);
        using var output = pager?.StandardInput;
        var styled = new Terminal(output ?? terminal.Out, terminal.Error, terminal.IsWatched, terminal.Screen)
        {
            HasColors = hasColors,
        };
        try
        {
            return verb.Run(arguments, styled);
        }
        finally
        {
            output?.Close();
            pager?.WaitForExit();
        }
    }

    /// <summary>Standard input is read once, and standard output has one document.</summary>
    void CheckDashes(Arguments arguments)
    {
        List<Option> dashes = [.. verb.Options.Where(option => option.Value == "FILE"
            && arguments.Text(option) == InputFile.Dash)];
        List<string> written = [.. s_outputs.Where(name => verb.Options.Any(option => option.Name == name
            && (option.Value is null ? arguments.Has(option) : dashes.Contains(option))))];
        if (written.Count > 1 && dashes.Exists(option => s_outputs.Contains(option.Name)))
            throw new UsageException($"--{written[0]} and --{written[1]} both write to standard output");
        List<string> read = [.. dashes.Where(option => !s_outputs.Contains(option.Name))
            .Select(option => $"--{option.Name}")];
        if (verb.Operands.EndsWith("FILE…", StringComparison.Ordinal)
            || verb.Operands.EndsWith("[RECORDING…]", StringComparison.Ordinal))
        {
            read.AddRange(arguments.Operands.Where(operand => operand == InputFile.Dash));
        }
        if (read.Count > 1)
            throw new UsageException($"{read[0]} and {read[1]} both read standard input, which can be read once");
    }

    /// <summary>As systemctl(1) does it, but long lines wrap: less quits by itself if the text fits. Null without a
    /// pager.</summary>
    static Process? StartPager(Terminal terminal)
    {
        terminal.Flush();
        var command = Environment.GetEnvironmentVariable("DROVER_PAGER") ?? Environment.GetEnvironmentVariable("PAGER")
            ?? "less 2>/dev/null || more 2>/dev/null || cat";
        if (command is "" or "cat" || Environment.GetEnvironmentVariable("TERM") is null or "dumb")
            return null;
        var start = new ProcessStartInfo("/bin/sh", ["-c", command])
        {
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        start.Environment.TryAdd("LESS", "FRXMK");
        start.Environment.TryAdd("LESSCHARSET", "utf-8");
        var pager = Process.Start(start);
        if (pager is not null)
            pager.StandardInput.NewLine = "\n";
        return pager;
    }
}
