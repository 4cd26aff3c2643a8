using Drover.Loading;

namespace Drover.Model;

/// <summary>
/// A file as far as who may write it and who denies that (include/linux/fs.h): <see cref="WriteCount"/> above 0 is the number of writers, below 0 of those who
/// deny writing, never both. One owner, the simulation.
/// </summary>
public sealed class Inode(string path)
{
    /// <summary>Where it is, for messages.</summary>
    public string Path { get; } = path;

    /// <summary><c>i_writecount</c>.</summary>
    public int WriteCount { get; private set; }

    /// <summary>fs-verity is enabled: the content can never change again.</summary>
    public bool IsVerity { get; set; }

    internal Mutation Mutation { get; set; }

    /// <summary><c>get_write_access</c>: one more writer, or ETXTBSY while anybody denies it.</summary>
    public Errno GetWriteAccess()
    {
        if (WriteCount < 0 && Mutation is not Mutation.WriterIsLetIn)
            return Errno.ETXTBSY;
        WriteCount++;
        return Errno.None;
    }

    /// <summary><c>put_write_access</c>.</summary>
    public void PutWriteAccess() => WriteCount--;

    /// <summary><c>deny_write_access</c>: one more who denies writing, or ETXTBSY while there are writers. Deniers do not disturb each other.</summary>
    public Errno DenyWriteAccess()
    {
        if (WriteCount > 0)
            return Errno.ETXTBSY;
        WriteCount--;
        return Errno.None;
    }

    /// <summary><c>exclusive_deny_write_access</c> (9828ed3f695a): the only one who denies writing, or ETXTBSY. Plain readers are not excluded.</summary>
    public Errno ExclusiveDenyWriteAccess()
    {
        if (Mutation is Mutation.GateIsPlainDenial)
            return DenyWriteAccess();
        if (WriteCount != 0)
            return Errno.ETXTBSY;
        WriteCount = -1;
        return Errno.None;
    }

    /// <summary><c>allow_write_access</c>: one who denied writing, exclusively or not, no longer does.</summary>
    public void AllowWriteAccess() => WriteCount++;
}
