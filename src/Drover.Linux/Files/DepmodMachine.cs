using System.Text;
using Drover.Linux.Syscalls;
using Drover.Modules.Depmod;

namespace Drover.Linux.Files;

/// <summary>The real file system for depmod. Safe for any thread.</summary>
public sealed class DepmodMachine : IDepmodMachine
{
    const long NsPerSecond = 1_000_000_000;

    // the reader of the last listing; null while a listing uses it, and another thread then makes its own
    DirectoryReader? _spare;

    public long NowNs => (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;

    public IReadOnlyList<DirectoryEntry> List(string directory, out int errno)
    {
        var reader = Interlocked.Exchange(ref _spare, null) ?? new DirectoryReader(sysfs: false);
        errno = (int)reader.OpenFollowing(directory);
        var entries = errno == 0 ? Read(reader) : [];
        reader.Close();
        _spare = reader;
        return entries;
    }

    static List<DirectoryEntry> Read(DirectoryReader reader)
    {
        var entries = new List<DirectoryEntry>();
        while (reader.MoveNext())
        {
            var name = Encoding.UTF8.GetString(reader.Name);
            entries.Add(reader.Type is EntryType.Directory
                ? new(name, FileKind.Directory, Libc.S_IFDIR, default, 0)
                : Stat(reader, name));
        }
        return entries;
    }

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

    static DirectoryEntry Stat(DirectoryReader reader, string name)
    {
        // the buffer has a NUL after the name
        if (Libc.StatXAt(reader.Fd, in reader.Name[0], 0, Libc.STATX_BASIC_STATS, out var stat) != 0)
            return new(name, FileKind.Other, 0, default, (int)Libc.LastError);
        var mode = stat.Mode & Libc.S_IFMT;
        var kind = mode switch
        {
            Libc.S_IFREG => FileKind.Regular,
            Libc.S_IFDIR => FileKind.Directory,
            _ => FileKind.Other,
        };
        return new(name, kind, mode, Identity(stat), 0);
    }

    static FileIdentity Identity(in Libc.StatX stat) =>
        new(((ulong)stat.DeviceMajor << 32) | stat.DeviceMinor, stat.Inode, (long)stat.Size,
            (stat.ModifiedSeconds * NsPerSecond) + stat.ModifiedNanoseconds, (stat.ChangedSeconds * NsPerSecond) +
                stat.ChangedNanoseconds);
}
