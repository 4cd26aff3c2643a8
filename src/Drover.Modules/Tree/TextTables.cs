using System.Text;

namespace Drover.Modules.Tree;

/// <summary>The text files beside the indexes, read where an index is missing; depmod writes both from the same tables. Stateless.</summary>
internal static class TextTables
{
    /// <summary>modules.dep: <c>path: path path …</c>.</summary>
    public static void Dependencies(IndexBuilder to, byte[] text, string file)
    {
        uint priority = 0;
        TextLines lines = new(text);
        while (lines.MoveNext())
        {
            ReadOnlySpan<byte> line = lines.Current;
            if (line.IsEmpty || line[0] == '#') continue;
            int colon = line.IndexOf((byte)':');
            if (colon < 0) throw new ModuleDataException(file, lines.Offset, "a line without a colon");
            Add(to, ModuleName.FromPath(Encoding.UTF8.GetString(line[..colon])), Encoding.UTF8.GetString(line), priority++, file, lines.Offset);
        }
    }

    /// <summary>modules.alias and modules.symbols: <c>alias PATTERN MODULE</c>. The text has no priorities; but depmod writes it module by module, in their order.</summary>
    public static void Aliases(IndexBuilder to, byte[] text, string file)
    {
        uint priority = 0;
        string? last = null;
        TextLines lines = new(text);
        while (lines.MoveNext())
        {
            ReadOnlySpan<byte> line = lines.Current;
            if (line.IsEmpty || line[0] == '#') continue;
            // a pattern may hold blanks, a module cannot
            int end = line.LastIndexOf((byte)' ');
            if (!line.StartsWith("alias "u8) || end <= "alias ".Length) throw new ModuleDataException(file, lines.Offset, "not a line of the form \"alias PATTERN MODULE\"");
            string module = ModuleName.Normalize(Encoding.UTF8.GetString(line[(end + 1)..]));
            if (last is not null && last != module) priority++;
            last = module;
            // depmod leaves a pattern with an unmatched bracket out of the index, too
            if (ModuleName.TryNormalizeAlias(Encoding.UTF8.GetString(line["alias ".Length..end]), out string? pattern))
                Add(to, pattern, module, priority, file, lines.Offset);
        }
    }

    /// <summary>modules.builtin: a path a line.</summary>
    public static void BuiltIn(IndexBuilder to, byte[] text, string file)
    {
        TextLines lines = new(text);
        while (lines.MoveNext())
        {
            if (!lines.Current.IsEmpty) Add(to, ModuleName.FromPath(Encoding.UTF8.GetString(lines.Current)), "", 0, file, lines.Offset);
        }
    }

    /// <summary>What an index cannot hold is the file's fault here, not the caller's.</summary>
    public static void Add(IndexBuilder to, string key, string value, uint priority, string file, int offset)
    {
        if (IndexBuilder.Objection(key, value) is string objection) throw new ModuleDataException(file, offset, objection);
        to.Add(key, value, priority);
    }
}

/// <summary>Goes through the lines of a text, without their newlines.</summary>
internal ref struct TextLines
{
    private readonly ReadOnlySpan<byte> _text;
    private int _next;

    public TextLines(ReadOnlySpan<byte> text) => _text = text;

    public ReadOnlySpan<byte> Current { get; private set; }

    /// <summary>Where the line begins.</summary>
    public int Offset { get; private set; }

    public bool MoveNext()
    {
        if (_next >= _text.Length) return false;
        Offset = _next;
        int length = _text[_next..].IndexOf((byte)'\n');
        Current = length < 0 ? _text[_next..] : _text.Slice(_next, length);
        _next += Current.Length + 1;
        return true;
    }
}
