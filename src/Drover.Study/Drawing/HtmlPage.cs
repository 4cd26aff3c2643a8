using System.Buffers;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace Drover.Study.Drawing;

/// <summary>The frame of every page: one file without references, for light and dark screens and for paper. Its script
/// draws the charts; without it their tables remain.</summary>
static class HtmlPage
{
    public const string Key =
        "<span class=\"key loading\"></span>loading <span class=\"key waiting\"></span>waiting "
        + "<span class=\"key failed\"></span>failed";

    /// <param name="body">Writes the part below the title.</param>
    /// <param name="about">The source of the figures, for the last line.</param>
    public static void Write(TextWriter writer, string title, Action<HtmlWriter> body, string about)
    {
        var html = new HtmlWriter(writer);
        html.Raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>");
        html.Line($"<meta name=\"viewport\" content=\"width=device-width\"/>\n<title>{title}</title>");
        html.Raw($"<style>\n{Resource("page.css")}</style>");
        html.Line($"</head>\n<body>\n<h1>{title}</h1>");
        body(html);
        html.Line($"<p class=\"dim\">Written by drover {ProgramVersion.Text}; {about}.</p>");
        html.Raw($"<script>\n{Resource("page.js")}</script>\n</body>\n</html>");
    }

    static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(HtmlPage).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}

/// <param name="IsNumber">It is aligned to the right.</param>
readonly record struct HtmlCell(string Text, bool IsNumber = false)
{
    public static implicit operator HtmlCell(string text) => new(text);
    public static HtmlCell Number(string text) => new(text, IsNumber: true);
}

/// <summary>Writes HTML that is well-formed XML. In an interpolated string the literals are markup, and every value is
/// text that is escaped.</summary>
sealed class HtmlWriter(TextWriter writer)
{
    public void Line([InterpolatedStringHandlerArgument("")] ref Handler markup)
    {
        // the handler has written its pieces already
        _ = markup;
        writer.WriteLine();
    }

    /// <summary>Markup without values.</summary>
    public void Raw(string markup) => writer.WriteLine(markup);
    public void Headings(params ReadOnlySpan<HtmlCell> cells) => Row("th", cells);
    public void Row(params ReadOnlySpan<HtmlCell> cells) => Row("td", cells);

    /// <summary>A chart's data, for page.js.</summary>
    public void Figure(string classes, Action<Utf8JsonWriter> members)
    {
        Line($"<figure class=\"{classes}\"><svg aria-hidden=\"true\"></svg><script type=\"application/json\">");
        var text = new ArrayBufferWriter<byte>();
        // its encoder escapes all that is markup
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }
        writer.Write(Encoding.UTF8.GetString(text.WrittenSpan));
        Raw("</script><noscript>The table below has what a script would draw.</noscript></figure>");
    }

    void Row(string element, ReadOnlySpan<HtmlCell> cells)
    {
        writer.Write("<tr>");
        foreach (var cell in cells)
            writer.Write($"<{element}{(cell.IsNumber ? " class=\"figure\"" : "")}>{Escape(cell.Text)}</{element}>");
        writer.WriteLine("</tr>");
    }

    /// <summary>The compiler passes it the pieces of an interpolated string.</summary>
    [InterpolatedStringHandler]
    public readonly ref struct Handler
    {
        readonly TextWriter _writer;

        public Handler(int literalLength, int formattedCount, HtmlWriter html)
        {
            _ = literalLength + formattedCount;
            _writer = html.Inner;
        }

        public void AppendLiteral(string markup) => _writer.Write(markup);
        public void AppendFormatted(string text) => _writer.Write(Escape(text));
        public void AppendFormatted(long number) => _writer.Write(number.ToString(CultureInfo.InvariantCulture));

        /// <summary>A coordinate, to a tenth of a pixel.</summary>
        public void AppendFormatted(double number) =>
            _writer.Write(number.ToString("0.#", CultureInfo.InvariantCulture));
    }

    TextWriter Inner => writer;

    static string Escape(string text) => WebUtility.HtmlEncode(Plain(text));

    /// <summary>Replaces control characters and half surrogate pairs, which XML does not allow even escaped.</summary>
    public static string Plain(string text)
    {
        var plain = PlainText.Of(text).ToCharArray();
        for (var i = 0; i < plain.Length; i++)
        {
            if (i + 1 < plain.Length && char.IsSurrogatePair(plain[i], plain[i + 1]))
                i++;
            else if (char.IsSurrogate(plain[i]) || plain[i] >= '\ufffe')
                plain[i] = '?';
        }
        return new string(plain);
    }
}
