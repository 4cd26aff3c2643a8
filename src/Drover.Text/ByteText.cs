using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Drover.Text;

/// <summary>The one way between bytes and strings: names, paths, arguments and the kernel's texts are bytes, nearly
/// always UTF-8. A byte 0xNN that is no part of valid UTF-8 becomes the lone surrogate U+DCNN, as in Python's PEP 383:
/// each string leads back to its very bytes. Safe for any thread.</summary>
public static class ByteText
{
    const char EscapeBase = '\udc00', FirstEscape = '\udc80', LastEscape = '\udcff';

    /// <summary>The most bytes that a character becomes.</summary>
    public const int MaxBytesPerChar = 3;

    /// <summary>Orders texts as strcmp(3) orders their bytes.</summary>
    public static IComparer<string> ByteOrder { get; } = Comparer<string>.Create(Compare);

    // ASCII by itself: 7 % of modinfo's instructions
    public static string Of(ReadOnlySpan<byte> bytes) =>
        Ascii.IsValid(bytes) ? Encoding.Latin1.GetString(bytes)
        : Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes)
        : Escaped(bytes);

    public static byte[] BytesOf(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var bytes = new byte[CountBytes(text)];
        Write(text, bytes);
        return bytes;
    }

    public static int CountBytes(ReadOnlySpan<char> text)
    {
        if (Ascii.IsValid(text))
            return text.Length;
        var count = Encoding.UTF8.GetByteCount(text);
        // UTF-8 has three bytes for the replacement of a lone surrogate
        for (var at = text.IndexOfAnyInRange(FirstEscape, LastEscape); at >= 0;)
        {
            if (IsEscape(text, at))
                count -= MaxBytesPerChar - 1;
            var next = text[(at + 1)..].IndexOfAnyInRange(FirstEscape, LastEscape);
            at = next < 0 ? -1 : at + 1 + next;
        }
        return count;
    }

    /// <summary>Writes the bytes of a text.</summary>
    /// <param name="bytes">Room for <see cref="CountBytes"/>; <see cref="MaxBytesPerChar"/> a character do.</param>
    /// <returns>How many.</returns>
    /// <exception cref="ArgumentException">There is no room.</exception>
    public static int Write(ReadOnlySpan<char> text, Span<byte> bytes)
    {
        for (var total = 0; ;)
        {
            var status = Utf8.FromUtf16(text, bytes[total..], out var read, out var written,
                replaceInvalidSequences: false);
            total += written;
            if (status is OperationStatus.Done)
                return total;
            if (status is OperationStatus.DestinationTooSmall)
                throw new ArgumentException("no room for the text's bytes", nameof(bytes));
            if (text[read] is >= FirstEscape and <= LastEscape)
                bytes[total++] = (byte)(text[read] - EscapeBase);
            else
                total += Rune.ReplacementChar.EncodeToUtf8(bytes[total..]);
            text = text[(read + 1)..];
        }
    }

    /// <summary>Appends the bytes of a text.</summary>
    public static void Write(ReadOnlySpan<char> text, IBufferWriter<byte> to)
    {
        ArgumentNullException.ThrowIfNull(to);
        to.Advance(Write(text, to.GetSpan((text.Length * MaxBytesPerChar) + 1)));
    }

    /// <summary>Whether the bytes are valid UTF-8, so that JSON, for one, can have the text.</summary>
    public static bool IsUtf8(ReadOnlySpan<char> text)
    {
        while (text.IndexOfAnyInRange('\ud800', '\udfff') is >= 0 and var at)
        {
            if (at + 1 == text.Length || !char.IsSurrogatePair(text[at], text[at + 1]))
                return false;
            text = text[(at + 2)..];
        }
        return true;
    }

    /// <summary>The text for what can have no other bytes: those are shown as Latin-1, the encoding of authors' names
    /// in old modules.</summary>
    public static string Shown(string text) => IsUtf8(text)
        ? text
        : string.Create(text.Length, text, static (shown, text) =>
        {
            for (var i = 0; i < shown.Length; i++)
                shown[i] = IsEscape(text, i) ? (char)(text[i] - EscapeBase) : text[i];
        });

    static bool IsEscape(ReadOnlySpan<char> text, int at) =>
        text[at] is >= FirstEscape and <= LastEscape && (at == 0 || !char.IsHighSurrogate(text[at - 1]));

    static string Escaped(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(bytes, out var rune, out var length);
            if (status is OperationStatus.Done)
                text.Append(rune.ToString());
            for (var i = 0; i < length && status is not OperationStatus.Done; i++)
                text.Append((char)(EscapeBase + bytes[i]));
            bytes = bytes[length..];
        }
        return text.ToString();
    }

    static int Compare(string a, string b) => BytesOf(a).AsSpan().SequenceCompareTo(BytesOf(b));
}

/// <summary>Writes texts as their bytes to a stream, buffered. One owner.</summary>
/// <param name="bufferBytes">0: each text is written at once.</param>
public sealed class ByteWriter(Stream stream, int bufferBytes) : TextWriter
{
    byte[] _buffer = new byte[bufferBytes];
    int _filled;

    /// <inheritdoc/>
    public override Encoding Encoding => Encoding.UTF8;

    /// <inheritdoc/>
    public override string NewLine => "\n";

    /// <inheritdoc/>
    public override void Write(char value) => Write([value]);

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    /// <inheritdoc/>
    public override void Write(string? value) => Write(value.AsSpan());

    /// <inheritdoc/>
    public override void WriteLine(string? value) => Write($"{value}\n".AsSpan());

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<char> buffer)
    {
        Append(buffer);
        if (bufferBytes == 0)
            Flush();
    }

    /// <summary>Writes bytes as they are.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        Flush();
        stream.Write(bytes);
    }

    /// <inheritdoc/>
    public override void Flush()
    {
        // emptied first: what cannot be written is not tried again
        var filled = _filled;
        _filled = 0;
        stream.Write(_buffer.AsSpan(0, filled));
    }

    void Append(ReadOnlySpan<char> text)
    {
        var room = text.Length * ByteText.MaxBytesPerChar;
        if (room > _buffer.Length - _filled)
        {
            if (_filled > 0)
                Flush();
            if (room > _buffer.Length)
                _buffer = new byte[room];
        }
        _filled += ByteText.Write(text, _buffer.AsSpan(_filled));
    }
}
