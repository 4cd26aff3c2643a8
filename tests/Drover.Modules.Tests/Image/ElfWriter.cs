using System.Buffers.Binary;
using System.Text;

namespace Drover.Modules.Tests.Image;

/// <summary>A section to write; with <paramref name="NoBits"/> bytes of memory the contents are empty.</summary>
sealed record TestSection(string Name, ulong Flags, ulong Align, byte[] Contents, ulong? NoBits = null)
{
    public const ulong Write = 1, Alloc = 2, Exec = 4;
}

/// <summary>Writes small ELF relocatables of either width and byte order: header, contents in order, names,
/// section headers.</summary>
sealed class ElfWriter(bool is64, bool bigEndian)
{
    readonly List<TestSection> _sections = [];

    public ushort Type { get; init; } = 1;

    /// <summary>Puts section count and names index into section 0, as for more than 16 bits.</summary>
    public bool Extended { get; init; }

    public ElfWriter Add(string name, ulong flags, byte[] contents, ulong align = 1)
    {
        _sections.Add(new TestSection(name, flags, align, contents));
        return this;
    }

    public ElfWriter Add(TestSection section)
    {
        _sections.Add(section);
        return this;
    }

    public ElfWriter AddInfo(params string[] pairs)
        => Add(".modinfo", TestSection.Alloc, [.. pairs.SelectMany(pair => Encoding.UTF8.GetBytes(pair + "\0"))]);

    /// <summary>A struct module up to its name, at the kernel's offset for the width.</summary>
    public ElfWriter AddThisModule(string name)
    {
        var bytes = new byte[128];
        Encoding.UTF8.GetBytes(name).CopyTo(bytes, is64 ? 24 : 12);
        return Add(".gnu.linkonce.this_module", TestSection.Alloc | TestSection.Write, bytes, 64);
    }

    public byte[] ToBytes()
    {
        var all = _sections.Append(new TestSection(".shstrtab", 0, 1, [])).ToArray();
        var names = new MemoryStream();
        names.WriteByte(0);
        var nameAt = Array.ConvertAll(all, section =>
        {
            var at = (uint)names.Length;
            names.Write(Encoding.UTF8.GetBytes(section.Name + "\0"));
            return at;
        });
        all[^1] = all[^1] with { Contents = names.ToArray() };

        var file = new MemoryStream();
        file.Write(new byte[is64 ? 64 : 52]);
        var offsets = Array.ConvertAll(all, section =>
        {
            var at = (ulong)file.Length;
            file.Write(section.Contents);
            return at;
        });
        file.Write(new byte[(8 - (file.Length % 8)) % 8]);
        var table = (ulong)file.Length;

        WriteHeader(file, 0, 0, 0, 0, Extended ? (ulong)all.Length + 1 : 0, Extended ? (uint)all.Length : 0, 0);
        for (var i = 0; i < all.Length; i++)
        {
            var section = all[i];
            var size = section.NoBits ?? (ulong)section.Contents.Length;
            var type = section.NoBits is null ? 1u : 8;
            WriteHeader(file, nameAt[i], type, section.Flags, offsets[i], size, 0, section.Align);
        }

        var bytes = file.ToArray();
        "\u007fELF"u8.CopyTo(bytes);
        (bytes[4], bytes[5], bytes[6]) = ((byte)(is64 ? 2 : 1), (byte)(bigEndian ? 2 : 1), 1);
        U16(bytes.AsSpan(16), Type);
        if (is64)
            U64(bytes.AsSpan(40), table);
        else
            U32(bytes.AsSpan(32), (uint)table);
        var at = is64 ? 58 : 46;
        U16(bytes.AsSpan(at), (ushort)(is64 ? 64 : 40));
        U16(bytes.AsSpan(at + 2), (ushort)(Extended ? 0 : all.Length + 1));
        U16(bytes.AsSpan(at + 4), (ushort)(Extended ? 0xffff : all.Length));
        return bytes;
    }

    void WriteHeader(MemoryStream file, uint name, uint type, ulong flags, ulong offset, ulong size, uint link,
        ulong align)
    {
        var entry = new byte[is64 ? 64 : 40];
        U32(entry, name);
        U32(entry.AsSpan(4), type);
        if (is64)
        {
            U64(entry.AsSpan(8), flags);
            U64(entry.AsSpan(24), offset);
            U64(entry.AsSpan(32), size);
            U32(entry.AsSpan(40), link);
            U64(entry.AsSpan(48), align);
        }
        else
        {
            U32(entry.AsSpan(8), (uint)flags);
            U32(entry.AsSpan(16), (uint)offset);
            U32(entry.AsSpan(20), (uint)size);
            U32(entry.AsSpan(24), link);
            U32(entry.AsSpan(32), (uint)align);
        }
        file.Write(entry);
    }

    /// <summary>Writes a number in the file's byte order.</summary>
    public void U16(Span<byte> at, ushort value)
    {
        if (bigEndian)
            BinaryPrimitives.WriteUInt16BigEndian(at, value);
        else
            BinaryPrimitives.WriteUInt16LittleEndian(at, value);
    }

    public void U32(Span<byte> at, uint value)
    {
        if (bigEndian)
            BinaryPrimitives.WriteUInt32BigEndian(at, value);
        else
            BinaryPrimitives.WriteUInt32LittleEndian(at, value);
    }

    void U64(Span<byte> at, ulong value)
    {
        if (bigEndian)
            BinaryPrimitives.WriteUInt64BigEndian(at, value);
        else
            BinaryPrimitives.WriteUInt64LittleEndian(at, value);
    }
}
