namespace Drover.Modules.Index;

/// <summary>
/// The layout of a <c>modules.*.bin</c> index (kmod: shared by <c>libkmod-index.c</c> and <c>depmod.c</c>). Integers are big-endian and unaligned.
/// <code>
/// file  = magic u32 · version u32 · link of the root · nodes
/// link  = u32: position in the low 28 bits, what the node has in the high ones; position 0 = no node
/// node  = [prefix, NUL]  [first u8 · last u8 · (last − first + 1) × link]  [n u32 · n × (priority u32 · value, NUL)]
/// </code>
/// The byte that leads to a child is not repeated in the child's prefix.
/// </summary>
internal static class IndexFormat
{
    /// <summary>kmod: <c>INDEX_MAGIC</c>.</summary>
    public const uint Magic = 0xB007F457;

    /// <summary>kmod: <c>INDEX_VERSION</c>; readers look at the major half only.</summary>
    public const uint Version = 0x00020001;

    public const uint MajorMask = 0xFFFF0000;

    public const int HeaderBytes = 12;

    /// <summary>kmod: <c>INDEX_NODE_MASK</c>.</summary>
    public const uint PositionMask = 0x0FFFFFFF;

    /// <summary>kmod: <c>INDEX_NODE_PREFIX</c>.</summary>
    public const uint HasPrefix = 0x80000000;

    /// <summary>kmod: <c>INDEX_NODE_VALUES</c>.</summary>
    public const uint HasValues = 0x40000000;

    /// <summary>kmod: <c>INDEX_NODE_CHILDS</c>.</summary>
    public const uint HasChildren = 0x20000000;

    /// <summary>One more than the largest byte of a key (kmod: <c>INDEX_CHILDMAX</c>).</summary>
    public const int ChildLimit = 128;

    /// <summary>Longest key in bytes: kmod normalises every alias in a buffer of PATH_MAX. It bounds the depth of a trie, too: each arc is a byte of the key.</summary>
    public const int MaxKeyBytes = 4095;

    /// <summary>Fewest bytes of a value: its priority and its NUL.</summary>
    public const int MinValueBytes = 5;
}
