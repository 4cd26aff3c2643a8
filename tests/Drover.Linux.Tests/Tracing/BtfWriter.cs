using System.Buffers.Binary;
using System.Text;

namespace Drover.Linux.Tests.Tracing;

/// <summary>Writes BTF like the kernel build, type by type.</summary>
sealed class BtfWriter
{
    readonly List<byte> _types = [];
    readonly List<byte> _text = [0];
    int _count;

    public int Int(string name) => Add(name, 1, 0, 4, 0);

    public int Pointer(int to) => Add("", 2, 0, to);

    public int Typedef(string name, int of) => Add(name, 8, 0, of);

    public int Const(int of) => Add("", 10, 0, of);

    /// <param name="members">Names, types, and offsets in bytes.</param>
    public int Struct(string name, params (string Name, int Type, int At)[] members) => Composite(4, name, members);

    /// <summary>A structure with kind_flag: its first member is three bits wide.</summary>
    public int StructWithBitField(string name, params (string Name, int Type, int At)[] members) =>
        Add(name, 0x84, members.Length, 0,
            [.. members.SelectMany((one, i) =>
            new[] { Text(one.Name), one.Type, (one.At * 8) | (i == 0 ? 3 << 24 : 0) })]);

    public int Union(string name, params (string Name, int Type, int At)[] members) => Composite(5, name, members);

    public int Function(string name, params (string Name, int Type)[] parameters)
    {
        var prototype = Add("", 13, parameters.Length, 0,
            [.. parameters.SelectMany(one => new[] { Text(one.Name), one.Type })]);
        return Add(name, 12, 1, prototype);
    }

    /// <summary>A type of any kind, valid or not.</summary>
    public int Add(string name, int kind, int count, int sizeOrType, params int[] rest)
    {
        Word(Text(name));
        Word((kind << 24) | count);
        Word(sizeOrType);
        foreach (var word in rest)
            Word(word);
        return ++_count;
    }

    public byte[] ToBytes()
    {
        byte[] types = [.. _types];
        var bytes = new byte[24 + types.Length + _text.Count];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, 0xeb9f);
        bytes[2] = 1;
        var header = new[] { 24, 0, types.Length, types.Length, _text.Count };
        for (var i = 0; i < header.Length; i++)
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4 + (4 * i)), header[i]);
        types.CopyTo(bytes, 24);
        _text.CopyTo(bytes, 24 + types.Length);
        return bytes;
    }

    int Composite(int kind, string name, (string Name, int Type, int At)[] members) =>
        Add(name, kind, members.Length, 0,
            [.. members.SelectMany(one => new[] { Text(one.Name), one.Type, one.At * 8 })]);

    int Text(string text)
    {
        if (text.Length == 0)
            return 0;
        var at = _text.Count;
        _text.AddRange(Encoding.UTF8.GetBytes(text));
        _text.Add(0);
        return at;
    }

    void Word(int word)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, word);
        _types.AddRange(bytes);
    }
}
