using System.Diagnostics;

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

    public override string Name => verb.Name;
    public override string Summary => verb.Summary;
    public override string Operands => verb.Operands;
    public override string Details => verb.Details;
    public override IReadOnlyList<Option> Options =>
        isLive ? [.. verb.Options, s_color] : [.. verb.Options, s_color, s_noPager];
    public override IReadOnlyList<Example> Examples => verb.Examples;

    public override int Run(Arguments arguments, Terminal terminal)
    {
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
