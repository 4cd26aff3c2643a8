using Drover.Kernel;
using Drover.Linux.Syscalls;
using Drover.Modules;
using Drover.Modules.Depmod;
using Drover.Text;

namespace Drover.Linux.Files;

/// <summary>The real file system for depmod. Safe for any thread.</summary>
public sealed class DepmodMachine : IDepmodMachine
{
    const long NsPerSecond = 1_000_000_000;

    /// <summary>/proc, /sys and what is mounted below them (include/uapi/linux/magic.h).</summary>
    static readonly long[] s_pseudoFileSystems =
    [
        Libc.SYSFS_MAGIC, 0x9fa0 /* proc */, 0x1cd1 /* devpts */, 0x64626720 /* debugfs */, 0x74726163 /* tracefs */,
        0x27e0eb /* cgroup */, 0x63677270 /* cgroup2 */, 0x73636673 /* securityfs */, 0xcafe4a11 /* bpf */,
        0x62656570 /* configfs */, 0x6165676c /* pstore */, 0xde5e81e4 /* efivarfs */, 0x42494e4d /* binfmt_misc */,
        0x19800202 /* mqueue */, 0x6e736673 /* nsfs */, 0xf97cff8c /* selinuxfs */,
    ];

    readonly Lazy<ulong?> _devices = new(DeviceOfDev);

    // the reader of the last listing; null while a listing uses it, and another thread then makes its own
    DirectoryReader? _spare;

    public long NowNs => (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;

    public DirectoryListing List(string directory, string? root = null)
    {
        var reader = Interlocked.Exchange(ref _spare, null) ?? new DirectoryReader(sysfs: false);
        var errno = (int)reader.OpenFollowing(directory);
        var listing = errno == 0 ? Read(reader, directory, root) : new([], default, errno);
        reader.Close();
        _spare = reader;
        return listing;
    }

    DirectoryListing Read(DirectoryReader reader, string directory, string? root)
    {
        if (Libc.StatXAt(reader.Fd, "", Libc.AT_EMPTY_PATH, Libc.STATX_BASIC_STATS, out var stat) != 0)
            return new([], default, (int)Libc.LastError);
        var identity = Identity(stat);
        var entries = new List<DirectoryEntry>();
        if (identity.Device == _devices.Value || IsPseudo(reader.Fd))
            return new(entries, identity);
        while (entries.Count < DirectoryListing.MaxEntries && reader.MoveNext())
        {
            var name = ByteText.Of(reader.Name);
            if (reader.Type is EntryType.Directory)
                entries.Add(new(name, FileKind.Directory, Libc.S_IFDIR, default, 0));
            // what is no module is not looked at: temporary files of another depmod come and go
            else if (reader.Type is EntryType.Regular && !ModuleName.IsFileName(name))
                entries.Add(new(name, FileKind.Regular, Libc.S_IFREG, default, 0));
            else if (Stat(reader, directory, name, root) is { } entry)
                entries.Add(entry);
        }
        return new(entries, identity);
    }

    /// <summary>The device of /dev, which is a tmpfs like others; null if it is no file system of its own.</summary>
    static ulong? DeviceOfDev()
    {
        const int Flags = 0;
        return Libc.StatXAt(Libc.AT_FDCWD, "/dev", Flags, Libc.STATX_BASIC_STATS, out var dev) == 0
            && Libc.StatXAt(Libc.AT_FDCWD, "/", Flags, Libc.STATX_BASIC_STATS, out var top) == 0
            && Identity(dev).Device != Identity(top).Device ? Identity(dev).Device : null;
    }

    /// <summary>Whether a directory's file system shows the kernel's state and stores nothing.</summary>
    static bool IsPseudo(int directory) =>
        Libc.FStatFs(directory, out var fileSystem) == 0 && s_pseudoFileSystems.Contains(fileSystem.Type);

    public FileIdentity? Identify(string path, out int errno)
    {
        var failed = Libc.StatXAt(Libc.AT_FDCWD, path, 0, Libc.STATX_BASIC_STATS, out var stat) != 0;
        errno = failed ? (int)Libc.LastError : 0;
        return failed ? null : Identity(stat);
    }

    public bool Matches(string expression, string text)
    {
        Span<ulong> regex = stackalloc ulong[Libc.RegexBytes / sizeof(ulong)];
        regex.Clear();
        if (Libc.RegexCompile(ref regex[0], expression, Libc.REG_EXTENDED) != 0)
            return false;
        var matches = Libc.RegexExecute(in regex[0], text, 0, 0, 0) == 0;
        Libc.RegexFree(ref regex[0]);
        return matches;
    }

    /// <summary>An entry, links followed; null if it has vanished.</summary>
    static DirectoryEntry? Stat(DirectoryReader reader, string directory, string name, string? root)
    {
        string path = $"{directory}/{name}", target = path;
        if (root is not null && reader.Type is not EntryType.Regular)
            target = RootedPath.Find(root, path);
        // the buffer has a NUL after the name
        var failed = ReferenceEquals(target, path)
            ? Libc.StatXAt(reader.Fd, in reader.Name[0], 0, Libc.STATX_BASIC_STATS, out var stat) != 0
            : Libc.StatXAt(Libc.AT_FDCWD, target, 0, Libc.STATX_BASIC_STATS, out stat) != 0;
        if (failed)
        {
            var error = Libc.LastError;
            return error is Errno.ENOENT && Libc.StatXAt(reader.Fd, in reader.Name[0], Libc.AT_SYMLINK_NOFOLLOW,
                Libc.STATX_BASIC_STATS, out _) != 0
                ? null
                : new(name, FileKind.Other, 0, default, (int)error);
        }
        return new(name, LinuxFiles.KindOf(stat.Mode), stat.Mode & Libc.S_IFMT, Identity(stat), 0,
            ReferenceEquals(target, path) ? null : target);
    }

    static FileIdentity Identity(in Libc.StatX stat) =>
        new(((ulong)stat.DeviceMajor << 32) | stat.DeviceMinor, stat.Inode, (long)stat.Size,
            (stat.ModifiedSeconds * NsPerSecond) + stat.ModifiedNanoseconds, (stat.ChangedSeconds * NsPerSecond) +
                stat.ChangedNanoseconds);
}
