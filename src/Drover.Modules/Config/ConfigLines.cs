namespace Drover.Modules.Config;

/// <summary>
/// The logical lines of a configuration file (kmod: <c>freadline_wrapped</c>): a backslash before a newline joins two lines;
/// before anything else it is dropped and what follows stands. A NUL ends a line's text.
/// </summary>
internal ref struct ConfigLines
{
    private readonly ReadOnlySpan<byte> _text;
    private int _next;
    private int _nextNumber;

    public ConfigLines(ReadOnlySpan<byte> text)
    {
        _text = text;
        _nextNumber = 1;
    }

    public ReadOnlySpan<byte> Current { get; private set; }

    /// <summary>The number of the line where the logical one begins, from 1.</summary>
    public int Number { get; private set; }

    /// <summary>The number of the line where the logical one ends.</summary>
    public readonly int LastNumber => _nextNumber - 1;

    public bool MoveNext()
    {
        if (_next >= _text.Length) return false;
        Number = _nextNumber++;
        ReadOnlySpan<byte> rest = _text[_next..];
        int end = rest.IndexOfAny((byte)'\n', (byte)'\\');
        if (end >= 0 && rest[end] == '\\') return Join(rest);
        Current = Text(end < 0 ? rest : rest[..end]);
        _next += end < 0 ? rest.Length : end + 1;
        return true;
    }

    private bool Join(ReadOnlySpan<byte> rest)
    {
        List<byte> line = [];
        int i = 0;
        for (; i < rest.Length && rest[i] != '\n'; i++)
        {
            if (rest[i] == '\\')
            {
                if (++i == rest.Length) break;
                if (rest[i] == '\n')
                {
                    _nextNumber++;
                    continue;
                }
            }
            line.Add(rest[i]);
        }
        _next += i + 1;
        Current = Text(line.ToArray());
        return true;
    }

    private static ReadOnlySpan<byte> Text(ReadOnlySpan<byte> line)
    {
        int nul = line.IndexOf((byte)0);
        return nul < 0 ? line : line[..nul];
    }
}
