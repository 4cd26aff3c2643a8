using System.Buffers.Binary;

namespace Drover.Modules.Index;

/// <summary>Where the parts of a node stand; every part was checked to lie inside the file when the node was read.</summary>
internal struct IndexNode
{
    public int Prefix;
    public int PrefixBytes;
    /// <summary>The table of child links, or 0.</summary>
    public int Children;
    public byte First;
    public byte Last;
    /// <summary>The first value, behind the count, or 0.</summary>
    public int Values;
    public int ValueCount;
}

/// <summary>
/// Reads the nodes of an index that may be hostile. It counts what is read: in a trie no byte is reached twice by one walk,
/// and a walk that keeps reading goes round in a cycle or through nodes that share children.
/// </summary>
internal ref struct IndexReader
{
    private readonly ReadOnlySpan<byte> _bytes;
    // null when all bytes are there
    private readonly IndexBytes? _source;
    private readonly string _file;

    /// <param name="bytes">The whole file, its header checked.</param>
    /// <param name="file">Its name, for errors.</param>
    /// <param name="walkBytes">Most bytes the walk may read, repetitions counted.</param>
    public IndexReader(IndexBytes bytes, string file, long walkBytes)
    {
        _bytes = bytes.Memory.Span;
        _source = bytes.IsWhole ? null : bytes;
        _file = file;
        BytesLeft = walkBytes;
    }

    /// <summary>What the walk may still read.</summary>
    public long BytesLeft { get; private set; }

    /// <summary>The link of the root; the header was read with the file.</summary>
    public readonly uint Root => _bytes.IsEmpty ? 0 : U32(8);

    public static bool IsNode(uint link) => (link & IndexFormat.PositionMask) != 0;

    public IndexNode Read(uint link)
    {
        int at = (int)(link & IndexFormat.PositionMask);
        int start = at;
        if (at < IndexFormat.HeaderBytes || at > _bytes.Length) throw Bad(at, "a link leads out of the file");
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
            if (node.First > node.Last || node.Last >= IndexFormat.ChildLimit) throw Bad(at, $"children from {node.First} to {node.Last}: keys are ASCII");
            node.Children = at + 2;
            int tableBytes = (node.Last - node.First + 1) * 4;
            Need(node.Children, tableBytes, "a child table");
            at = node.Children + tableBytes;
        }
        if ((link & IndexFormat.HasValues) != 0)
        {
            Need(at, 4, "a value count");
            uint count = U32(at);
            if (count > (_bytes.Length - at - 4) / IndexFormat.MinValueBytes) throw Bad(at, $"{count} values do not fit in the file");
            node.ValueCount = (int)count;
            node.Values = at + 4;
            at += 4;
        }
        Charge(at - start, start);
        return node;
    }

    public readonly ReadOnlySpan<byte> Prefix(in IndexNode node) => _bytes.Slice(node.Prefix, node.PrefixBytes);

    /// <summary>The link of a child within First … Last; the table was checked in <see cref="Read"/>.</summary>
    public readonly uint Child(in IndexNode node, int arc) => U32(node.Children + (arc - node.First) * 4);

    public readonly uint ChildOrNone(in IndexNode node, byte arc) => node.Children != 0 && arc >= node.First && arc <= node.Last ? Child(node, arc) : 0;

    /// <summary>Reads a value and moves on behind it.</summary>
    public uint ReadValue(ref int at, out ReadOnlySpan<byte> value)
    {
        Need(at, IndexFormat.MinValueBytes, "a value");
        uint priority = U32(at);
        int length = TextLength(at + 4, _bytes.Length, "a value");
        value = _bytes.Slice(at + 4, length);
        Charge(length + IndexFormat.MinValueBytes, at);
        at += length + IndexFormat.MinValueBytes;
        return priority;
    }

    /// <summary>Text at a position that an earlier <see cref="ReadValue"/> has passed.</summary>
    public readonly ReadOnlySpan<byte> ValueText(int at)
    {
        ReadOnlySpan<byte> rest = _bytes[(at + 4)..];
        return rest[..rest.IndexOf((byte)0)];
    }

    /// <summary>Counts work done for a node beside reading it.</summary>
    public void Charge(long bytes, int at)
    {
        BytesLeft -= bytes;
        if (BytesLeft < 0) throw Bad(at, "a walk reads more than the file has: its nodes form a cycle or share children");
    }

    public readonly ModuleDataException Bad(long at, string problem) => new(_file, at, problem);

    private readonly void Need(int at, int count, string part)
    {
        if (count > _bytes.Length - at) throw Bad(at, $"{part} is cut off by the end of the file");
        _source?.Need(at, count);
    }

    private readonly int TextLength(int at, int limit, string part)
    {
        int end = limit < _bytes.Length - at ? at + limit : _bytes.Length;
        for (int from = at; from < end;)
        {
            int to = end;
            if (_source is not null)
            {
                to = Math.Min(end, IndexBytes.BlockEnd(from));
                _source.Need(from, to - from);
            }
            int length = _bytes[from..to].IndexOf((byte)0);
            if (length >= 0) return from + length - at;
            from = to;
        }
        throw Bad(at, end == _bytes.Length ? $"{part} has no end" : $"{part} is longer than {limit} bytes");
    }

    private readonly uint U32(int at) => BinaryPrimitives.ReadUInt32BigEndian(_bytes[at..]);
}
