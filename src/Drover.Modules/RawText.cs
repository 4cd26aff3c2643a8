using System.Text;
using System.Text.Unicode;

namespace Drover.Modules;

/// <summary>
/// Text whose bytes must come out as they went in, whatever encoding its author had: a string with a character for each byte (Latin-1). Stateless; safe for
/// any thread.
/// </summary>
public static class RawText
{
    /// <summary>A character a byte.</summary>
    public static string Of(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    /// <summary>The UTF-8 of a text, a character a byte.</summary>
    public static string Of(string text) => Ascii.IsValid(text) ? text : Of(Encoding.UTF8.GetBytes(text));

    /// <summary>The bytes of a raw text.</summary>
    public static byte[] BytesOf(string raw) => Encoding.Latin1.GetBytes(raw);

    /// <summary>For people: UTF-8, which nearly all are; otherwise each byte as the character of its number, as in the Latin-1 of older authors' names.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes) => Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : Encoding.Latin1.GetString(bytes);

    /// <summary>A raw text for people.</summary>
    public static string Decode(string raw) => Ascii.IsValid(raw) ? raw : Decode(BytesOf(raw));
}
