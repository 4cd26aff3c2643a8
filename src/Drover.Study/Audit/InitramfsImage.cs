using Drover.Modules;
using Drover.Modules.Image;
using Drover.Study.Files;

namespace Drover.Study.Audit;

/// <summary>A file of an initramfs.</summary>
/// <param name="Modified">Time of the last change.</param>
/// <param name="Link">Where a symbolic link leads; null for a file.</param>
sealed record ImageFile(DateTimeOffset Modified, ReadOnlyMemory<byte> Content, string? Link);

/// <summary>The files of an initramfs: cpio archives one after another, each plain or compressed, as initramfs-tools,
/// dracut and mkinitcpio make them (kernel: Documentation/driver-api/early-userspace/buffer-format.rst).
/// Immutable.</summary>
/// <remarks>
/// <code>
/// entry   "070701" or "070702" · 13 numbers of 8 hexadecimal digits (inode, mode, uid, gid, links, mtime, bytes,
///         device, device, rdev, rdev, bytes of the name, check) · name, NUL, to 4 bytes · contents, to 4 bytes
/// archive entries, the last with the name TRAILER!!! · NULs
/// </code>
/// </remarks>
sealed class InitramfsImage
{
    const int HeaderBytes = 110, FieldBytes = 8, MagicBytes = 6;
    const int MaxEntries = 1 << 20; // a large image has some 10,000
    const int TypeMask = 0xF000, TypeFile = 0x8000, TypeLink = 0xA000;
    const string Trailer = "TRAILER!!!";

    /// <summary>What the kernel can unpack, and this program cannot (kernel: lib/decompress.c).</summary>
    static readonly (byte[] Magic, string Name)[] s_unread =
    [
        ([0x42, 0x5a], "bzip2"), ([0x5d, 0x00, 0x00], "lzma"), ([0x89, 0x4c], "lzo"),
    ];

    readonly Dictionary<string, ImageFile> _files = new(StringComparer.Ordinal);
    readonly string _file;
    int _entries;

    InitramfsImage(string file) => _file = file;

    /// <summary>Files and links by path, without the leading slash, and without <c>usr/</c>: which of the two an image
    /// has depends on who made it. Of two with one path, the later.</summary>
    public IReadOnlyDictionary<string, ImageFile> Files => _files;

    /// <exception cref="ModuleDataException">Not an initramfs, damaged, of an unknown compression, or larger than
    /// <see cref="ModuleLimits"/>.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied.</exception>
    public static InitramfsImage Read(string path)
    {
        var image = new InitramfsImage(InputFile.NameOf(path));
        image.Add(
            path == InputFile.Dash
                ? InputFile.ReadAllBytes(path, (int)ModuleLimits.MaxImageBytes)
                : SystemFiles.Current.ReadRegular(path),
            isInner: false);
        return image._entries > 0
            ? image
            : throw new ModuleDataException(image._file, 0, "is empty: not an initramfs");
    }

    /// <summary>The text of a file, links within the image followed once; null if it has none.</summary>
    public ReadOnlyMemory<byte>? TextOf(string path)
    {
        if (!_files.TryGetValue(path, out var file))
            return null;
        if (file.Link is not { } link)
            return file.Content;
        var target = link.StartsWith('/') ? link : $"{path[..(path.LastIndexOf('/') + 1)]}{link}";
        return _files.GetValueOrDefault(Key(target))?.Content ?? ReadOnlyMemory<byte>.Empty;
    }

    /// <param name="isInner">The bytes were compressed: nothing in them is.</param>
    void Add(ReadOnlyMemory<byte> bytes, bool isInner)
    {
        for (var at = 0; at < bytes.Length;)
        {
            var rest = bytes.Span[at..];
            if (rest[0] == 0) // padding between archives
            {
                at++;
            }
            else if (IsEntry(rest))
            {
                at = AddArchive(bytes, at);
            }
            else if (!isInner && Unpack(bytes[at..], at) is { } unpacked)
            {
                Add(unpacked, isInner: true);
                return;
            }
            else
            {
                throw new ModuleDataException(_file, at, "neither a cpio archive (newc) nor compressed by gzip, xz, "
                    + "zstd or lz4 -l");
            }
        }
    }

    /// <summary>The rest of the file, which is one compressed archive; null if it is not compressed.</summary>
    byte[]? Unpack(ReadOnlyMemory<byte> packed, int at)
    {
        var head = packed.Span;
        if (head.StartsWith(Lz4Legacy.Magic))
            return Lz4Legacy.Decompress(head, _file);
        foreach (var (magic, name) in s_unread)
        {
            if (head.StartsWith(magic))
                throw new ModuleDataException(_file, at, $"compressed by {name}, which this program cannot read");
        }
        return ModuleFile.CompressionOf(head) is ModuleCompression.None
            ? null
            : ModuleFile.Decompress(packed.ToArray(), _file);
    }

    /// <returns>The offset after the archive.</returns>
    int AddArchive(ReadOnlyMemory<byte> bytes, int at)
    {
        // only the last link of a file has its contents
        var linked = new Dictionary<(int Device, int Minor, int Inode), List<string>>();
        while (true)
        {
            if (bytes.Length - at < HeaderBytes || !IsEntry(bytes.Span[at..]))
                throw new ModuleDataException(_file, at, "a cpio archive without its end");
            var start = at;
            var header = bytes.Span.Slice(start, HeaderBytes);
            var (mode, links, size, nameBytes) =
                (Field(header, 1, start), Field(header, 4, start), Field(header, 6, start), Field(header, 11, start));
            var content = Padded(at + (long)HeaderBytes + nameBytes);
            var end = Padded(content + size);
            if (nameBytes <= 0 || size < 0 || content + size > bytes.Length || ++_entries > MaxEntries)
                throw new ModuleDataException(_file, at, "a damaged cpio entry");
            var name = ByteText.Of(bytes.Span.Slice(at + HeaderBytes, nameBytes - 1));
            at = (int)Math.Min(end, bytes.Length);
            if (name == Trailer)
                return at;
            if ((mode & TypeMask) is not (TypeFile or TypeLink))
                continue;
            var data = bytes.Slice((int)content, size);
            var file = new ImageFile(
                DateTimeOffset.FromUnixTimeSeconds((uint)Field(header, 5, start)), data,
                (mode & TypeMask) == TypeLink ? ByteText.Of(data.Span) : null);
            var key = Key(name);
            _files[key] = file;
            if (links < 2)
                continue;
            var identity = (Field(header, 7, start), Field(header, 8, start), Field(header, 0, start));
            if (!linked.TryGetValue(identity, out var names))
                linked[identity] = names = [];
            names.Add(key);
            foreach (var other in size > 0 ? names : [])
                _files[other] = file;
        }
    }

    static bool IsEntry(ReadOnlySpan<byte> bytes) => bytes.StartsWith("070701"u8) || bytes.StartsWith("070702"u8);

    int Field(ReadOnlySpan<byte> header, int number, int at) =>
        uint.TryParse(
            header.Slice(MagicBytes + (number * FieldBytes), FieldBytes), NumberStyles.AllowHexSpecifier,
            CultureInfo.InvariantCulture, out var value)
            ? (int)value
            : throw new ModuleDataException(_file, at, "a damaged number in a cpio entry");

    static long Padded(long offset) => (offset + 3) & ~3L;

    static string Key(string path)
    {
        var key = path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path.TrimStart('/');
        return key.StartsWith("usr/", StringComparison.Ordinal) ? key["usr/".Length..] : key;
    }
}
