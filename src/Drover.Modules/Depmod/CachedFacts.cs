using System.Buffers.Binary;
using System.Text;

namespace Drover.Modules.Depmod;

/// <summary>The part of <see cref="DepmodCache"/> that tells of modules, whose layout is drawn there. Stateless.</summary>
internal static class CachedFacts
{
    /// <param name="modules">Modules whose facts may be remembered; the needs of all are of <paramref name="needs"/>.</param>
    public static byte[] Write(IReadOnlyCollection<FoundModule> modules, NeedTable needs)
    {
        using var bytes = new MemoryStream(4 << 20);
        using var to = new BinaryWriter(bytes, Encoding.UTF8);
        to.Write7BitEncodedInt(needs.Count);
        for (var need = 0; need < needs.Count; need++)
        {
            WriteBytes(to, needs.Name(need));
            to.Write(needs.Version(need));
            to.Write(needs.IsWeak(need));
        }
        to.Write7BitEncodedInt(modules.Count);
        foreach (var module in modules)
        {
            WriteBytes(to, Encoding.UTF8.GetBytes(module.Path));
            DepmodState.WriteIdentity(to, module.Identity!.Value);
            to.Write7BitEncodedInt(module.Facts.ExportCount);
            to.Write7BitEncodedInt(module.Facts.AliasCount);
            WriteBytes(to, module.Facts.Text);
            to.Write7BitEncodedInt(module.Facts.ExportVersions.Length);
            foreach (var version in module.Facts.ExportVersions)
                to.Write(version);
            to.Write7BitEncodedInt(module.Facts.Needs.Length);
            foreach (var need in module.Facts.Needs)
                to.Write7BitEncodedInt(need);
        }
        to.Flush();
        return bytes.ToArray();
    }

    /// <summary>False where the bytes do not hold together; what was read until then is of no use.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, NeedTable needs, Dictionary<string, (FileIdentity, ModuleFacts)> to)
    {
        var from = new FactBytes(bytes);
        var needNumbers = new int[from.Count()];
        for (var i = 0; i < needNumbers.Length && !from.IsBad; i++)
            needNumbers[i] = needs.Add(from.Bytes(), from.U64(), from.Take(1) is [not 0]);
        for (var count = from.Count(); count > 0 && !from.IsBad; count--)
        {
            var path = Encoding.UTF8.GetString(from.Bytes());
            var identity = new FileIdentity(from.U64(), from.U64(), (long)from.U64(), (long)from.U64(), (long)from.U64());
            var (exports, aliases) = (from.Count(), from.Count());
            var text = from.Bytes().ToArray();
            var versions = new ulong[from.Count()];
            for (var i = 0; i < versions.Length; i++)
                versions[i] = from.U64();
            var ofModule = new int[from.Count()];
            for (var i = 0; i < ofModule.Length; i++)
                ofModule[i] = from.Number() is var number && number < needNumbers.Length ? needNumbers[number] : -1;
            if (from.IsBad || text is [.., not 0] || (versions.Length > 0 && versions.Length != exports) || ofModule.Contains(-1))
                return false;
            to[path] = (identity, new ModuleFacts { Text = text, ExportCount = exports, AliasCount = aliases, ExportVersions = versions }.WithNeeds(ofModule));
        }
        return !from.IsBad && from.IsAtEnd;
    }

    static void WriteBytes(BinaryWriter to, ReadOnlySpan<byte> bytes)
    {
        to.Write7BitEncodedInt(bytes.Length);
        to.Write(bytes);
    }
}

/// <summary>Reads what <see cref="CachedFacts"/> wrote; beyond the end, or where a number cannot be, everything is 0 and <see cref="IsBad"/>.</summary>
internal ref struct FactBytes(ReadOnlySpan<byte> bytes)
{
    ReadOnlySpan<byte> _rest = bytes;

    public bool IsBad { get; private set; }

    public readonly bool IsAtEnd => _rest.IsEmpty;

    /// <summary>A number of things, each of which takes a byte at least: more than there are bytes left cannot be.</summary>
    public int Count()
    {
        var count = Number();
        IsBad |= count > _rest.Length;
        return IsBad ? 0 : count;
    }

    public ReadOnlySpan<byte> Bytes() => Take(Count());

    public ulong U64() => Take(sizeof(ulong)) is { IsEmpty: false } number ? BinaryPrimitives.ReadUInt64LittleEndian(number) : 0;

    /// <summary>Seven bits a byte, the lowest first; not negative.</summary>
    public int Number()
    {
        var value = 0L;
        for (var shift = 0; shift < 32; shift += 7)
        {
            if (Take(1) is not [var next])
                return 0;
            value |= (long)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                IsBad |= value > int.MaxValue;
                return IsBad ? 0 : (int)value;
            }
        }
        IsBad = true;
        return 0;
    }

    public ReadOnlySpan<byte> Take(int count)
    {
        IsBad |= count > _rest.Length;
        if (IsBad)
            return default;
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
