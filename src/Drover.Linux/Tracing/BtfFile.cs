using System.Buffers.Binary;
using System.Text;

namespace Drover.Linux.Tracing;

/// <summary>The kernel's description of its types (Documentation/bpf/btf.rst; include/uapi/linux/btf.h): offsets of
/// members of structures and positions of parameters of functions in this kernel. Reads the bytes in place, with an
/// index of four bytes per type. Immutable; safe for any thread.</summary>
/// <remarks>
/// <code>
/// header      magic 0xeB9F u16, version u8, flags u8, hdr_len u32, then type_off, type_len, str_off, str_len u32,
/// offsets from the header's end type        name_off u32, info u32 (kflag 31, kind 24…28, vlen 0…15), size or type
/// u32, then data of the kind
/// </code>
/// Types are numbered from 1 in file order; 0 is void.
/// </remarks>
public sealed class BtfFile
{
    /// <summary>The BTF of the running kernel (CONFIG_DEBUG_INFO_BTF).</summary>
    public const string OfKernel = "/sys/kernel/btf/vmlinux";

    const ushort Magic = 0xeb9f;
    const int HeaderBytes = 24, TypeBytes = 12, MemberBytes = 12, ParameterBytes = 8;
    const int MaxBytes = 256 << 20; // far above any kernel's (6.12: 5 MB)
    const int MaxChain = 32; // typedefs and qualifiers in a row; a longer chain is a cycle
    const int MaxMembers = 200_000; // members examined for a name, against malicious nesting; struct file needs dozens

    readonly byte[] _bytes;
    readonly int _stringsAt, _stringsEnd;
    readonly List<int> _types = [0];

    /// <exception cref="BtfException">The bytes are not BTF of this machine's byte order, or are truncated.</exception>
    public BtfFile(byte[] bytes)
    {
        _bytes = bytes;
        if (bytes.Length < HeaderBytes || BinaryPrimitives.ReadUInt16LittleEndian(bytes) != Magic)
            throw new BtfException($"not BTF: {bytes.Length} bytes without its magic number");
        var headerBytes = U32(4);
        var (typesAt, typesEnd) = Section("types", headerBytes, U32(8), U32(12));
        (_stringsAt, _stringsEnd) = Section("strings", headerBytes, U32(16), U32(20));
        for (var at = typesAt; at < typesEnd;)
        {
            if (typesEnd - at < TypeBytes)
                throw new BtfException($"BTF: type {_types.Count} at byte {at} is cut off");
            var next = at + TypeBytes +
                BytesAfter((BtfKind)((U32(at + 4) >> 24) & 0x1f), (int)(U32(at + 4) & 0xffff), at);
            if (next > typesEnd)
                throw new BtfException($"BTF: type {_types.Count} at byte {at} is cut off");
            _types.Add(at);
            at = next;
        }
    }

    /// <summary>Numbered as in include/uapi/linux/btf.h.</summary>
    enum BtfKind
    {
        Void, Int, Ptr, Array, Struct, Union, Enum, Fwd, Typedef, Volatile, Const, Restrict, Func, FuncProto, Var,
        DataSec, Float, DeclTag, TypeTag, Enum64,
    }

    /// <summary>Types in the file, without void.</summary>
    public int TypeCount => _types.Count - 1;

    /// <summary>The BTF of the running kernel, or null if it has none.</summary>
    /// <exception cref="BtfException">The file is malformed.</exception>
    /// <exception cref="IOException">The file exists and cannot be read.</exception>
    public static BtfFile? TryReadKernel(string path = OfKernel)
    {
        if (!File.Exists(path))
            return null;
        if (new FileInfo(path).Length > MaxBytes)
            throw new BtfException($"{path} is larger than {MaxBytes} bytes");
        return new BtfFile(File.ReadAllBytes(path));
    }

    /// <summary>The offsets along a path from a structure: <c>f_path.dentry->d_name.name</c> from <c>file</c> is
    /// [offset of dentry in file, offset of name in dentry]. Members of anonymous structures and unions are found
    /// as in C.</summary>
    /// <param name="structure">Its tag, without <c>struct</c>.</param>
    /// <param name="path">Members, separated by <c>.</c>, or by <c>-></c> after a pointer.</param>
    /// <returns>Offsets in bytes, one per pointer followed; null if the kernel has no such structure or member, or the
    /// member is a bit field.</returns>
    /// <exception cref="BtfException">A type on the path is malformed.</exception>
    public IReadOnlyList<int>? Offsets(string structure, string path) =>
        Find(BtfKind.Struct, structure) is { } type ? Offsets(type, path) : null;

    /// <summary>Index of a function's parameter, from 0; null if there is no such function or parameter.</summary>
    /// <exception cref="BtfException">The function's type is malformed.</exception>
    public int? ParameterOf(string function, string parameter) =>
        Find(BtfKind.Func, function) is { } type ? ParameterOf(type, parameter) : null;

    /// <summary>From a structure by its number, 1…<see cref="TypeCount"/>: several types may have one name.</summary>
    internal IReadOnlyList<int>? Offsets(int type, string path)
    {
        var offsets = new List<int>();
        foreach (var hop in path.Split("->"))
        {
            if (offsets.Count > 0)
            {
                type = Resolve(type);
                if (KindOf(type) is not BtfKind.Ptr)
                    return null;
                type = TypeOf(type);
            }
            var offset = 0L;
            foreach (var name in hop.Split('.'))
            {
                var left = MaxMembers;
                if (Member(type, Encoding.UTF8.GetBytes(name), MaxChain, ref left) is not { } member)
                    return null;
                (type, offset) = (member.Type, offset + member.Bytes);
            }
            offsets.Add(checked((int)Math.Min(offset, int.MaxValue)));
        }
        return offsets;
    }

    /// <summary>Of a function by its number, 1…<see cref="TypeCount"/>.</summary>
    internal int? ParameterOf(int function, string parameter)
    {
        var type = TypeOf(function);
        if (KindOf(type) is not BtfKind.FuncProto)
            return null;
        var name = Encoding.UTF8.GetBytes(parameter);
        for (var i = 0; i < CountOf(type); i++)
        {
            if (StringAt(U32(At(type) + TypeBytes + (i * ParameterBytes))).SequenceEqual(name))
                return i;
        }
        return null;
    }

    /// <summary>A member by its name, in the structure or in an anonymous one inside it.</summary>
    (int Type, long Bytes)? Member(int type, ReadOnlySpan<byte> name, int depth, ref int left)
    {
        type = Resolve(type);
        if (KindOf(type) is not (BtfKind.Struct or BtfKind.Union) || depth == 0)
            return null;
        var hasBitFields = U32(At(type) + 4) >> 31 != 0;
        for (var i = 0; i < CountOf(type); i++)
        {
            if (left-- == 0)
            {
                throw new BtfException(
                    $"BTF: type {type} has more than {MaxMembers} members, those of anonymous structures included");
            }
            var at = At(type) + TypeBytes + (i * MemberBytes);
            var called = StringAt(U32(at));
            var (memberType, position) = (Known(U32(at + 4)), U32(at + 8));
            var bits = hasBitFields ? position & 0xffffff : position;
            if (called.SequenceEqual(name))
                return (hasBitFields && position >> 24 != 0) || bits % 8 != 0 ? null : (memberType, bits / 8);
            if (called.IsEmpty && Member(memberType, name, depth - 1, ref left) is { } inner)
                return (inner.Type, inner.Bytes + (bits / 8));
        }
        return null;
    }

    /// <summary>The type behind typedefs and qualifiers.</summary>
    int Resolve(int type)
    {
        for (var i = 0; i < MaxChain; i++)
        {
            if (KindOf(type) is not (BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict
                or BtfKind.TypeTag))
            {
                return type;
            }
            type = TypeOf(type);
        }
        throw new BtfException($"BTF: type {type} is a chain of more than {MaxChain} typedefs and qualifiers");
    }

    int? Find(BtfKind kind, string name)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        for (var type = 1; type < _types.Count; type++)
        {
            if (KindOf(type) == kind && StringAt(U32(_types[type])).SequenceEqual(bytes))
                return type;
        }
        return null;
    }

    BtfKind KindOf(int type) => type == 0 ? BtfKind.Void : (BtfKind)((U32(At(type) + 4) >> 24) & 0x1f);

    int CountOf(int type) => (int)(U32(At(type) + 4) & 0xffff);

    int TypeOf(int type) => Known(U32(At(type) + 8));

    int At(int type) => _types[type];

    int Known(uint type) =>
        type < _types.Count ? (int)type : throw new BtfException($"BTF: there is no type {type}, only {TypeCount}");

    ReadOnlySpan<byte> StringAt(uint offset)
    {
        if (offset >= _stringsEnd - _stringsAt)
            throw new BtfException($"BTF: a name at {offset} is beyond the end of the strings");
        var text = _bytes.AsSpan(_stringsAt + (int)offset, _stringsEnd - _stringsAt - (int)offset);
        return text.IndexOf((byte)0) is >= 0 and var end
            ? text[..end]
            : throw new BtfException("BTF: the last string has no end");
    }

    /// <summary>Bounds validated in the constructor: sections and types lie within the file.</summary>
    uint U32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(at));

    (int From, int To) Section(string name, uint header, uint offset, uint length)
    {
        var (from, to) = ((long)header + offset, (long)header + offset + length);
        return to <= _bytes.Length
            ? ((int)from, (int)to)
            : throw new BtfException($"BTF: its {name} end at byte {to} of {_bytes.Length}");
    }

    static int BytesAfter(BtfKind kind, int count, int at) => kind switch
    {
        BtfKind.Int or BtfKind.Var or BtfKind.DeclTag => 4,
        BtfKind.Array => 12,
        BtfKind.Struct or BtfKind.Union or BtfKind.DataSec or BtfKind.Enum64 => 12 * count,
        BtfKind.Enum or BtfKind.FuncProto => 8 * count,
        BtfKind.Ptr or BtfKind.Fwd or BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict
            or BtfKind.Func
            or BtfKind.Float or BtfKind.TypeTag => 0,
        _ => throw new BtfException($"BTF: the type at byte {at} is of kind {(int)kind}, which is unknown"),
    };
}

/// <summary>A malformed BTF file; the message names the problem and, where there is one, the byte.</summary>
public sealed class BtfException(string message) : Exception(message);
