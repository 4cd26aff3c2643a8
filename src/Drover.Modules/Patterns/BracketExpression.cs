using System.Diagnostics;

namespace Drover.Modules.Patterns;

/// <summary>Which bytes a bracket expression stands for: one bit a byte.</summary>
internal struct ByteSet
{
    private ulong _0, _1, _2, _3;

    public readonly bool Contains(byte b) => (Word(b >> 6) >> (b & 63) & 1) != 0;

    public void Add(byte b)
    {
        ulong bit = 1UL << (b & 63);
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
        for (int b = low; b <= high; b++) Add((byte)b);
    }

    public void Invert() => (_0, _1, _2, _3) = (~_0, ~_1, ~_2, ~_3);

    private readonly ulong Word(int index) => index switch { 0 => _0, 1 => _1, 2 => _2, _ => _3 };
}

/// <summary>The <c>[…]</c> of fnmatch(3) in the C locale: members, ranges by byte value, <c>!</c> or <c>^</c> to negate, <c>[:class:]</c>, <c>[=c=]</c>, <c>[.c.]</c>, backslash.</summary>
internal static class BracketExpression
{
    public enum Outcome
    {
        /// <summary>The bytes given are the whole expression, up to its closing bracket.</summary>
        Closed,
        /// <summary>No closing bracket so far.</summary>
        Open,
        /// <summary>Nothing matches, whatever follows: a class of an unknown name. Or a range that has no end where the pattern ends.</summary>
        Never,
    }

    /// <summary>Reads what stands after the opening bracket, up to a <c>]</c> or the pattern's end.</summary>
    /// <param name="body">Those bytes.</param>
    /// <param name="set">What it stands for, when it is closed.</param>
    public static Outcome Parse(ReadOnlySpan<byte> body, out ByteSet set)
    {
        set = default;
        int i = 0;
        bool negated = body.Length > 0 && body[0] is (byte)'!' or (byte)'^';
        if (negated) i++;
        for (int first = i; i < body.Length;)
        {
            byte low = body[i++];
            if (low == ']' && i - 1 > first)
            {
                Debug.Assert(i == body.Length, "the caller stops at the first bracket that closes");
                if (negated) set.Invert();
                return Outcome.Closed;
            }
            if (low == '[' && i < body.Length)
            {
                if (body[i] == ':' && ClassName(body[(i + 1)..]) is int nameLength and >= 0)
                {
                    if (!AddClass(ref set, body.Slice(i + 1, nameLength))) return Outcome.Never;
                    i += nameLength + 3;
                    continue;
                }
                if (TryReadSymbol(body, ref i, (byte)'=', out byte equivalent))
                {
                    set.Add(equivalent);
                    continue;
                }
                if (TryReadSymbol(body, ref i, (byte)'.', out byte collating)) low = collating;
            }
            else if (low == '\\')
            {
                if (i == body.Length) return Outcome.Open;
                low = body[i++];
            }
            if (i == body.Length || body[i] != '-' || i + 1 == body.Length || body[i + 1] == ']')
            {
                set.Add(low);
                // glibc never comes to this range when the text's byte, which the unclosed bracket leaves to be a [, is among those before it
                if (i + 1 == body.Length && body[i] == '-' && !set.Contains((byte)'[')) return Outcome.Never;
                continue;
            }
            byte high = body[++i];
            i++;
            if (high == '\\')
            {
                if (i == body.Length) return Outcome.Open;
                high = body[i++];
            }
            else if (high == '[' && TryReadSymbol(body, ref i, (byte)'.', out byte collating))
            {
                high = collating;
            }
            set.AddRange(low, high);
        }
        return Outcome.Open;
    }

    /// <summary>Length of the name before <c>:]</c>, or −1 where it is no class at all and its <c>[</c> an ordinary member.</summary>
    private static int ClassName(ReadOnlySpan<byte> name)
    {
        int length = name.IndexOfAnyExceptInRange((byte)'a', (byte)'z');
        return length >= 0 && length + 1 < name.Length && name[length] == ':' && name[length + 1] == ']' ? length : -1;
    }

    /// <summary>Reads <c>=c=]</c> or <c>.c.]</c>; the C locale knows no longer names.</summary>
    private static bool TryReadSymbol(ReadOnlySpan<byte> body, ref int i, byte kind, out byte symbol)
    {
        symbol = 0;
        if (i + 4 > body.Length || body[i] != kind || body[i + 2] != kind || body[i + 3] != ']') return false;
        symbol = body[i + 1];
        i += 4;
        return true;
    }

    private static bool AddClass(ref ByteSet set, ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("alpha"u8)) AddLetters(ref set);
        else if (name.SequenceEqual("digit"u8)) set.AddRange('0', '9');
        else if (name.SequenceEqual("alnum"u8)) { AddLetters(ref set); set.AddRange('0', '9'); }
        else if (name.SequenceEqual("upper"u8)) set.AddRange('A', 'Z');
        else if (name.SequenceEqual("lower"u8)) set.AddRange('a', 'z');
        else if (name.SequenceEqual("xdigit"u8)) { set.AddRange('0', '9'); set.AddRange('a', 'f'); set.AddRange('A', 'F'); }
        else if (name.SequenceEqual("space"u8)) { set.Add((byte)' '); set.AddRange('\t', '\r'); }
        else if (name.SequenceEqual("blank"u8)) { set.Add((byte)' '); set.Add((byte)'\t'); }
        else if (name.SequenceEqual("cntrl"u8)) { set.AddRange(0, 31); set.Add(127); }
        else if (name.SequenceEqual("print"u8)) set.AddRange(32, 126);
        else if (name.SequenceEqual("graph"u8)) set.AddRange(33, 126);
        else if (name.SequenceEqual("punct"u8)) { set.AddRange('!', '/'); set.AddRange(':', '@'); set.AddRange('[', '`'); set.AddRange('{', '~'); }
        else return false;
        return true;
    }

    private static void AddLetters(ref ByteSet set)
    {
        set.AddRange('a', 'z');
        set.AddRange('A', 'Z');
    }
}
