using System.Text;
using Drover.Modules.Index;

namespace Drover.Modules.Tree;

/// <summary>Builds indexes from a module directory's text files, where the index files are missing.</summary>
static class TextTables
{
    /// <summary>modules.dep: <c>path: path path …</c>.</summary>
    public static void Dependencies(IndexBuilder to, byte[] text, string file)
    {
        var priority = 0u;
        var lines = new TextLines(text);
        while (lines.MoveNext())
        {
            if (lines.Current.IsEmpty || lines.Current[0] == '#')
                continue;
            var line = Encoding.UTF8.GetString(lines.Current);
            var colon = line.IndexOf(':');
            if (colon < 0)
                throw new ModuleDataException(file, lines.Offset, "a line without a colon");
            Add(to, ModuleName.FromPath(line[..colon]), line, priority++, file, lines.Offset);
        }
    }

    /// <summary>modules.alias and modules.symbols: <c>alias PATTERN MODULE</c>, in order of priority.</summary>
    public static void Aliases(IndexBuilder to, byte[] text, string file)
    {
        var priority = 0u;
        string? last = null;
        var lines = new TextLines(text);
        while (lines.MoveNext())
        {
            var line = lines.Current;
            if (line.IsEmpty || line[0] == '#')
                continue;
            // a pattern may contain blanks, a module name cannot
            var end = line.LastIndexOf((byte)' ');
            if (!line.StartsWith("alias "u8) || end <= "alias ".Length)
                throw new ModuleDataException(file, lines.Offset, "not of the form \"alias PATTERN MODULE\"");
            var module = ModuleName.Normalize(Encoding.UTF8.GetString(line[(end + 1)..]));
            if (last is not null && last != module)
                priority++;
            last = module;
            // depmod also leaves a pattern with an unmatched bracket out of the index
            if (ModuleName.TryNormalizeAlias(Encoding.UTF8.GetString(line["alias ".Length..end]), out var pattern))
                Add(to, pattern, module, priority, file, lines.Offset);
        }
    }

    /// <summary>modules.builtin: one path a line.</summary>
    public static void BuiltIn(IndexBuilder to, byte[] text, string file)
    {
        var lines = new TextLines(text);
        while (lines.MoveNext())
        {
            if (!lines.Current.IsEmpty)
                Add(to, ModuleName.FromPath(Encoding.UTF8.GetString(lines.Current)), "", 0, file, lines.Offset);
        }
    }

    /// <summary>Adds an entry; one that an index cannot hold is an error of the file, not of the caller.</summary>
    public static void Add(IndexBuilder to, string key, string value, uint priority, string file, int offset)
    {
        if (IndexBuilder.Objection(key, value) is string objection)
            throw new ModuleDataException(file, offset, objection);
        to.Add(key, value, priority);
    }
}

/// <summary>Enumerates the lines of a text, without their newlines.</summary>
ref struct TextLines
{
    readonly ReadOnlySpan<byte> _text;
    int _next;

    public TextLines(ReadOnlySpan<byte> text) => _text = text;

    public ReadOnlySpan<byte> Current { get; private set; }
    public int Offset { get; private set; } // offset of the line in the text

    public bool MoveNext()
    {
        if (_next >= _text.Length)
            return false;
        Offset = _next;
        var length = _text[_next..].IndexOf((byte)'\n');
        Current = length < 0 ? _text[_next..] : _text.Slice(_next, length);
        _next += Current.Length + 1;
        return true;
    }
}

/// <summary>modules.builtin.modinfo: <c>module.key=value</c>, NUL (kmod: <c>kmod_builtin_iter</c>).</summary>
public static class BuiltInModinfo
{
    /// <summary>A module's fields, without malformed entries (kmod: <c>kmod_builtin_get_modinfo</c>).</summary>
    /// <param name="module">Normalised name.</param>
    public static IReadOnlyList<KeyValuePair<string, string>> Of(ReadOnlySpan<byte> content, string module)
    {
        var fields = new List<KeyValuePair<string, string>>();
        ReadOnlySpan<byte> prefix = Encoding.UTF8.GetBytes(module + ".");
        foreach (var range in content.Split((byte)0))
        {
            if (!content[range].StartsWith(prefix))
                continue;
            var entry = content[range][prefix.Length..];
            var equals = entry.IndexOf((byte)'=');
            if (equals >= 0)
                fields.Add(new(RawText.Of(entry[..equals]), RawText.Of(entry[(equals + 1)..])));
        }
        return fields;
    }

    /// <summary>Adds the aliases of all built-in modules to an index.</summary>
    /// <exception cref="ModuleDataException">An entry lacks its module, key or final NUL.</exception>
    internal static void Aliases(IndexBuilder to, byte[] content, string file)
    {
        for (var at = 0; at < content.Length;)
        {
            var length = content.AsSpan(at).IndexOf((byte)0);
            if (length < 0)
                throw new ModuleDataException(file, at, "the last entry has no final NUL");
            var entry = Encoding.UTF8.GetString(content, at, length);
            var equals = entry.IndexOf('=');
            var dot = entry.IndexOf('.');
            if (dot < 0 || equals < dot)
                throw new ModuleDataException(file, at, "an entry is not of the form module.key=value");
            if (entry[(dot + 1)..equals] == "alias"
                && ModuleName.TryNormalizeAlias(entry[(equals + 1)..], out var pattern))
            {
                TextTables.Add(to, pattern, ModuleName.Normalize(entry[..dot]), 0, file, at);
            }
            at += length + 1;
        }
    }
}
