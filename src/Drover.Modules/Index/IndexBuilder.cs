using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Drover.Modules.Index;

namespace Drover.Modules;

/// <summary>Builds the bytes of a <c>modules.*.bin</c> index; one owner at a time.</summary>
public sealed class IndexBuilder
{
    private readonly List<Entry> _entries = [];

    /// <summary>Adds a value to a key; the same key may have many. Of equal priority the one added last comes first.</summary>
    /// <param name="key">ASCII, without NUL, at most 4095 bytes.</param>
    /// <param name="value">Without NUL; written as UTF-8.</param>
    /// <param name="priority">Smaller comes first; depmod gives a module's place in modules.order.</param>
    /// <exception cref="ArgumentException">The key or the value cannot stand in an index.</exception>
    public void Add(string key, string value, uint priority)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(value);
        if (Objection(key, value) is string objection) throw new ArgumentException(objection, nameof(key));
        _entries.Add(new Entry(key, value, priority, _entries.Count));
    }

    /// <summary>Why a key and its value cannot stand in an index, or null.</summary>
    internal static string? Objection(string key, string value) =>
        !Ascii.IsValid(key) || key.Contains('\0') ? "a key of an index is ASCII without NUL"
        : key.Length > IndexFormat.MaxKeyBytes ? $"a key of an index has at most {IndexFormat.MaxKeyBytes} bytes"
        : value.Contains('\0') ? "a value of an index has no NUL"
        : null;

    /// <summary>The whole file, its nodes in pre-order as kmod 34 writes them.</summary>
    /// <exception cref="InvalidOperationException">It is larger than a link can tell, 256 MiB.</exception>
    public byte[] ToBytes()
    {
        Entry[] entries = [.. _entries];
        Array.Sort(entries, Entry.Compare);
        ArrayBufferWriter<byte> file = new(1024);
        WriteU32(file, IndexFormat.Magic);
        WriteU32(file, IndexFormat.Version);
        WriteU32(file, 0);
        List<(int At, uint Link)> links = [];
        // a stack, not recursion: keys are as long as their owner likes
        Stack<(int From, int To, int Depth, int LinkAt)> pending = new();
        pending.Push((0, entries.Length, 0, 8));
        while (pending.TryPop(out var next))
        {
            uint link = (uint)file.WrittenCount;
            if (link > IndexFormat.PositionMask) throw new InvalidOperationException("An index of more than 256 MiB cannot be written.");
            // the root alone has no prefix, whatever all keys begin with
            bool isRoot = next.LinkAt == 8;
            link |= WriteNode(file, entries, next.From, next.To, next.Depth, isRoot, pending);
            links.Add((next.LinkAt, link));
        }
        byte[] bytes = file.WrittenSpan.ToArray();
        foreach ((int at, uint link) in links) BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(at), link);
        return bytes;
    }

    /// <summary>Writes the node of a sorted range of keys that agree in their first <paramref name="depth"/> bytes; its children are left on the stack, the first on top.</summary>
    private static uint WriteNode(ArrayBufferWriter<byte> file, Entry[] entries, int from, int to, int depth, bool isRoot, Stack<(int From, int To, int Depth, int LinkAt)> pending)
    {
        uint flags = 0;
        if (from == to) return flags;
        int end = isRoot ? depth : CommonLength(entries[from].Key, entries[to - 1].Key);
        if (end > depth)
        {
            flags |= IndexFormat.HasPrefix;
            Encoding.ASCII.GetBytes(entries[from].Key.AsSpan(depth, end - depth), file);
            WriteByte(file, 0);
        }
        int children = from;
        while (children < to && entries[children].Key.Length == end) children++;
        if (children < to)
        {
            flags |= IndexFormat.HasChildren;
            byte first = (byte)entries[children].Key[end], last = (byte)entries[to - 1].Key[end];
            WriteByte(file, first);
            WriteByte(file, last);
            int table = file.WrittenCount;
            file.GetSpan((last - first + 1) * 4)[..((last - first + 1) * 4)].Clear();
            file.Advance((last - first + 1) * 4);
            for (int high = to; high > children;)
            {
                char arc = entries[high - 1].Key[end];
                int low = high - 1;
                while (low > children && entries[low - 1].Key[end] == arc) low--;
                pending.Push((low, high, end + 1, table + (arc - first) * 4));
                high = low;
            }
        }
        if (children > from)
        {
            flags |= IndexFormat.HasValues;
            WriteU32(file, (uint)(children - from));
            for (int i = from; i < children; i++)
            {
                WriteU32(file, entries[i].Priority);
                Encoding.UTF8.GetBytes(entries[i].Value, file);
                WriteByte(file, 0);
            }
        }
        return flags;
    }

    private static int CommonLength(string a, string b) => a.AsSpan().CommonPrefixLength(b);

    private static void WriteByte(ArrayBufferWriter<byte> file, byte value)
    {
        file.GetSpan(1)[0] = value;
        file.Advance(1);
    }

    private static void WriteU32(ArrayBufferWriter<byte> file, uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(file.GetSpan(4), value);
        file.Advance(4);
    }

    private readonly record struct Entry(string Key, string Value, uint Priority, int Sequence)
    {
        public static int Compare(Entry a, Entry b)
        {
            int order = string.CompareOrdinal(a.Key, b.Key);
            if (order == 0) order = a.Priority.CompareTo(b.Priority);
            return order != 0 ? order : b.Sequence.CompareTo(a.Sequence);
        }
    }
}
