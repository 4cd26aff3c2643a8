using System.Text;

namespace Drover.Modules;

/// <summary>One line of a built-in module's .modinfo.</summary>
public readonly record struct BuiltInInfo(string Module, string Key, string Value);

/// <summary><c>modules.builtin.modinfo</c>: the .modinfo of what is built into the kernel, as <c>module.key=value</c> with a NUL behind each (kmod: <c>kmod_builtin_iter</c>). Stateless; safe for any thread.</summary>
public static class BuiltInModinfo
{
    /// <summary>All entries in the file's order.</summary>
    /// <param name="content">The whole file.</param>
    /// <param name="file">Its name, for errors.</param>
    /// <exception cref="ModuleDataException">An entry has no module, no key or no end.</exception>
    public static IReadOnlyList<BuiltInInfo> Parse(ReadOnlySpan<byte> content, string file)
    {
        List<BuiltInInfo> entries = [];
        for (int at = 0; at < content.Length;) entries.Add(Next(content, ref at, file));
        return entries;
    }

    /// <summary>What is said of one module, as <see cref="RawText"/> and in the file's order (kmod: <c>kmod_builtin_get_modinfo</c>); what is malformed says nothing of it.</summary>
    /// <param name="module">Normalised name.</param>
    public static IReadOnlyList<KeyValuePair<string, string>> Of(ReadOnlySpan<byte> content, string module)
    {
        List<KeyValuePair<string, string>> fields = [];
        ReadOnlySpan<byte> prefix = Encoding.UTF8.GetBytes(module + ".");
        foreach (Range range in content.Split((byte)0))
        {
            if (!content[range].StartsWith(prefix)) continue;
            ReadOnlySpan<byte> entry = content[range][prefix.Length..];
            int equals = entry.IndexOf((byte)'=');
            if (equals >= 0) fields.Add(new(RawText.Of(entry[..equals]), RawText.Of(entry[(equals + 1)..])));
        }
        return fields;
    }

    internal static void AliasIndex(IndexBuilder to, byte[] content, string file)
    {
        for (int at = 0; at < content.Length;)
        {
            int start = at;
            BuiltInInfo info = Next(content, ref at, file);
            if (info.Key == "alias" && ModuleName.TryNormalizeAlias(info.Value, out string? pattern))
                Tree.TextTables.Add(to, pattern, ModuleName.Normalize(info.Module), 0, file, start);
        }
    }

    private static BuiltInInfo Next(ReadOnlySpan<byte> content, ref int at, string file)
    {
        int length = content[at..].IndexOf((byte)0);
        if (length < 0) throw new ModuleDataException(file, at, "the last entry has no end");
        ReadOnlySpan<byte> entry = content.Slice(at, length);
        int equals = entry.IndexOf((byte)'=');
        int dot = entry.IndexOf((byte)'.');
        if (dot < 0 || equals < dot) throw new ModuleDataException(file, at, "an entry is not of the form module.key=value");
        at += length + 1;
        return new BuiltInInfo(Encoding.UTF8.GetString(entry[..dot]), Encoding.UTF8.GetString(entry[(dot + 1)..equals]), Encoding.UTF8.GetString(entry[(equals + 1)..]));
    }
}
