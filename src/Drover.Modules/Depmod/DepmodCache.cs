using System.Buffers.Binary;

namespace Drover.Modules.Depmod;

/// <summary>
/// What depmod remembers of its last run, in a file of ours beside the indexes. Whoever deletes it loses some time and nothing else; one that is damaged, or of another
/// version, is as if it were not there. Immutable; for one thread.
/// </summary>
/// <remarks>
/// <code>
/// "drovermd" · u32 version · u32 bytes of the state · u32 of the outputs · u32 of the facts · u64 CRC64 of the facts
/// state    all that the indexes were made of: if it is the same and so are the outputs, nothing is to be done (see DepmodState)
/// outputs  identities of the indexes
/// facts    n needs (name, u64 version, u8 weak) · n modules (path, identity, facts)
/// </code>
/// Numbers are little-endian; n, lengths and numbers of needs are as BinaryWriter.Write7BitEncodedInt has them.
/// The name ends in .bin so that whoever removes a kernel's modules.*.bin, as Debian's packages of kernels do, removes it, too.
/// </remarks>
internal sealed class DepmodCache
{
    public const string FileName = "modules.drover.bin";

    const uint Version = 1;
    const int HeaderBytes = 8 + (4 * sizeof(uint)) + sizeof(ulong);

    /// <summary>Far above any real one, which has 4 MB: a bound on what is read of something else.</summary>
    const long MaxBytes = 256 << 20;

    static ReadOnlySpan<byte> Magic => "drovermd"u8;

    readonly string _path;
    readonly byte[] _head;
    readonly int _stateBytes, _outputBytes, _factBytes;

    DepmodCache(string path, byte[] head, int stateBytes, int outputBytes, int factBytes) =>
        (_path, _head, _stateBytes, _outputBytes, _factBytes) = (path, head, stateBytes, outputBytes, factBytes);

    /// <summary>All that the indexes were made of; empty if that run had something to tell, which the next must tell, too.</summary>
    public ReadOnlySpan<byte> State => _head.AsSpan(HeaderBytes, _stateBytes);

    /// <summary>What the outputs were when they had been written.</summary>
    public ReadOnlySpan<byte> Outputs => _head.AsSpan(HeaderBytes + _stateBytes, _outputBytes);

    /// <summary>The cache of a directory, or null where there is none that is of use. Of the file only state and outputs are read.</summary>
    public static DepmodCache? Open(string directory)
    {
        var path = $"{directory}/{FileName}";
        try
        {
            using var file = File.OpenHandle(path);
            var length = RandomAccess.GetLength(file);
            Span<byte> header = stackalloc byte[HeaderBytes];
            if (length is < HeaderBytes or > MaxBytes || RandomAccess.Read(file, header, 0) != HeaderBytes)
                return null;
            if (!header.StartsWith(Magic) || BinaryPrimitives.ReadUInt32LittleEndian(header[8..]) != Version)
                return null;
            var (state, outputs, facts) = (Number(header, 12), Number(header, 16), Number(header, 20));
            if (HeaderBytes + state + outputs + facts != length)
                return null;
            var head = GC.AllocateUninitializedArray<byte>(HeaderBytes + (int)state + (int)outputs);
            return RandomAccess.Read(file, head, 0) == head.Length ? new(path, head, (int)state, (int)outputs, (int)facts) : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        static long Number(ReadOnlySpan<byte> header, int at) => BinaryPrimitives.ReadUInt32LittleEndian(header[at..]);
    }

    /// <summary>What is known of modules, by their paths; nothing if the file is damaged.</summary>
    /// <param name="needs">Gets all needs that the facts speak of.</param>
    public Dictionary<string, (FileIdentity Identity, ModuleFacts Facts)> ReadFacts(NeedTable needs)
    {
        var known = new Dictionary<string, (FileIdentity, ModuleFacts)>();
        try
        {
            using var file = File.OpenHandle(_path);
            var facts = GC.AllocateUninitializedArray<byte>(_factBytes);
            if (RandomAccess.Read(file, facts, HeaderBytes + _stateBytes + _outputBytes) != facts.Length || Checksums.Crc64(facts) != Crc)
                return known;
            return CachedFacts.TryRead(facts, needs, known) ? known : [];
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    ulong Crc => BinaryPrimitives.ReadUInt64LittleEndian(_head.AsSpan(24));

    /// <summary>The bytes of a file.</summary>
    /// <param name="facts">What <see cref="CachedFacts.Write"/> gave.</param>
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
