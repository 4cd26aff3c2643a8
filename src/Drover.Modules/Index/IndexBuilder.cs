using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using Drover.Text;

namespace Drover.Modules.Index;

/// <summary>Builds the bytes of a <c>modules.*.bin</c> index; one owner at a time.</summary>
public sealed class IndexBuilder
{
    readonly List<Entry> _entries = [];

    /// <summary>Adds a value to a key. A key can have many; of equal priority the last added comes first.</summary>
    /// <param name="key">ASCII without NUL, at most 4095 bytes.</param>
    /// <param name="value">Without NUL; encoded as UTF-8.</param>
    /// <param name="priority">The lowest comes first; for depmod it is the module's position in modules.order.</param>
    /// <exception cref="ArgumentException">An index cannot hold the key or the value.</exception>
    public void Add(string key, string value, uint priority)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(value);
        if (Objection(key, value) is string objection)
            throw new ArgumentException(objection, nameof(key));
        _entries.Add(new Entry(key, value, priority, _entries.Count));
    }

    /// <summary>Why an index cannot hold a key and its value; null if it can.</summary>
    internal static string? Objection(string key, string value) =>
        !Ascii.IsValid(key) || key.Contains('\0') ? "a key of an index is ASCII without NUL"
        : key.Length > IndexFormat.MaxKeyBytes ? $"a key of an index has at most {IndexFormat.MaxKeyBytes} bytes"
        : value.Contains('\0') ? "a value of an index has no NUL"
        : null;

    /// <summary>Encodes the file, with nodes in pre-order as by kmod 34.</summary>
    /// <exception cref="InvalidOperationException">The file is larger than a link can address, 256 MiB.</exception>
    public byte[] ToBytes()
    {
        Entry[] entries = [.. _entries];
        Array.Sort(entries, Entry.Compare);
        var file = new ArrayBufferWriter<byte>(1024);
        WriteU32(file, IndexFormat.Magic);
        WriteU32(file, IndexFormat.Version);
        WriteU32(file, 0);
        List<(int At, uint Link)> links = [];
        // a stack instead of recursion, because keys can be long
        Stack<(int From, int To, int Depth, int LinkAt)> pending = new();
        pending.Push((0, entries.Length, 0, 8));
        while (pending.TryPop(out var next))
        {
            var link = (uint)file.WrittenCount;
            if (link > IndexFormat.PositionMask)
                throw new InvalidOperationException("An index of more than 256 MiB cannot be written.");
            // the root has no prefix, even if all keys share one
            var isRoot = next.LinkAt == 8;
            link |= WriteNode(file, entries, next.From, next.To, next.Depth, isRoot, pending);
            links.Add((next.LinkAt, link));
        }
        var bytes = file.WrittenSpan.ToArray();
        Debug.Assert(links.TrueForAll(link => (link.Link & IndexFormat.PositionMask) >= IndexFormat.HeaderBytes),
            "nodes follow the header");
        foreach ((var at, var link) in links)
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(at), link);
        return bytes;
    }

    /// <summary>Writes the node of sorted keys, equal up to <paramref name="depth"/>; pushes its children.</summary>
    static uint WriteNode(
        ArrayBufferWriter<byte> file, Entry[] entries, int from, int to, int depth, bool isRoot,
        Stack<(int From, int To, int Depth, int LinkAt)> pending)
    {
        Debug.Assert(from <= to && to <= entries.Length, "a range of the entries");
        uint flags = 0;
        if (from == to)
            return flags;
        var end = isRoot ? depth : CommonLength(entries[from].Key, entries[to - 1].Key);
        if (end > depth)
        {
            flags |= IndexFormat.HasPrefix;
            Encoding.ASCII.GetBytes(entries[from].Key.AsSpan(depth, end - depth), file);
            WriteByte(file, 0);
        }
        var children = from;
        while (children < to && entries[children].Key.Length == end)
            children++;
        if (children < to)
        {
            flags |= IndexFormat.HasChildren;
            byte first = (byte)entries[children].Key[end], last = (byte)entries[to - 1].Key[end];
            WriteByte(file, first);
            WriteByte(file, last);
            var table = file.WrittenCount;
            file.GetSpan((last - first + 1) * 4)[..((last - first + 1) * 4)].Clear();
            file.Advance((last - first + 1) * 4);
            for (var high = to; high > children;)
            {
                var arc = entries[high - 1].Key[end];
                var low = high - 1;
                while (low > children && entries[low - 1].Key[end] == arc)
                    low--;
                pending.Push((low, high, end + 1, table + (arc - first) * 4));
                high = low;
            }
        }
        if (children > from)
        {
            flags |= IndexFormat.HasValues;
            WriteU32(file, (uint)(children - from));
            for (var i = from; i < children; i++)
            {
                WriteU32(file, entries[i].Priority);
                ByteText.Write(entries[i].Value, file);
                WriteByte(file, 0);
            }
        }
        return flags;
    }

    static int CommonLength(string a, string b) => a.AsSpan().CommonPrefixLength(b);

    static void WriteByte(ArrayBufferWriter<byte> file, byte value)
    {
        file.GetSpan(1)[0] = value;
        file.Advance(1);
    }

    static void WriteU32(ArrayBufferWriter<byte> file, uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(file.GetSpan(4), value);
        file.Advance(4);
    }

    readonly record struct Entry(string Key, string Value, uint Priority, int Sequence)
    {
        public static int Compare(Entry a, Entry b)
        {
            var order = string.CompareOrdinal(a.Key, b.Key);
            if (order == 0)
                order = a.Priority.CompareTo(b.Priority);
            return order != 0 ? order : b.Sequence.CompareTo(a.Sequence);
        }
    }
}
