using System.Text;

namespace Drover.Modules.Depmod;

/// <summary>The indexes of what is built into the kernel. Stateless.</summary>
internal static class BuiltInIndexes
{
    /// <summary>modules.builtin.bin, of modules.builtin.</summary>
    public static byte[] Modules(byte[] content, Action<DepmodSeverity, string> say)
    {
        var index = new IndexBuilder();
        var lines = new Tree.TextLines(content);
        while (lines.MoveNext())
        {
            var line = Encoding.UTF8.GetString(lines.Current);
            if (line.Length == 0 || !char.IsAsciiLetter(line[0]))
            {
                say(DepmodSeverity.Error, $"Invalid modules.builtin line: {line}\n");
                continue;
            }
            // without a dot, the newline belongs to the name
            var name = ModuleName.FromPath(line);
            if (name.Length > 0)
                Add(index, line.Contains('.', StringComparison.Ordinal) ? name : name + "\n", "");
        }
        return index.ToBytes();
    }

    /// <summary>modules.builtin.alias.bin, of modules.builtin.modinfo: <c>module.key=value</c>, each ended by a NUL. Malformed ones are passed over.</summary>
    public static byte[] Aliases(ReadOnlySpan<byte> content, Action<DepmodSeverity, string> say)
    {
        var index = new IndexBuilder();
        while (!content.IsEmpty)
        {
            if (!TryTake(ref content, '.', out var module))
                continue;
            TryTake(ref content, '=', out var key);
            if (!key.SequenceEqual("alias"u8))
            {
                // where there was no key, this takes the next entry, as kmod does
                TryTake(ref content, '\0', out _);
                continue;
            }
            if (!TryTake(ref content, '\0', out var value))
                continue;
            var alias = Encoding.UTF8.GetString(value);
            if (ModuleName.TryNormalizeAlias(alias, out var pattern))
                Add(index, pattern, Encoding.UTF8.GetString(module));
            else
                say(DepmodSeverity.Warning, $"Unmatched bracket in {alias}");
        }
        return index.ToBytes();
    }

    /// <summary>Takes what stands before a byte, and that byte; false where that is nothing, or a NUL or the end comes before it.</summary>
    static bool TryTake(ref ReadOnlySpan<byte> rest, char until, out ReadOnlySpan<byte> text)
    {
        var end = rest.IndexOfAny((byte)until, (byte)0);
        var isThere = end > 0 && rest[end] == until;
        text = isThere ? rest[..end] : default;
        rest = end < 0 ? default : rest[(end + 1)..];
        return isThere;
    }

    static void Add(IndexBuilder index, string key, string value)
    {
        if (IndexBuilder.Objection(key, value) is null)
            index.Add(key, value, 0);
    }
}
