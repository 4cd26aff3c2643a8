using System.Text;
using System.Text.Unicode;

namespace Drover.Modules;

/// <summary>A string with one character a byte (Latin-1), so that any encoding is written as read.</summary>
public static class RawText
{
    public static string Of(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    /// <summary>The UTF-8 bytes of a text as raw text.</summary>
    public static string Of(string text) => Ascii.IsValid(text) ? text : Of(Encoding.UTF8.GetBytes(text));

    /// <summary>The bytes of a raw text.</summary>
    public static byte[] BytesOf(string raw) => Encoding.Latin1.GetBytes(raw);

    /// <summary>Decodes for display: as UTF-8 if valid, else as Latin-1, as author names of old modules.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes) =>
        Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : Encoding.Latin1.GetString(bytes);

    /// <summary>Decodes a raw text for display.</summary>
    public static string Decode(string raw) => Ascii.IsValid(raw) ? raw : Decode(BytesOf(raw));
}
