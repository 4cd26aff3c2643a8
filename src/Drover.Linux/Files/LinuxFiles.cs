using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Drover.Kernel;
using Drover.Linux.ProcFs;
using Drover.Linux.Syscalls;
using Drover.Modules;
using Drover.Text;
using Microsoft.Win32.SafeHandles;

namespace Drover.Linux.Files;

/// <summary>The real file system.</summary>
public sealed class LinuxFiles : SystemFiles
{
    const uint DirectoryMode = 0x1ed, FileMode = 0x1a4; // 0755, 0644; the umask applies
    const int FirstBytes = 4 << 10;

    /// <summary>A pipe or a device of more is no text that anybody wrote.</summary>
    const int MaxStreamBytes = 512 << 20;

    /// <inheritdoc/>
    public override FileKind? KindOf(string path) => LinuxPath.TryStat(path, out var file) ? KindOf(file.Mode) : null;

    /// <inheritdoc/>
    public override string? LinkTarget(string path)
    {
        Span<byte> target = stackalloc byte[Libc.PATH_MAX];
        var length = Libc.ReadLinkAt(Libc.AT_FDCWD, path, ref target[0], target.Length);
        return length < 0 ? null : ByteText.Of(target[..(int)length]);
    }

    /// <inheritdoc/>
    public override SafeFileHandle OpenRegular(string path)
    {
        var file = Open(path, out var kind);
        if (kind is FileKind.Regular)
            return file;
        file.Dispose();
        throw Problem(kind is FileKind.Directory ? Errno.EISDIR : Errno.EINVAL, path);
    }

    /// <inheritdoc/>
    public override Stream OpenRead(string path) =>
        new FileStream(OpenAny(path, out _), FileAccess.Read, bufferSize: 0);

    /// <inheritdoc/>
    public override byte[] ReadAllBytes(string path)
    {
        using var file = OpenAny(path, out var kind);
        var bytes = ReadAll(file, kind, path);
        // a FIFO with a name whose writer has not come; the pipe of a shell, below /proc, may be empty
        return bytes.Length > 0 || !IsFifo(file) || LinuxPath.Real(path) is null
            ? bytes
            : throw Problem(Errno.EINVAL, path);
    }

    /// <inheritdoc/>
    public override byte[] ReadRegular(string path)
    {
        using var file = OpenAny(path, out var kind);
        return kind is FileKind.Regular || IsNull(file) ? ReadAll(file, kind, path) : throw Problem(Errno.EINVAL, path);
    }

    static byte[] ReadAll(SafeFileHandle file, FileKind kind, string path)
    {
        // one more than the length, to find the end by the same call; files of /proc have none
        var bytes = new byte[Math.Max(kind is FileKind.Regular ? RandomAccess.GetLength(file) + 1 : 0, FirstBytes)];
        for (var filled = 0; ;)
        {
            var count = Libc.Read((int)file.DangerousGetHandle(), ref bytes[filled], bytes.Length - filled);
            if (count < 0 && Libc.LastError is not Errno.EINTR)
                throw Problem(Libc.LastError, path);
            filled += (int)Math.Max(count, 0);
            if (count == 0)
                return bytes.AsSpan(0, filled).ToArray();
            if (filled >= MaxStreamBytes && kind is FileKind.Other)
                throw Problem(Errno.EFBIG, path);
            if (filled == bytes.Length)
                Array.Resize(ref bytes, checked(bytes.Length * 2));
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> List(string directory)
    {
        using var reader = new DirectoryReader(sysfs: false);
        if (reader.OpenFollowing(directory) is not Errno.None and var error)
            throw Problem(error, directory);
        var names = new List<string>();
        while (reader.MoveNext())
            names.Add(ByteText.Of(reader.Name));
        return names;
    }

    /// <inheritdoc/>
    public override void CreateDirectories(string path)
    {
        LinuxPath.MakeParents(path);
        if (Libc.MkDir(path, DirectoryMode) < 0 && Libc.LastError is var error && !IsDirectory(path))
            throw Problem(error, path);
    }

    /// <inheritdoc/>
    public override SafeFileHandle CreateNew(string path) => Create(path, Libc.O_EXCL);

    /// <summary>Creates a file to write, or empties one; mode 0644.</summary>
    public static SafeFileHandle Create(string path) => Create(path, Libc.O_TRUNC);

    /// <summary>Opens a file to write, and creates it if there is none; mode 0644.</summary>
    public static SafeFileHandle OpenOrCreate(string path) => Create(path, 0);

    /// <inheritdoc/>
    public override void Rename(string from, string to)
    {
        if (Libc.RenameAt(Libc.AT_FDCWD, from, Libc.AT_FDCWD, to) < 0)
            throw Problem(Libc.LastError, to);
    }

    /// <inheritdoc/>
    public override void Delete(string path)
    {
        if (Libc.Unlink(path) < 0 && Libc.LastError is not Errno.ENOENT and var error)
            throw Problem(error, path);
    }

    internal static FileKind KindOf(int mode) => (mode & Libc.S_IFMT) switch
    {
        Libc.S_IFREG => FileKind.Regular,
        Libc.S_IFDIR => FileKind.Directory,
        _ => FileKind.Other,
    };

    static SafeFileHandle Create(string path, int how)
    {
        var fd = Libc.OpenAt(Libc.AT_FDCWD, path, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_CLOEXEC | how, FileMode);
        return fd < 0 ? throw Problem(Libc.LastError, path) : new SafeFileHandle(fd, ownsHandle: true);
    }

    static SafeFileHandle OpenAny(string path, out FileKind kind)
    {
        var file = Open(path, out kind);
        if (kind is not FileKind.Directory)
            return file;
        file.Dispose();
        throw Problem(Errno.EISDIR, path);
    }

    static bool IsFifo(SafeFileHandle file) =>
        LinuxPath.TryStat((int)file.DangerousGetHandle(), out var stat)
        && (stat.Mode & Libc.S_IFMT) == Libc.S_IFIFO;

    static bool IsNull(SafeFileHandle file)
    {
        const uint Major = 1, Minor = 3; // of /dev/null (Documentation/admin-guide/devices.txt)
        return LinuxPath.TryStat((int)file.DangerousGetHandle(), out var stat)
            && (stat.Mode & Libc.S_IFMT) == Libc.S_IFCHR
            && stat.RawDeviceMajor == Major && stat.RawDeviceMinor == Minor;
    }

    /// <summary>Opens without waiting for the writer of a FIFO, then lets reads wait for what it writes.</summary>
    static SafeFileHandle Open(string path, out FileKind kind)
    {
        var fd = SmallFile.Open(path, out var error, Libc.O_NONBLOCK | Libc.O_NOCTTY);
        if (fd < 0)
            throw Problem(error, path);
        var file = new SafeFileHandle(fd, ownsHandle: true);
        kind = LinuxPath.TryStat(fd, out var stat) ? KindOf(stat.Mode) : FileKind.Other;
        if (kind is FileKind.Other)
            _ = Libc.FCntl(fd, Libc.F_SETFL, Libc.FCntl(fd, Libc.F_GETFL, 0) & ~Libc.O_NONBLOCK);
        return file;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static Exception Problem(Errno error, string path)
    {
        var why = error is Errno.EINVAL ? "not a regular file" : Marshal.GetPInvokeErrorMessage((int)error);
        var message = $"{path}: {why}";
        return error switch
        {
            Errno.ENOENT or Errno.ENOTDIR => new FileNotFoundException(message, path),
            Errno.EACCES or Errno.EPERM => new UnauthorizedAccessException(message),
            _ => new IOException(message, (int)error),
        };
    }
}
