using System.Buffers.Binary;
using System.Text;

namespace Drover.Tests.Kmod;

/// <summary>The content of an index: keys in order, with the priorities of their values. The layout of the file
/// is not compared.</summary>
static class IndexDump
{
    public static string Of(byte[] index)
    {
        var text = new StringBuilder();
        if (index.Length > 0)
            Dump(index, BinaryPrimitives.ReadUInt32BigEndian(index.AsSpan(8)), "", text);
        return text.ToString();
    }

    static void Dump(byte[] index, uint link, string key, StringBuilder to)
    {
        var at = (int)(link & 0x0fffffff);
        if ((link & 0x80000000) != 0)
            key += Text(index, ref at);
        var children = (First: 0, Count: 0, At: 0);
        if ((link & 0x20000000) != 0)
        {
            children = (index[at], index[at + 1] - index[at] + 1, at + 2);
            at += 2 + (children.Count * 4);
        }
        if ((link & 0x40000000) != 0)
        {
            var count = BinaryPrimitives.ReadUInt32BigEndian(index.AsSpan(at));
            at += 4;
            for (; count > 0; count--)
            {
                var priority = BinaryPrimitives.ReadUInt32BigEndian(index.AsSpan(at));
                at += 4;
                to.Append(key).Append(" = ").Append(Text(index, ref at)).Append(" at ").Append(priority).Append('\n');
            }
        }
        for (var i = 0; i < children.Count; i++)
        {
            var child = BinaryPrimitives.ReadUInt32BigEndian(index.AsSpan(children.At + (i * 4)));
            if (child != 0)
                Dump(index, child, key + (char)(children.First + i), to);
        }
    }

    static string Text(byte[] index, ref int at)
    {
        var start = at;
        at = Array.IndexOf(index, (byte)0, at) + 1;
        return Encoding.UTF8.GetString(index, start, at - 1 - start);
    }
}
