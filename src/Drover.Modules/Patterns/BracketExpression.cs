using System.Diagnostics;
using System.Text;

namespace Drover.Modules.Patterns;

/// <summary>A set of bytes.</summary>
struct ByteSet
{
    ulong _0, _1, _2, _3;

    public readonly bool Contains(byte b) => (Word(b >> 6) >> (b & 63) & 1) != 0;

    public void Add(byte b)
    {
        var bit = 1UL << (b & 63);
        switch (b >> 6)
        {
            case 0: _0 |= bit; break;
            case 1: _1 |= bit; break;
            case 2: _2 |= bit; break;
            default: _3 |= bit; break;
        }
    }

    public void AddRange(int low, int high)
    {
        for (var b = low; b <= high; b++)
            Add((byte)b);
    }

    public void Invert() => (_0, _1, _2, _3) = (~_0, ~_1, ~_2, ~_3);

    readonly ulong Word(int index) => index switch { 0 => _0, 1 => _1, 2 => _2, _ => _3 };
}

/// <summary>The <c>[…]</c> of fnmatch(3) in the C locale, with classes, symbols and backslash.</summary>
static class BracketExpression
{
    public enum Result
    {
        Closed, // the whole expression, with its closing bracket
        Open, // no closing bracket so far
        Never, // nothing can match: an unknown class, or a range without end at the end of the pattern
    }

    // pairs of first and last byte
    static readonly (string Name, string Ranges)[] s_classes =
    [
        ("alpha", "AZaz"), ("digit", "09"), ("alnum", "09AZaz"), ("upper", "AZ"), ("lower", "az"), ("xdigit", "09AFaf"),
        ("space", "\t\r  "), ("blank", "\t\t  "), ("cntrl", "\0\x1f\x7f\x7f"), ("print", " ~"), ("graph", "!~"),
        ("punct", "!/:@[`{~"),
    ];

    /// <param name="body">The bytes from after the opening bracket to a <c>]</c> or the end of the pattern.</param>
    public static Result Parse(ReadOnlySpan<byte> body, out ByteSet set)
    {
        set = default;
        var i = 0;
        var negated = body.Length > 0 && body[0] is (byte)'!' or (byte)'^';
        if (negated)
            i++;
        for (var first = i; i < body.Length;)
        {
            var low = body[i++];
            if (low == ']' && i - 1 > first)
            {
                Debug.Assert(i == body.Length, "the caller stops at the first bracket that closes");
                if (negated)
                    set.Invert();
                return Result.Closed;
            }
            if (low == '[' && i < body.Length)
            {
                if (body[i] == ':' && ClassName(body[(i + 1)..]) is int nameLength and >= 0)
                {
                    if (!AddClass(ref set, body.Slice(i + 1, nameLength)))
                        return Result.Never;
                    i += nameLength + 3;
                    continue;
                }
                if (TryReadSymbol(body, ref i, (byte)'=', out var equivalent))
                {
                    set.Add(equivalent);
                    continue;
                }
                if (TryReadSymbol(body, ref i, (byte)'.', out var collating))
                    low = collating;
            }
            else if (low == '\\')
            {
                if (i == body.Length)
                    return Result.Open;
                low = body[i++];
            }
            if (i == body.Length || body[i] != '-' || i + 1 == body.Length || body[i + 1] == ']')
            {
                set.Add(low);
                // glibc does not reach this range if an earlier member matches the text's byte, which is [ here
                if (i + 1 == body.Length && body[i] == '-' && !set.Contains((byte)'['))
                    return Result.Never;
                continue;
            }
            var high = body[++i];
            i++;
            if (high == '\\')
            {
                if (i == body.Length)
                    return Result.Open;
                high = body[i++];
            }
            else if (high == '[' && TryReadSymbol(body, ref i, (byte)'.', out var collating))
            {
                high = collating;
            }
            set.AddRange(low, high);
        }
        return Result.Open;
    }

    /// <summary>Length of the name before <c>:]</c>; −1 if this is not a class and the <c>[</c> is literal.</summary>
    static int ClassName(ReadOnlySpan<byte> name)
    {
        var length = name.IndexOfAnyExceptInRange((byte)'a', (byte)'z');
        return length >= 0 && name[length..].StartsWith(":]"u8) ? length : -1;
    }

    /// <summary>Reads <c>=c=]</c> or <c>.c.]</c>; the C locale has no longer names.</summary>
    static bool TryReadSymbol(ReadOnlySpan<byte> body, ref int i, byte kind, out byte symbol)
    {
        symbol = 0;
        if (i + 4 > body.Length || body[i] != kind || body[i + 2] != kind || body[i + 3] != ']')
            return false;
        symbol = body[i + 1];
        i += 4;
        return true;
    }

    /// <summary>Adds a character class of the C locale; false for an unknown name.</summary>
    static bool AddClass(ref ByteSet set, ReadOnlySpan<byte> name)
    {
        foreach (var (known, ranges) in s_classes)
        {
            if (!Ascii.Equals(name, known))
                continue;
            for (var i = 0; i < ranges.Length; i += 2)
                set.AddRange(ranges[i], ranges[i + 1]);
            return true;
        }
        return false;
    }
}
