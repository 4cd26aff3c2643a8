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

    const int PagerBytes = 4 << 10; // at once: a pager shows a long text from its beginning

    public override string Name => verb.Name;
    public override string Summary => verb.Summary;
    public override string Operands => verb.Operands;
    public override string Details => verb.Details;
    public override IReadOnlyList<Option> Options =>
        isLive ? [.. verb.Options, s_color] : [.. verb.Options, s_color, s_noPager];
    public override IReadOnlyList<Example> Examples => verb.Examples;

    public override int Run(Arguments arguments, Terminal terminal)
    {
        NamedFiles.Check(verb, arguments);
        var hasColors = arguments.Text(s_color) switch { "always" => true, "never" => false, _ => (bool?)null };
        using var pager = isLive || arguments.Has(s_noPager) || terminal.Screen is null ? null : Pager.Start(terminal);
        if (pager is null && hasColors is null)
            return verb.Run(arguments, terminal);
        using var output = pager is null ? null : new ByteWriter(pager, PagerBytes);
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
            output?.Flush();
        }
    }
}
