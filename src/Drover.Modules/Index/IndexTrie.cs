using System.Buffers.Binary;
using System.Text;
using Drover.Modules.Index;

namespace Drover.Modules;

/// <summary>One <c>modules.*.bin</c> index, read once and immutable; safe for any thread.</summary>
/// <remarks>
/// Nothing is parsed, or even read, beyond the header until a look-up comes by.
/// </remarks>
public sealed class IndexTrie
{
    private readonly IndexBytes _bytes;
    private readonly string _file;
    // work memory of the last look-up, or null while a look-up has it; another thread makes its own meanwhile
    private MatchMemory? _spare;

    /// <param name="bytes">The whole file. No bytes at all are an index without entries: depmod leaves that where its input was missing.</param>
    /// <param name="file">Its name, for errors.</param>
    /// <exception cref="ModuleDataException">Not an index, or of another major version.</exception>
    public IndexTrie(ReadOnlyMemory<byte> bytes, string file)
        : this(new IndexBytes(bytes, file), file)
    {
    }

    private IndexTrie(IndexBytes bytes, string file)
    {
        ArgumentNullException.ThrowIfNull(file);
        _bytes = bytes;
        _file = file;
        ReadOnlySpan<byte> span = bytes.Memory.Span;
        if (span.IsEmpty) return;
        if (span.Length < IndexFormat.HeaderBytes) throw new ModuleDataException(file, span.Length, "the header of an index is cut off");
        if (!bytes.IsWhole) bytes.Need(0, IndexFormat.HeaderBytes);
        uint magic = BinaryPrimitives.ReadUInt32BigEndian(span);
        if (magic != IndexFormat.Magic) throw new ModuleDataException(file, 0, $"magic 0x{magic:x8} is not an index's");
        uint version = BinaryPrimitives.ReadUInt32BigEndian(span[4..]);
        if ((version & IndexFormat.MajorMask) != (IndexFormat.Version & IndexFormat.MajorMask))
            throw new ModuleDataException(file, 4, $"version 0x{version:x8} of an index is not known; rebuild it with depmod");
    }

    /// <exception cref="ModuleDataException">Not an index, or of another major version.</exception>
    /// <exception cref="IOException">The file cannot be read; a look-up may find that, too.</exception>
    public static IndexTrie Load(string path) => new(IndexBytes.Open(path), path);

    /// <summary>The value of an exact key, the first by priority, or null (kmod: <c>index_mm_search</c>).</summary>
    /// <exception cref="ModuleDataException">The index is corrupt where the look-up came by.</exception>
    public string? Find(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        // bytes beyond ASCII are in no key
        if (key.Length > IndexFormat.MaxKeyBytes || !Ascii.IsValid(key)) return null;
        ReadOnlySpan<char> rest = key;
        IndexReader reader = new(_bytes, _file, _bytes.Memory.Length);
        uint link = reader.Root;
        while (IndexReader.IsNode(link))
        {
            IndexNode node = reader.Read(link);
            ReadOnlySpan<byte> prefix = reader.Prefix(node);
            if (rest.Length < prefix.Length || !Ascii.Equals(prefix, rest[..prefix.Length])) return null;
            rest = rest[prefix.Length..];
            if (rest.IsEmpty)
            {
                if (node.ValueCount == 0) return null;
                int at = node.Values;
                reader.ReadValue(ref at, out ReadOnlySpan<byte> value);
                return Encoding.UTF8.GetString(value);
            }
            link = reader.ChildOrNone(node, (byte)rest[0]);
            rest = rest[1..];
        }
        return null;
    }

    /// <summary>The values of every pattern that matches <paramref name="text"/>, by priority, duplicates kept (kmod: <c>index_mm_searchwild</c>).</summary>
    /// <remarks>
    /// The keys are the patterns, of fnmatch(3) with no flags; the text is literal. Of equal priority, what the walk meets last comes first, as in kmod.
    /// A text that holds a NUL, or is longer than the longest key can be, matches nothing.
    /// </remarks>
    /// <exception cref="ModuleDataException">The index is corrupt where the look-up came by.</exception>
    public IReadOnlyList<string> Match(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (_bytes.Memory.IsEmpty || text.Length > IndexFormat.MaxKeyBytes) return [];
        MatchMemory memory = Interlocked.Exchange(ref _spare, null) ?? new MatchMemory();
        ReadOnlySpan<byte> bytes = memory.SetText(text);
        if (bytes.Length > IndexFormat.MaxKeyBytes || bytes.Contains((byte)0)) return [];
        IndexMatcher matcher = new(_bytes, _file, bytes, memory);
        string[] found = matcher.Run();
        _spare = memory;
        return found;
    }

    /// <summary>Every key and value, in the order of the trie (kmod: <c>index_mm_dump</c>).</summary>
    /// <exception cref="ModuleDataException">The index is corrupt; thrown where the enumeration has come to.</exception>
    public IEnumerable<KeyValuePair<string, string>> Entries()
    {
        IndexCursor cursor = new(_bytes, _file);
        while (cursor.MoveNext()) yield return cursor.Current;
    }
}
