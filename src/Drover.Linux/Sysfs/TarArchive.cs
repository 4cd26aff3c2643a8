using System.Buffers.Text;
using System.IO.Compression;
using System.Text;
using Drover.Modules;

namespace Drover.Linux.Sysfs;

/// <summary>
/// The entries of a tar archive, one after another; nothing is extracted. Ustar with GNU's long names and pax's path and linkpath (pax(1), tar(5)); whatever else an archive may hold is passed over.
/// For one thread. System.Formats.Tar does more, and is larger than all that reads modules here.
/// </summary>
sealed class TarArchive : IDisposable
{
    const int BlockBytes = 512;

    /// <summary>Sixteen times PATH_MAX; a longer name is nobody's path.</summary>
    const int MostNameBytes = 64 << 10;

    /// <summary>A large report has some hundred thousand entries.</summary>
    const int MostEntries = 4 << 20;

    /// <summary>Of all contents, decompressed: a report has some GB at most, and a small file may claim anything.</summary>
    const long MostBytes = 64L << 30;

    // struct posix_header
    const int SizeAt = 124, ChecksumAt = 148, TypeAt = 156, LinkAt = 157, MagicAt = 257, PrefixAt = 345, PrefixBytes = 155, NameBytes = 100, NumberBytes = 12, ChecksumBytes = 8;

    readonly Stream _stream;
    readonly string _file;
    readonly byte[] _block = new byte[BlockBytes];
    long _offset;
    long _left;
    int _entries;

    TarArchive(Stream stream, string file) => (_stream, _file) = (stream, file);

    /// <summary>The entry's path as it was written: anything.</summary>
    public string Name { get; private set; } = "";

    /// <summary>Where a symbolic link leads; of anything else nothing.</summary>
    public string Link { get; private set; } = "";

    /// <summary>A regular file, which <see cref="Read"/> reads.</summary>
    public bool IsFile { get; private set; }

    /// <summary>The file's size.</summary>
    public long Bytes { get; private set; }

    /// <summary>Plain, or packed by gzip; by xz or zstd with at most <see cref="ModuleFile.MaxImageBytes"/> in it.</summary>
    /// <exception cref="ModuleDataException">It is packed, and truncated, corrupt or too large.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static TarArchive Open(string path)
    {
        var head = new byte[6];
        int length;
        using (var file = File.OpenRead(path))
            length = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        return new(ModuleFile.CompressionOf(head.AsSpan(0, length)) switch
        {
            ModuleCompression.None => File.OpenRead(path),
            ModuleCompression.Gzip => new GZipStream(File.OpenRead(path), CompressionMode.Decompress),
            _ => new MemoryStream(ModuleFile.ReadImage(path), writable: false),
        }, path);
    }

    /// <summary>Goes to the next entry; false at the end.</summary>
    /// <exception cref="ModuleDataException">It is no tar archive, truncated or corrupt.</exception>
    public bool MoveNext()
    {
        string? longName = null, longLink = null;
        while (true)
        {
            Skip(_left);
            if (!Fill(_block, mayEnd: true) || !_block.AsSpan().ContainsAnyExcept((byte)0))
                return false;
            if (++_entries > MostEntries)
                throw Damaged($"more than {MostEntries} entries");
            if (Number(_block.AsSpan(ChecksumAt, ChecksumBytes)) != Checksum())
                throw Damaged("no tar archive: the checksum of a header is wrong");
            Bytes = Number(_block.AsSpan(SizeAt, NumberBytes));
            if (Bytes < 0 || Bytes > MostBytes - _offset)
                throw Damaged($"more than {MostBytes} bytes");
            _left = (Bytes + BlockBytes - 1) / BlockBytes * BlockBytes;
            switch ((char)_block[TypeAt])
            {
                case 'L':
                    longName = Text(Read(MostNameBytes) ?? throw Damaged("a name that is too long"));
                    break;
                case 'K':
                    longLink = Text(Read(MostNameBytes) ?? throw Damaged("a link that is too long"));
                    break;
                case 'x':
                    ReadPax(Read(MostNameBytes) ?? throw Damaged("an extended header that is too long"), ref longName, ref longLink);
                    break;
                case var type:
                    IsFile = type is '0' or '\0';
                    Name = longName ?? ShortName();
                    Link = type is '2' ? longLink ?? Text(_block.AsSpan(LinkAt, NameBytes)) : "";
                    return true;
            }
        }
    }

    /// <summary>The entry's content; null where it is larger than so many bytes.</summary>
    /// <exception cref="ModuleDataException">It is truncated.</exception>
    public byte[]? Read(int most)
    {
        if (Bytes > most)
            return null;
        var content = new byte[Bytes];
        Fill(content, mayEnd: false);
        _left -= Bytes;
        return content;
    }

    public void Dispose() => _stream.Dispose();

    string ShortName()
    {
        var name = Text(_block.AsSpan(0, NameBytes));
        // GNU's own format has other fields there, and another magic
        var prefix = _block.AsSpan(MagicAt).StartsWith("ustar\0"u8) ? Text(_block.AsSpan(PrefixAt, PrefixBytes)) : "";
        return prefix.Length > 0 ? $"{prefix}/{name}" : name;
    }

    /// <summary>Records <c>LENGTH KEY=VALUE\n</c>, the length that of the whole record.</summary>
    void ReadPax(ReadOnlySpan<byte> records, ref string? name, ref string? link)
    {
        while (!records.IsEmpty)
        {
            if (!Utf8Parser.TryParse(records, out int length, out var digits) || length > records.Length || length < digits + 2)
                throw Damaged("an extended header whose lengths are wrong");
            var record = records[(digits + 1)..(length - 1)];
            if (record.StartsWith("path="u8))
                name = Text(record["path=".Length..]);
            else if (record.StartsWith("linkpath="u8))
                link = Text(record["linkpath=".Length..]);
            records = records[length..];
        }
    }

    /// <summary>Octal digits; −1 for anything else, among it GNU's numbers of 8 GB and more.</summary>
    static long Number(ReadOnlySpan<byte> field)
    {
        var number = 0L;
        foreach (var digit in field.Trim(" \0"u8))
        {
            if (digit is < (byte)'0' or > (byte)'7')
                return -1;
            number = (number * 8) + digit - '0';
        }
        return number;
    }

    /// <summary>The sum of the header's bytes, its own field taken as blanks.</summary>
    int Checksum()
    {
        var sum = ChecksumBytes * ' ';
        for (var i = 0; i < BlockBytes; i++)
            sum += i is >= ChecksumAt and < ChecksumAt + ChecksumBytes ? 0 : _block[i];
        return sum;
    }

    static string Text(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        return Encoding.Latin1.GetString(end < 0 ? field : field[..end]);
    }

    void Skip(long bytes)
    {
        Span<byte> sink = stackalloc byte[BlockBytes];
        for (; bytes > 0; bytes -= sink.Length)
            Fill(sink[..(int)Math.Min(sink.Length, bytes)], mayEnd: false);
        _left = 0;
    }

    bool Fill(Span<byte> buffer, bool mayEnd)
    {
        int length;
        try
        {
            length = _stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        }
        catch (InvalidDataException damaged)
        {
            throw Damaged($"gzip: {damaged.Message}");
        }
        _offset += length;
        if (length < buffer.Length && !(mayEnd && length == 0))
            throw Damaged("the archive ends in the middle");
        return length == buffer.Length;
    }

    ModuleDataException Damaged(string problem) => new(_file, _offset, problem);
}
