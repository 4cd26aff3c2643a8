namespace Drover.Model.Kernel;

/// <summary>Who may write a file and who denies it (include/linux/fs.h): <see cref="WriteCount"/> above 0 is the
/// number of writers, below 0 the number of deniers; never both. Belongs to the simulation. Tests override methods
/// to break it.</summary>
public class Inode(string path)
{
    /// <summary>For messages.</summary>
    public string Path { get; } = path;

    /// <summary><c>i_writecount</c>.</summary>
    public int WriteCount { get; protected set; }

    /// <summary>fs-verity is enabled: the content cannot change any more.</summary>
    public bool IsVerity { get; set; }

    /// <summary><c>get_write_access</c>: adds a writer; ETXTBSY while there are deniers.</summary>
    public virtual Errno GetWriteAccess()
    {
        if (WriteCount < 0)
            return Errno.ETXTBSY;
        WriteCount++;
        return Errno.None;
    }

    /// <summary><c>put_write_access</c>.</summary>
    public void PutWriteAccess()
    {
        Debug.Assert(WriteCount > 0, "only a writer ends writing");
        WriteCount--;
    }

    /// <summary><c>deny_write_access</c>: adds a denier; ETXTBSY while there are writers.</summary>
    public Errno DenyWriteAccess()
    {
        if (WriteCount > 0)
            return Errno.ETXTBSY;
        WriteCount--;
        return Errno.None;
    }

    /// <summary><c>exclusive_deny_write_access</c> (9828ed3f695a): becomes the first denier; ETXTBSY while there are
    /// writers or deniers. Plain <see cref="DenyWriteAccess"/> still nests in it.</summary>
    public virtual Errno ExclusiveDenyWriteAccess()
    {
        if (WriteCount != 0)
            return Errno.ETXTBSY;
        WriteCount = -1;
        return Errno.None;
    }

    /// <summary><c>allow_write_access</c>: removes a denier, exclusive or not.</summary>
    public virtual void AllowWriteAccess()
    {
        Debug.Assert(WriteCount < 0, "only a denier allows writing again");
        WriteCount++;
    }
}

/// <summary>A process that has a module's file open for writing (<c>do_open</c> with FMODE_WRITE).</summary>
public sealed class FileWriter : IDisposable
{
    readonly Inode _inode;

    FileWriter(Inode inode) => _inode = inode;

    /// <summary>open(2) for writing, or truncate(2): ETXTBSY while there are deniers, EPERM after fs-verity.</summary>
    public static Errno TryOpen(Inode inode, out FileWriter? writer)
    {
        var error = inode.IsVerity ? Errno.EPERM : inode.GetWriteAccess();
        writer = error is Errno.None ? new FileWriter(inode) : null;
        return error;
    }

    /// <summary>close(2).</summary>
    public void Dispose() => _inode.PutWriteAccess();
}

/// <summary>A running program: denies writing until it exits (<c>exe_file_deny_write_access</c>).</summary>
public sealed class RunningProgram : IDisposable
{
    readonly Inode _inode;

    RunningProgram(Inode inode) => _inode = inode;

    /// <summary>execve(2): ETXTBSY while there are writers.</summary>
    public static Errno TryExecve(Inode inode, out RunningProgram? program)
    {
        var error = inode.DenyWriteAccess();
        program = error is Errno.None ? new RunningProgram(inode) : null;
        return error;
    }

    /// <summary>exit(2).</summary>
    public void Dispose() => _inode.AllowWriteAccess();
}

/// <summary>Enabling fs-verity (<c>fsverity_ioctl_enable</c>): denies writing from then on.</summary>
public sealed class EnableVerity : IDisposable
{
    readonly Inode _inode;

    EnableVerity(Inode inode) => _inode = inode;

    /// <summary>FS_IOC_ENABLE_VERITY begins: ETXTBSY while there are writers, EEXIST once it is enabled. It may begin
    /// during a load, even inside the exclusive gate; a load that begins during it is refused by that gate.</summary>
    public static Errno TryBegin(Inode inode, out EnableVerity? verity)
    {
        var error = inode.IsVerity ? Errno.EEXIST : inode.DenyWriteAccess();
        verity = error is Errno.None ? new EnableVerity(inode) : null;
        return error;
    }

    /// <summary>The tree is built and written.</summary>
    public void Complete() => _inode.IsVerity = true;

    /// <summary>The ioctl returns; without <see cref="Complete"/> it was interrupted, and nothing is enabled.</summary>
    public void Dispose() => _inode.AllowWriteAccess();
}
