using System.Buffers.Binary;

namespace Drover.Modules.Index;

/// <summary>
/// The layout of a <c>modules.*.bin</c> index (kmod: <c>libkmod-index.c</c>, <c>depmod.c</c>). Integers are big-endian
/// and unaligned.
/// <code>
/// file  = magic u32 · version u32 · link of the root · nodes
/// link  = u32: position in the low 28 bits, flags for the parts of the node in the high ones; position 0 = no node
/// node  = [prefix, NUL] [first u8 · last u8 · (last − first + 1) × link] [n u32 · n × (priority u32 · value, NUL)]
/// </code>
/// A child's prefix does not repeat the byte that leads to the child.
/// </summary>
static class IndexFormat
{
    public const uint Magic = 0xB007F457; // kmod: INDEX_MAGIC
    public const uint Version = 0x00020001; // kmod: INDEX_VERSION; readers check only the major half
    public const uint MajorMask = 0xFFFF0000;
    public const int HeaderBytes = 12;
    public const uint PositionMask = 0x0FFFFFFF; // kmod: INDEX_NODE_MASK
    public const uint HasPrefix = 0x80000000; // kmod: INDEX_NODE_PREFIX
    public const uint HasValues = 0x40000000; // kmod: INDEX_NODE_VALUES
    public const uint HasChildren = 0x20000000; // kmod: INDEX_NODE_CHILDS
    public const int ChildLimit = 128; // one more than the largest byte of a key (kmod: INDEX_CHILDMAX)

    /// <summary>kmod normalises aliases in PATH_MAX bytes. Bounds the depth of a trie too: an arc is a byte.</summary>
    public const int MaxKeyBytes = 4095;

    public const int MinValueBytes = 5; // priority and final NUL of an empty value
}

/// <summary>Positions of a node's parts; reading the node has checked that they are inside the file.</summary>
struct IndexNode
{
    public int Prefix, PrefixBytes;
    public int Children; // the table of child links, or 0
    public byte First, Last;
    public int Values; // the first value, after the count, or 0
    public int ValueCount;
}

/// <summary>Reads a possibly malicious index; counts bytes, as a walk without cycles reads none twice.</summary>
ref struct IndexReader
{
    readonly ReadOnlySpan<byte> _bytes;
    // null if all bytes are valid
    readonly IndexBytes? _source;
    readonly string _file;

    /// <param name="bytes">The whole file, its header checked.</param>
    /// <param name="walkBytes">Maximum bytes of the walk, with repetitions.</param>
    public IndexReader(IndexBytes bytes, string file, long walkBytes)
    {
        _bytes = bytes.Memory.Span;
        _source = bytes.IsWhole ? null : bytes;
        _file = file;
        BytesLeft = walkBytes;
    }

    public long BytesLeft { get; private set; } // bytes that the walk may still read

    /// <summary>The link of the root; opening the index has read the header.</summary>
    public readonly uint Root => _bytes.IsEmpty ? 0 : U32(8);

    public static bool IsNode(uint link) => (link & IndexFormat.PositionMask) != 0;

    public IndexNode Read(uint link)
    {
        var at = (int)(link & IndexFormat.PositionMask);
        var start = at;
        if (at < IndexFormat.HeaderBytes || at > _bytes.Length)
            throw Bad(at, "a link leads out of the file");
        IndexNode node = default;
        if ((link & IndexFormat.HasPrefix) != 0)
        {
            node.Prefix = at;
            node.PrefixBytes = TextLength(at, IndexFormat.MaxKeyBytes, "a prefix");
            at += node.PrefixBytes + 1;
        }
        if ((link & IndexFormat.HasChildren) != 0)
        {
            Need(at, 2, "a child table");
            node.First = _bytes[at];
            node.Last = _bytes[at + 1];
            if (node.First > node.Last || node.Last >= IndexFormat.ChildLimit)
                throw Bad(at, $"children from {node.First} to {node.Last}: keys are ASCII");
            node.Children = at + 2;
            var tableBytes = (node.Last - node.First + 1) * 4;
            Need(node.Children, tableBytes, "a child table");
            at = node.Children + tableBytes;
        }
        if ((link & IndexFormat.HasValues) != 0)
        {
            Need(at, 4, "a value count");
            var count = U32(at);
            if (count > (_bytes.Length - at - 4) / IndexFormat.MinValueBytes)
                throw Bad(at, $"{count} values do not fit in the file");
            node.ValueCount = (int)count;
            node.Values = at + 4;
            at += 4;
        }
        Charge(at - start, start);
        return node;
    }

    public readonly ReadOnlySpan<byte> Prefix(in IndexNode node) => _bytes.Slice(node.Prefix, node.PrefixBytes);

    /// <summary>The link of a child within First … Last; <see cref="Read"/> has checked the table.</summary>
    public readonly uint Child(in IndexNode node, int arc) => U32(node.Children + (arc - node.First) * 4);

    public readonly uint ChildOrNone(in IndexNode node, byte arc) =>
        node.Children != 0 && arc >= node.First && arc <= node.Last ? Child(node, arc) : 0;

    /// <summary>Reads a value and moves past it; returns its priority.</summary>
    public uint ReadValue(ref int at, out ReadOnlySpan<byte> value)
    {
        Need(at, IndexFormat.MinValueBytes, "a value");
        var priority = U32(at);
        var length = TextLength(at + 4, _bytes.Length, "a value");
        value = _bytes.Slice(at + 4, length);
        Charge(length + IndexFormat.MinValueBytes, at);
        at += length + IndexFormat.MinValueBytes;
        return priority;
    }

    /// <summary>A value that <see cref="ReadValue"/> has read before.</summary>
    public readonly ReadOnlySpan<byte> ValueText(int at)
    {
        var rest = _bytes[(at + 4)..];
        return rest[..rest.IndexOf((byte)0)];
    }

    /// <summary>Counts further work for a node as bytes read.</summary>
    public void Charge(long bytes, int at)
    {
        BytesLeft -= bytes;
        if (BytesLeft < 0)
            throw Bad(at, "a walk reads more than the file has: its nodes form a cycle or share children");
    }

    public readonly ModuleDataException Bad(long at, string problem) => new(_file, at, problem);

    public readonly ModuleDataException LongKey(long at) =>
        Bad(at, $"a key is longer than {IndexFormat.MaxKeyBytes} bytes");

    readonly void Need(int at, int count, string part)
    {
        if (count > _bytes.Length - at)
            throw Bad(at, $"{part} is cut off by the end of the file");
        _source?.Need(at, count);
    }

    readonly int TextLength(int at, int limit, string part)
    {
        var end = limit < _bytes.Length - at ? at + limit : _bytes.Length;
        for (var from = at; from < end;)
        {
            var to = end;
            if (_source is not null)
            {
                to = Math.Min(end, IndexBytes.BlockEnd(from));
                _source.Need(from, to - from);
            }
            var length = _bytes[from..to].IndexOf((byte)0);
            if (length >= 0)
                return from + length - at;
            from = to;
        }
        throw Bad(at, end == _bytes.Length ? $"{part} has no final NUL" : $"{part} is longer than {limit} bytes");
    }

    readonly uint U32(int at) => BinaryPrimitives.ReadUInt32BigEndian(_bytes[at..]);
}
