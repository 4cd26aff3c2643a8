namespace Drover.Modules.Depmod;

/// <summary>What tells a file from what it was or another: as long as none of it changes, neither have the file's bytes.</summary>
/// <param name="Device">st_dev, in any form that is the same each time.</param>
/// <param name="Inode">st_ino.</param>
/// <param name="Bytes">st_size.</param>
/// <param name="ModifiedNs">st_mtim in nanoseconds since 1970.</param>
/// <param name="ChangedNs">st_ctim in nanoseconds since 1970; a modification time can be set, as cp -p and tar do, this one cannot.</param>
public readonly record struct FileIdentity(ulong Device, ulong Inode, long Bytes, long ModifiedNs, long ChangedNs);

/// <summary>What stat(2) says a path is.</summary>
public enum FileKind { Regular, Directory, Other }

/// <summary>An entry of a directory, links followed.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What it, or what it links to, is.</param>
/// <param name="Mode">The bits of st_mode that tell the type (S_IFMT).</param>
/// <param name="Identity">Of all that are no directories; a directory's is looked at only where it is reached by a link.</param>
/// <param name="Errno">Why stat(2) failed, or 0.</param>
public readonly record struct DirectoryEntry(string Name, FileKind Kind, int Mode, FileIdentity Identity, int Errno);

/// <summary>The machine under depmod, beyond what .NET tells of it. Safe for any thread.</summary>
public interface IDepmodMachine
{
    /// <summary>All entries but <c>.</c> and <c>..</c>, in the order in which the directory gives them, which decides between modules of the same rank.</summary>
    /// <param name="errno">Why the directory cannot be opened, or 0.</param>
    IReadOnlyList<DirectoryEntry> List(string directory, out int errno);

    /// <summary>The file's identity, links followed, or null and why not.</summary>
    FileIdentity? Identify(string path, out int errno);

    /// <summary>Whether a text has a part that an extended regular expression matches (regcomp(3), regexec(3)); a malformed one matches nothing.</summary>
    bool Matches(string expression, string text);

    /// <summary>The time by the clock that stamps files, in nanoseconds since 1970.</summary>
    long NowNs { get; }
}
