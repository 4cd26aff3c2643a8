using System.Net;
using System.Runtime.CompilerServices;

namespace Drover.Study.Drawing;

/// <summary>The frame of every page: one file without references, for light and dark screens and for paper.</summary>
static class HtmlPage
{
    public const string Key =
        "<span class=\"key loading\"></span>loading<span class=\"key waiting\"></span>waiting"
        + "<span class=\"key failed\"></span>failed";

    /// <param name="body">Writes the part below the title.</param>
    /// <param name="about">The source of the figures, for the last line.</param>
    public static void Write(TextWriter writer, string title, Action<HtmlWriter> body, string about)
    {
        var html = new HtmlWriter(writer);
        html.Raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>");
        html.Line($"<meta name=\"viewport\" content=\"width=device-width\"/>\n<title>{title}</title>");
        html.Raw($"<style>\n{Style()}</style>");
        html.Line($"</head>\n<body>\n<h1>{title}</h1>");
        body(html);
        html.Line($"<p class=\"dim\">Written by drover {ProgramVersion.Text}; {about}.</p>");
        html.Raw("</body>\n</html>");
    }

    /// <summary>Opens the file of a page before the work that fills it, so that an error is reported first.</summary>
    /// <exception cref="CommandException">It cannot be written.</exception>
    public static FileStream Open(string path)
    {
        try
        {
            return new(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            var why = problem switch
            {
                _ when Directory.Exists(path) => "it is a directory",
                DirectoryNotFoundException => "there is no such directory",
                UnauthorizedAccessException => "access denied",
                _ => problem.Message,
            };
            throw new CommandException($"{path}: the page cannot be written: {why}");
        }
    }

    /// <summary>Replaces the contents of a file that <see cref="Open"/> opened.</summary>
    public static void Fill(FileStream file, Action<TextWriter> page)
    {
        if (file.CanSeek)
            file.SetLength(0);
        using var writer = new StreamWriter(file, leaveOpen: true) { NewLine = "\n" };
        page(writer);
    }

    static string Style()
    {
        using var reader = new StreamReader(typeof(HtmlPage).Assembly.GetManifestResourceStream("page.css")!);
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

    /// <summary>Replaces control characters and half surrogate pairs, which XML does not allow even escaped.</summary>
    static string Escape(string text)
    {
        var plain = PlainText.Of(text).ToCharArray();
        for (var i = 0; i < plain.Length; i++)
        {
            if (i + 1 < plain.Length && char.IsSurrogatePair(plain[i], plain[i + 1]))
                i++;
            else if (char.IsSurrogate(plain[i]) || plain[i] >= '\ufffe')
                plain[i] = '?';
        }
        return WebUtility.HtmlEncode(new string(plain));
    }
}
