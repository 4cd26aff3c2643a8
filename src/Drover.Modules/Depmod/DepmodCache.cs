using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using Drover.Modules.Containers;
using Drover.Text;

namespace Drover.Modules.Depmod;

/// <summary>Results of depmod's last run, in a file next to the indexes. Deleting it costs time only; a damaged file,
/// or one of another version, is ignored. Immutable; for one thread.</summary>
/// <remarks>
/// <code>
/// "drovermd" · u32 version · u32 bytes of the state · u32 of outputs · u32 of facts · u64 CRC64 of the facts
/// state    all inputs of the indexes: if it and the outputs are unchanged, the indexes are current (DepmodState)
/// outputs  identities of the indexes
/// facts    n needs (name, u64 version, u8 weak) · n modules (path, identity, facts)
/// </code>
/// Numbers are little-endian; n, lengths and numbers of needs are encoded as by BinaryWriter.Write7BitEncodedInt.
/// The name ends in .bin because Debian's kernel packages remove modules.*.bin of their kernel.
/// </remarks>
sealed class DepmodCache
{
    public const string FileName = "modules.drover.bin";
    const uint Version = 2;
    const int HeaderBytes = 8 + (4 * sizeof(uint)) + sizeof(ulong);
    const long MaxBytes = 256 << 20; // bounds what is read; a real file has 4 MB

    static ReadOnlySpan<byte> Magic => "drovermd"u8;

    readonly string _path;
    readonly byte[] _head;
    readonly int _stateBytes, _outputBytes, _factBytes;

    DepmodCache(string path, byte[] head, int stateBytes, int outputBytes, int factBytes) =>
        (_path, _head, _stateBytes, _outputBytes, _factBytes) = (path, head, stateBytes, outputBytes, factBytes);

    /// <summary>The inputs of that run; empty if a file had changed too short a time before it.</summary>
    public ReadOnlySpan<byte> State => _head.AsSpan(HeaderBytes, _stateBytes);

    /// <summary>Identities of the output files right after they were written.</summary>
    public ReadOnlySpan<byte> Outputs => _head.AsSpan(HeaderBytes + _stateBytes, _outputBytes);

    /// <summary>The cache of a directory, or null if missing or unusable. Does not read the facts.</summary>
    public static DepmodCache? Open(string directory)
    {
        var path = $"{directory}/{FileName}";
        try
        {
            using var file = SystemFiles.Current.OpenRegular(path);
            var length = RandomAccess.GetLength(file);
            Span<byte> header = stackalloc byte[HeaderBytes];
            if (length is < HeaderBytes or > MaxBytes || RandomAccess.Read(file, header, 0) != HeaderBytes)
                return null;
            if (!header.StartsWith(Magic) || Number(header, 8) != Version)
                return null;
            var (state, outputs, facts) = (Number(header, 12), Number(header, 16), Number(header, 20));
            if (HeaderBytes + state + outputs + facts != length)
                return null;
            var head = GC.AllocateUninitializedArray<byte>(HeaderBytes + (int)state + (int)outputs);
            return RandomAccess.Read(file, head, 0) == head.Length
                ? new(path, head, (int)state, (int)outputs, (int)facts)
                : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        static long Number(ReadOnlySpan<byte> header, int at) => BinaryPrimitives.ReadUInt32LittleEndian(header[at..]);
    }

    /// <summary>Facts by module path; empty if the file is damaged.</summary>
    /// <param name="needs">Gets all needs of the facts.</param>
    public Dictionary<string, (FileIdentity Identity, ModuleFacts Facts)> ReadFacts(NeedTable needs)
    {
        var known = new Dictionary<string, (FileIdentity, ModuleFacts)>();
        try
        {
            using var file = SystemFiles.Current.OpenRegular(_path);
            var facts = GC.AllocateUninitializedArray<byte>(_factBytes);
            var isWhole = RandomAccess.Read(file, facts, HeaderBytes + _stateBytes + _outputBytes) == facts.Length;
            return isWhole && Checksums.Crc64(facts) == Crc && CachedFacts.TryRead(facts, needs, known) ? known : [];
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    ulong Crc => BinaryPrimitives.ReadUInt64LittleEndian(_head.AsSpan(24));

    /// <param name="facts">The result of <see cref="CachedFacts.Write"/>.</param>
    public static byte[] ToBytes(ReadOnlySpan<byte> state, ReadOnlySpan<byte> outputs, ReadOnlySpan<byte> facts)
    {
        var bytes = new byte[HeaderBytes + state.Length + outputs.Length + facts.Length];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), (uint)state.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(16), (uint)outputs.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(20), (uint)facts.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(24), Checksums.Crc64(facts));
        state.CopyTo(bytes.AsSpan(HeaderBytes));
        outputs.CopyTo(bytes.AsSpan(HeaderBytes + state.Length));
        facts.CopyTo(bytes.AsSpan(HeaderBytes + state.Length + outputs.Length));
        return bytes;
    }
}

/// <summary>The configuration and the identities of all files read: equal if and only if the indexes are.</summary>
static class DepmodState
{
    /// <summary>A file this new can change within its timestamp: the kernel's tick is at most 10 ms.</summary>
    const long RestNs = 100_000_000;

    static readonly string[] s_otherInputs = ["modules.order", "modules.builtin", "modules.builtin.modinfo"];

    /// <summary>The state, or null if a file changed just now.</summary>
    /// <param name="nowNs">A time before anything was read.</param>
    public static byte[]? Describe(
        DepmodOptions options, DepmodConfig config, ModuleSearch search, IDepmodMachine machine, long nowNs)
    {
        using var bytes = new MemoryStream(512 << 10);
        using var to = new BinaryWriter(bytes, Encoding.UTF8);
        to.Write(options.Directory);
        to.Write(options.SymbolPrefix);
        to.Write(config.Describe());
        foreach (var name in s_otherInputs)
        {
            var identity = machine.Identify(options.Input(name), out _) ?? default;
            if (!IsAtRest(identity, nowNs))
                return null;
            WriteIdentity(to, identity);
        }
        foreach (var module in search.Seen)
        {
            Debug.Assert(module.Identity is not null, "a search identifies what it finds");
            if (!IsAtRest(module.Identity.Value, nowNs))
                return null;
            to.Write(module.Path);
            WriteIdentity(to, module.Identity.Value);
        }
        to.Flush();
        return bytes.ToArray();
    }

    /// <summary>Identities of files; zeros for a missing one.</summary>
    public static byte[] DescribeFiles(string directory, IEnumerable<string> names, IDepmodMachine machine)
    {
        using var bytes = new MemoryStream();
        using var to = new BinaryWriter(bytes, Encoding.UTF8);
        foreach (var name in names)
            WriteIdentity(to, machine.Identify($"{directory}/{name}", out _) ?? default);
        to.Flush();
        return bytes.ToArray();
    }

    /// <summary>Whether a file changed long enough ago for its identity to be reliable.</summary>
    public static bool IsAtRest(FileIdentity identity, long nowNs) =>
        identity.ChangedNs < nowNs - RestNs && identity.ModifiedNs < nowNs - RestNs;

    public static void WriteIdentity(BinaryWriter to, FileIdentity identity)
    {
        to.Write(identity.Device);
        to.Write(identity.Inode);
        to.Write(identity.Bytes);
        to.Write(identity.ModifiedNs);
        to.Write(identity.ChangedNs);
    }
}

/// <summary>The facts in a <see cref="DepmodCache"/>.</summary>
static class CachedFacts
{
    /// <param name="modules">Modules with an identity, whose needs are in <paramref name="needs"/>.</param>
    public static byte[] Write(IReadOnlyCollection<DepmodModule> modules, NeedTable needs)
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
            Debug.Assert(module.Facts.Errno == 0, "a module without facts is read again");
            WriteBytes(to, ByteText.BytesOf(module.Path));
            DepmodState.WriteIdentity(to, module.Identity!.Value);
            to.Write7BitEncodedInt(module.Facts.ExportCount);
            to.Write7BitEncodedInt(module.Facts.AliasCount);
            to.Write7BitEncodedInt(module.Facts.SoftdepCount);
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

    /// <summary>False if the bytes are inconsistent; the facts read until then are not to be used.</summary>
    public static bool TryRead(
        ReadOnlySpan<byte> bytes, NeedTable needs, Dictionary<string, (FileIdentity, ModuleFacts)> to)
    {
        var from = new FactBytes(bytes);
        var needNumbers = new int[from.Count()];
        for (var i = 0; i < needNumbers.Length && !from.IsBad; i++)
            needNumbers[i] = needs.Add(from.Bytes(), from.U64(), from.Take(1) is [not 0]);
        for (var count = from.Count(); count > 0 && !from.IsBad; count--)
        {
            var path = ByteText.Of(from.Bytes());
            var identity = new FileIdentity(
                from.U64(), from.U64(), (long)from.U64(), (long)from.U64(), (long)from.U64());
            var (exports, aliases, softdeps) = (from.Count(), from.Count(), from.Count());
            var text = from.Bytes().ToArray();
            var versions = new ulong[from.Count()];
            for (var i = 0; i < versions.Length; i++)
                versions[i] = from.U64();
            var ofModule = new int[from.Count()];
            for (var i = 0; i < ofModule.Length; i++)
                ofModule[i] = from.Number() is var number && number < needNumbers.Length ? needNumbers[number] : -1;
            if (from.IsBad || text is [.., not 0] || ofModule.Contains(-1)
                || (versions.Length > 0 && versions.Length != exports))
            {
                return false;
            }
            var facts = new ModuleFacts
            {
                Text = text,
                ExportCount = exports,
                AliasCount = aliases,
                SoftdepCount = softdeps,
                ExportVersions = versions,
                Needs = ofModule,
            };
            to[path] = (identity, facts);
        }
        return !from.IsBad && from.IsAtEnd;
    }

    static void WriteBytes(BinaryWriter to, ReadOnlySpan<byte> bytes)
    {
        to.Write7BitEncodedInt(bytes.Length);
        to.Write(bytes);
    }

    /// <summary>Reads the encoding. After the end or a bad number, it reads 0: <see cref="IsBad"/>.</summary>
    ref struct FactBytes(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> _rest = bytes;

        public bool IsBad { get; private set; }

        public readonly bool IsAtEnd => _rest.IsEmpty;

        /// <summary>A count of items, each of at least one byte, so it is at most the number of bytes left.</summary>
        public int Count()
        {
            var count = Number();
            IsBad |= count > _rest.Length;
            return IsBad ? 0 : count;
        }

        public ReadOnlySpan<byte> Bytes() => Take(Count());

        public ulong U64() =>
            Take(sizeof(ulong)) is { IsEmpty: false } number ? BinaryPrimitives.ReadUInt64LittleEndian(number) : 0;

        /// <summary>A number of seven bits a byte, lowest first; not negative.</summary>
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
}
