namespace Drover.Report;

/// <summary>What every page has: one file that needs nothing else, for light and dark screens and for paper. It is well-formed XML, too. Stateless.</summary>
static class HtmlPage
{
    // colours of the lines: Okabe and Ito's, which colour-blind people tell apart
    const string Style =
        """
        <style>
        :root { color-scheme: light dark; --ink: #1d2329; --dim: #68727c; --paper: #fff; --grid: #dfe3e7;
          --loading: #2878b5; --waiting: #e0a52c; --failed: #c8372d;
          --l0: #0072b2; --l1: #d55e00; --l2: #009e73; --l3: #cc79a7; --l4: #b58900; --l5: #56b4e9; --l6: #7a6a00; --l7: #7f7f7f; }
        @media (prefers-color-scheme: dark) { :root { --ink: #dde3e8; --dim: #93a0ab; --paper: #14181c; --grid: #2c343b;
          --loading: #4aa3e0; --waiting: #d9a441; --failed: #e5645a; --l0: #4aa3e0; --l1: #f08a3c; --l2: #2fc49a; --l6: #b7a63a; } }
        body { margin: 2em auto; max-width: 76em; padding: 0 1em; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { padding: .2em .9em .2em 0; text-align: left; border-bottom: 1px solid var(--grid); vertical-align: top; overflow-wrap: break-word; }
        th.figure, td.figure { text-align: right; white-space: nowrap; }
        td.bar { min-width: 12em; } td.bar div { height: .75em; margin-top: .4em; min-width: 1px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
        .lead { font-size: 1.15em; } .wide { overflow-x: auto; } .dim { color: var(--dim); }
        .beside { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1.5em; } .beside > div { min-width: 0; }
        .key { display: inline-block; width: .8em; height: .8em; margin: 0 .4em 0 1em; }
        summary { cursor: pointer; font-weight: 600; margin: .6em 0; }
        svg { display: block; max-width: 100%; height: auto; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
        svg text { fill: var(--ink); font: 11px system-ui, sans-serif; }
        svg .small { font-size: 8px; fill: var(--dim); }
        .grid { stroke: var(--grid); stroke-width: 1; }
        .loading { fill: var(--loading); background: var(--loading); } .waiting { fill: var(--waiting); background: var(--waiting); } .failed { fill: var(--failed); background: var(--failed); } .path { fill: var(--ink); background: var(--ink); }
        .line { fill: none; stroke-width: 2; stroke: var(--c); } .dot { fill: var(--c); stroke: var(--c); stroke-width: 2; } .cross { stroke: var(--c); stroke-width: 2.5; fill: none; }
        .c0 { --c: var(--l0); } .c1 { --c: var(--l1); } .c2 { --c: var(--l2); } .c3 { --c: var(--l3); } .c4 { --c: var(--l4); } .c5 { --c: var(--l5); } .c6 { --c: var(--l6); } .c7 { --c: var(--l7); }
        .dashed { stroke-dasharray: 6 4; } .mark { background: var(--c); }
        @media (max-width: 60em) { .beside { grid-template-columns: 1fr; } }
        @media print { body { margin: 0; max-width: none; font-size: 10pt; } h2, tr { break-inside: avoid; } h2 { break-after: avoid; } .beside { grid-template-columns: 1fr 1fr; }
          details.figures::details-content { content-visibility: visible; block-size: auto; } }
        </style>
        """;

    /// <summary>What the bars' colours say.</summary>
    public const string Key = "<span class=\"key loading\"></span>loading<span class=\"key waiting\"></span>waiting<span class=\"key failed\"></span>failed";

    /// <param name="body">Writes what comes below the title.</param>
    /// <param name="about">The last line: where the figures are from.</param>
    public static void Write(TextWriter writer, string title, Action<HtmlWriter> body, string about)
    {
        var html = new HtmlWriter(writer);
        html.Line($"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width\"/>\n<title>{title}</title>");
        html.Raw(Style);
        html.Line($"</head>\n<body>\n<h1>{title}</h1>");
        body(html);
        html.Line($"<p class=\"dim\">Written by drover {Version.Text}; {about}.</p>");
        html.Raw("</body>\n</html>");
    }

    /// <summary>Opens a file for a page before anything is done for it: one that nobody can write is told of before, not after.</summary>
    public static FileStream Open(string path) => new(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);

    /// <summary>Puts a page into a file that <see cref="Open"/> opened, and nothing of what was in it stays.</summary>
    public static void Fill(FileStream file, Action<TextWriter> page)
    {
        if (file.CanSeek)
            file.SetLength(0);
        using var writer = new StreamWriter(file, leaveOpen: true) { NewLine = "\n" };
        page(writer);
    }
}
