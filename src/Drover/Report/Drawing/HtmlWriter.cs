using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using Drover.Output;

namespace Drover.Report;

/// <summary>Writes HTML that is XML, too. What stands in a literal is markup, what is put in is text and gets escaped: nobody can forget it.</summary>
sealed class HtmlWriter(TextWriter writer)
{
    public void Line([InterpolatedStringHandlerArgument("")] ref Handler markup)
    {
        // its pieces are written already, when it was made
        _ = markup;
        writer.WriteLine();
    }

    /// <summary>Markup with nothing put in.</summary>
    public void Raw(string markup) => writer.WriteLine(markup);

    /// <summary>Written to piece by piece by the compiler's code for <c>$"…"</c>.</summary>
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

        /// <summary>A coordinate: a tenth of a pixel is enough.</summary>
        public void AppendFormatted(double number) => _writer.Write(number.ToString("0.#", CultureInfo.InvariantCulture));
    }

    TextWriter Inner => writer;

    /// <summary>XML has no control characters and no half surrogates, not even escaped ones.</summary>
    static string Escape(string text)
    {
        var plain = PlainText.Of(text);
        for (var i = 0; i < plain.Length; i++)
        {
            if (char.IsSurrogate(plain[i]) && !(char.IsSurrogatePair(plain, i) || (i > 0 && char.IsSurrogatePair(plain, i - 1))))
                plain = $"{plain.AsSpan(0, i)}?{plain.AsSpan(i + 1)}";
            else if (plain[i] >= '\ufffe')
                plain = $"{plain.AsSpan(0, i)}?{plain.AsSpan(i + 1)}";
        }
        return WebUtility.HtmlEncode(plain);
    }
}
