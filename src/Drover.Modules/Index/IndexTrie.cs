using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using Drover.Text;

namespace Drover.Modules.Index;

/// <summary>A <c>modules.*.bin</c> index, read as far as look-ups need. Immutable; safe for any thread.</summary>
public sealed class IndexTrie
{
    readonly IndexBytes _bytes;
    readonly string _file;
    // scratch memory of the last look-up; null while one uses it, then another thread allocates its own
    MatchMemory? _spare;

    /// <param name="bytes">The whole file; depmod writes an empty one if its input is missing.</param>
    /// <exception cref="ModuleDataException">Not an index, or of another major version.</exception>
    public IndexTrie(ReadOnlyMemory<byte> bytes, string file) : this(new IndexBytes(bytes, file), file)
    {
    }

    IndexTrie(IndexBytes bytes, string file)
    {
        ArgumentNullException.ThrowIfNull(file);
        _bytes = bytes;
        _file = file;
        var span = bytes.Memory.Span;
        if (span.IsEmpty)
            return;
        if (span.Length < IndexFormat.HeaderBytes)
            throw new ModuleDataException(file, span.Length, "the header of an index is cut off");
        if (!bytes.IsWhole)
            bytes.Need(0, IndexFormat.HeaderBytes);
        var magic = BinaryPrimitives.ReadUInt32BigEndian(span);
        if (magic != IndexFormat.Magic)
            throw new ModuleDataException(file, 0, $"magic 0x{magic:x8} is not an index's");
        var version = BinaryPrimitives.ReadUInt32BigEndian(span[4..]);
        if ((version & IndexFormat.MajorMask) != (IndexFormat.Version & IndexFormat.MajorMask))
            throw new ModuleDataException(file, 4, $"unknown index version 0x{version:x8}; rebuild it with depmod");
    }

    /// <summary>Its file is empty; every look-up finds nothing.</summary>
    internal bool HasNoBytes => _bytes.Memory.IsEmpty;

    public static IndexTrie Empty { get; } = new(ReadOnlyMemory<byte>.Empty, "");

    /// <exception cref="ModuleDataException">Not an index, or of another major version.</exception>
    /// <exception cref="IOException">The file cannot be read; look-ups can throw this as well.</exception>
    public static IndexTrie Load(string path) => new(IndexBytes.Open(path), path);

    /// <summary>The value of a key, the first by priority, or null (kmod: <c>index_mm_search</c>).</summary>
    /// <exception cref="ModuleDataException">The index is corrupt in a part that was read.</exception>
    public string? Find(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        // keys are ASCII
        if (key.Length > IndexFormat.MaxKeyBytes || !Ascii.IsValid(key))
            return null;
        ReadOnlySpan<char> rest = key;
        var reader = new IndexReader(_bytes, _file, _bytes.Memory.Length);
        var link = reader.Root;
        while (IndexReader.IsNode(link))
        {
            var node = reader.Read(link);
            var prefix = reader.Prefix(node);
            if (rest.Length < prefix.Length || !Ascii.Equals(prefix, rest[..prefix.Length]))
                return null;
            rest = rest[prefix.Length..];
            if (rest.IsEmpty)
            {
                if (node.ValueCount == 0)
                    return null;
                var at = node.Values;
                reader.ReadValue(ref at, out var value);
                return ByteText.Of(value);
            }
            link = reader.ChildOrNone(node, (byte)rest[0]);
            rest = rest[1..];
        }
        return null;
    }

    /// <summary>Values of keys that match (fnmatch(3)), by priority (kmod: <c>index_mm_searchwild</c>).</summary>
    /// <remarks>Of equal priority the last found is first, as in kmod. A NUL matches nothing.</remarks>
    /// <exception cref="ModuleDataException">The index is corrupt in a part that was read.</exception>
    public IReadOnlyList<string> Match(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (_bytes.Memory.IsEmpty || text.Length > IndexFormat.MaxKeyBytes)
            return [];
        var memory = Interlocked.Exchange(ref _spare, null) ?? new MatchMemory();
        var bytes = memory.SetText(text);
        if (bytes.Length > IndexFormat.MaxKeyBytes || bytes.Contains((byte)0))
            return [];
        var found = new IndexMatcher(_bytes, _file, bytes, memory).Run();
        _spare = memory;
        return found;
    }

    /// <summary>All keys and values, in trie order (kmod: <c>index_mm_dump</c>).</summary>
    /// <exception cref="ModuleDataException">The index is corrupt; thrown during the enumeration.</exception>
    public IEnumerable<KeyValuePair<string, string>> Entries()
    {
        var cursor = new IndexCursor(_bytes, _file);
        while (cursor.MoveNext())
            yield return cursor.Current;
    }
}

/// <summary>Enumerates all entries of an index, values before children; one owner at a time.</summary>
sealed class IndexCursor
{
    readonly IndexBytes _bytes;
    readonly string _file;
    readonly Stack<Frame> _frames = new();
    readonly byte[] _key = new byte[IndexFormat.MaxKeyBytes];
    long _bytesLeft;
    Frame _values;
    bool _started;

    public IndexCursor(IndexBytes bytes, string file)
    {
        _bytes = bytes;
        _file = file;
        _bytesLeft = bytes.Memory.Length;
    }

    public KeyValuePair<string, string> Current { get; private set; }

    public bool MoveNext()
    {
        if (!_started)
        {
            _started = true;
            var reader = Reader();
            Push(ref reader, reader.Root, 0);
            Done(reader);
        }
        while (true)
        {
            if (_values.Node.ValueCount > 0)
            {
                TakeValue();
                return true;
            }
            if (_frames.Count == 0)
                return false;
            var frame = _frames.Pop();
            if (frame.Next > frame.Node.Last)
                continue;
            var arc = frame.Next++;
            _frames.Push(frame);
            var reader = Reader();
            var link = reader.Child(frame.Node, arc);
            if (IndexReader.IsNode(link))
            {
                if (frame.KeyBytes == _key.Length)
                    throw reader.LongKey(frame.Node.Children);
                _key[frame.KeyBytes] = (byte)arc;
                Push(ref reader, link, frame.KeyBytes + 1);
            }
            Done(reader);
        }
    }

    void Push(ref IndexReader reader, uint link, int keyBytes)
    {
        if (!IndexReader.IsNode(link))
            return;
        var node = reader.Read(link);
        var prefix = reader.Prefix(node);
        if (prefix.Length > _key.Length - keyBytes)
            throw reader.LongKey(node.Prefix);
        prefix.CopyTo(_key.AsSpan(keyBytes));
        _values = new Frame { Node = node, KeyBytes = keyBytes + prefix.Length, Next = node.First };
        Debug.Assert(_frames.Count <= IndexFormat.MaxKeyBytes, "each level adds a byte to the key");
        if (node.Children != 0)
            _frames.Push(_values);
    }

    void TakeValue()
    {
        var reader = Reader();
        reader.ReadValue(ref _values.Node.Values, out var value);
        _values.Node.ValueCount--;
        Current = new(ByteText.Of(_key.AsSpan(0, _values.KeyBytes)), ByteText.Of(value));
        Done(reader);
    }

    // a reader is a ref struct and lasts one step; its allowance carries over to the next
    IndexReader Reader() => new(_bytes, _file, _bytesLeft);

    void Done(in IndexReader reader) => _bytesLeft = reader.BytesLeft;

    struct Frame
    {
        public IndexNode Node;
        public int KeyBytes, Next;
    }
}
