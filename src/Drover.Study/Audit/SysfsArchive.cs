using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Drover.Devices;
using Drover.Linux.ProcFs;
using Drover.Linux.Sysfs;
using Drover.Modules;
using Drover.Modules.Image;
using Drover.Study.Files;

namespace Drover.Study.Audit;

/// <summary>A machine in a tar archive: a copy of its /sys, at any depth, or a report of <c>sos report</c>, whose
/// <c>udevadm info --export-db</c> has every device. Nothing is extracted to disk.</summary>
sealed class SysfsArchive
{
    const int MaxTextBytes = 128 << 20; // udev's database of a machine with a hundred thousand devices
    const int MaxEntries = 4 << 20; // a large report has some hundred thousand entries

    readonly Dictionary<string, DeviceEvent> _devices = new(StringComparer.Ordinal);
    readonly Dictionary<string, string> _subsystems = new(StringComparer.Ordinal);
    readonly Dictionary<string, string> _modules = new(StringComparer.Ordinal);
    HashSet<string>? _live;
    bool _isReport;
    bool _hasDatabase;

    /// <summary>Devices of the sysfs copy or of the udev database.</summary>
    public IEnumerable<DeviceEvent> Devices => _devices.Values.Select(device => device.Subsystem.Length > 0
        ? device
        : device with { Subsystem = _subsystems.GetValueOrDefault(device.DevPath, "") });

    /// <summary>It is a sos report without udev's database: only some devices' files are in it.</summary>
    public bool LacksDevices => _isReport && !_hasDatabase;

    /// <summary>Live modules, normalised; null if unknown.</summary>
    public IReadOnlySet<string>? Live => _live;
    public string? Release { get; private set; }
    public long MemoryBytes { get; private set; } // MemTotal in bytes; 0 if unknown

    /// <summary>The compression that the kernel supports; null if there is nothing of <c>/sys/module</c>.</summary>
    public ModuleCompression? Decompresses { get; private set; }

    /// <summary>The module of a device's driver; see <see cref="SysfsDevices.DriverModuleOf"/>.</summary>
    public string? DriverModuleOf(string devPath) =>
        _devices.GetValueOrDefault(devPath) is { } device && Property(device, "DRIVER=") is { } driver
            ? _modules.GetValueOrDefault(driver, ModuleName.FromPath(driver))
            : null;

    /// <summary>Plain, compressed by gzip, or by xz or zstd up to <see cref="ModuleLimits.MaxImageBytes"/>.</summary>
    /// <exception cref="ModuleDataException">It is not a tar archive, is damaged, or exceeds a limit.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied.</exception>
    public static SysfsArchive Read(string path) => InputFile.Read(path, Read);

    static SysfsArchive Read(Stream file, string name)
    {
        var archive = new SysfsArchive();
        using var stream = new TarStream(Plain(file, name), name);
        var isTar = false;
        try
        {
            using var tar = new TarReader(stream);
            for (var entries = 0; tar.GetNextEntry() is { } entry; entries++)
            {
                isTar = true;
                if (entries > MaxEntries)
                    throw stream.Damaged($"more than {MaxEntries} entries");
                archive.Add(entry);
                if (archive._devices.Count > SysfsCounts.MaxDevices)
                    throw stream.Damaged($"more than {SysfsCounts.MaxDevices} devices");
            }
        }
        catch (NotSupportedException)
        {
            // what TarReader throws at the type S of GNU tar
            throw stream.Damaged("has a sparse file: make the archive without --sparse");
        }
        catch (OutOfMemoryException)
        {
            // the reader takes memory for the size that a header claims, before it reads
            throw stream.Damaged(TarStream.TooLong);
        }
        catch (Exception damaged) when (damaged is InvalidDataException or InvalidOperationException
            or EndOfStreamException or ArgumentException or FormatException or ArithmeticException)
        {
            throw stream.Damaged(isTar ? "the archive is damaged" : "not a tar archive");
        }
        return archive;
    }

    static Stream Plain(Stream file, string name)
    {
        var head = new byte[6];
        head = head[..file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
        if (head.AsSpan().StartsWith("BZh"u8))
            throw new ModuleDataException(name, 0, "compressed by bzip2, which is not supported: decompress it first");
        switch (ModuleFile.CompressionOf(head))
        {
            case ModuleCompression.None:
                return new RejoinedStream(head, file);
            case ModuleCompression.Gzip:
                return new GZipStream(new RejoinedStream(head, file), CompressionMode.Decompress);
            default:
                var packed = BoundedRead.TryReadAll(file, (int)ModuleLimits.MaxImageBytes, head)
                    ?? throw new ModuleDataException(
                        name, ModuleLimits.MaxImageBytes, $"larger than {ModuleLimits.MaxImageBytes} bytes");
                return new MemoryStream(ModuleFile.Decompress(packed, name), writable: false);
        }
    }

    void Add(TarEntry entry)
    {
        var name = $"/{entry.Name}";
        _isReport |= name.Contains("/sos_commands/", StringComparison.Ordinal);
        if (name.LastIndexOf("/sys/", StringComparison.Ordinal) is >= 0 and var at)
            AddSys(entry, name[(at + "/sys".Length)..]);
        else if (IsNamed("_--export-db"))
            AddDatabase(Text(entry));
        else if (IsNamed("/proc/modules") || IsNamed("/kernel/lsmod"))
            AddModules(Text(entry));
        else if (IsNamed("/proc/meminfo"))
            MemoryBytes = Machine.TotalBytes(Text(entry));
        else if (IsNamed("/proc/version") || IsNamed("/uname_-a"))
            Release ??= ReleaseOf(Text(entry));

        bool IsNamed(string end) => name.EndsWith(end, StringComparison.Ordinal);
    }

    /// <summary>The third word of <c>/proc/version</c> or <c>uname -a</c>, if it can be the name of a folder.</summary>
    static string? ReleaseOf(string version) =>
        version.Split(' ') is [_, _, not ("" or "." or "..") and var release, ..] && !release.Contains('/')
            ? release
            : null;

    /// <param name="path">Below /sys.</param>
    void AddSys(TarEntry entry, string path)
    {
        var slash = path.LastIndexOf('/');
        var (directory, name) = (path[..slash], path[(slash + 1)..]);
        var link = entry.EntryType is TarEntryType.SymbolicLink ? LastOf(entry.LinkName) : "";
        if (directory.StartsWith("/devices/", StringComparison.Ordinal))
        {
            if (name == "uevent" && Contents(entry, UeventFile.MaxBytes) is { } text)
                _devices.TryAdd(directory, UeventText.ParseFile(text, directory, "", 0));
            else if (name == "subsystem" && link.Length > 0)
                _subsystems.TryAdd(directory, link);
        }
        else if (directory.StartsWith("/bus/", StringComparison.Ordinal) && name == "module" && link.Length > 0)
        {
            _modules.TryAdd(LastOf(directory), link);
        }
        else if (path.StartsWith("/module/", StringComparison.Ordinal))
        {
            Decompresses ??= ModuleCompression.None;
            if (path == "/module/compression")
                Decompresses = SysModule.CompressionOf(Text(entry).TrimEnd('\n'));
            else if (name == "initstate" && Text(entry).TrimEnd('\n') == "live")
                (_live ??= new(StringComparer.Ordinal)).Add(LastOf(directory));
        }
    }

    /// <summary>A block of lines a device: <c>P: </c> is its path, <c>E: </c> a property.</summary>
    void AddDatabase(string text)
    {
        var (path, properties) = ("", new StringBuilder());
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (line.StartsWith("P: ", StringComparison.Ordinal))
                (path, _, _hasDatabase) = (line[3..].ToString(), properties.Clear(), true);
            else if (line.StartsWith("E: ", StringComparison.Ordinal))
                properties.Append(line[3..]).Append('\n');
            else if (line.IsEmpty && path.StartsWith('/'))
                (path, _) = ("", _devices.TryAdd(path, DeviceOf(path, properties.ToString())));
        }
    }

    static DeviceEvent DeviceOf(string path, string properties)
    {
        var device = UeventText.ParseFile(ByteText.BytesOf(properties), path, "", 0);
        return device with { Subsystem = Property(device, "SUBSYSTEM=") ?? "" };
    }

    static string? Property(DeviceEvent device, string key) =>
        device.Properties.FirstOrDefault(property => property.StartsWith(key, StringComparison.Ordinal))?[key.Length..];

    /// <summary>Lines of /proc/modules and lsmod start with the name; lsmod has a line of headings.</summary>
    void AddModules(string text)
    {
        _live ??= new(StringComparer.Ordinal);
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (line.IndexOf(' ') is > 0 and var end && !line.StartsWith("Module ", StringComparison.Ordinal))
                _live.Add(line[..end].ToString());
        }
    }

    static string Text(TarEntry entry) =>
        Contents(entry, MaxTextBytes) is { } text ? ByteText.Of(text) : "";

    /// <summary>The contents of a regular file; null for another entry or a larger file.</summary>
    static byte[]? Contents(TarEntry entry, int maxBytes)
    {
        if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile) || entry.Length > maxBytes)
            return null;
        using var contents = new MemoryStream((int)entry.Length);
        entry.DataStream?.CopyTo(contents, TarStream.MaxReadBytes);
        return contents.ToArray();
    }

    static string LastOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    /// <summary>The bytes of an archive, with limits that <see cref="TarReader"/> does not have.</summary>
    sealed class TarStream(Stream stream, string file) : Stream
    {
        /// <summary>The reader reads a long name or an extended header with one call; PATH_MAX is 4 KiB.</summary>
        public const int MaxReadBytes = 64 << 10;

        public const string TooLong = "a name or an extended header is too long";

        const long MaxBytes = 64L << 30; // a report has some GB; a small compressed file may expand to anything

        long _offset;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();

        public override long Position { get => _offset; set => throw new NotSupportedException(); }

        public ModuleDataException Damaged(string problem) => new(file, _offset, problem);

        public override int Read(Span<byte> buffer)
        {
            if (buffer.Length > MaxReadBytes)
                throw Damaged(TooLong);
            var length = stream.Read(buffer);
            _offset += length;
            return _offset <= MaxBytes ? length : throw Damaged($"more than {MaxBytes} bytes");
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
        public override void Flush() => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                stream.Dispose();
            base.Dispose(disposing);
        }
    }
}
