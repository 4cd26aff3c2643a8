using Drover.Loading;

namespace Drover.Model;

/// <summary>Somebody who has a module's file open for writing: a package manager, an editor (<c>do_open</c> with FMODE_WRITE).</summary>
public sealed class FileWriter : IDisposable
{
    readonly Inode _inode;

    FileWriter(Inode inode) => _inode = inode;

    /// <summary>open(2) for writing, or truncate(2): ETXTBSY while anybody denies writing, EPERM once fs-verity is enabled.</summary>
    public static Errno TryOpen(Inode inode, out FileWriter? writer)
    {
        writer = null;
        if (inode.IsVerity)
            return Errno.EPERM;
        var error = inode.GetWriteAccess();
        if (error is Errno.None)
            writer = new FileWriter(inode);
        return error;
    }

    /// <summary>close(2).</summary>
    public void Dispose() => _inode.PutWriteAccess();
}

/// <summary>A running program: its text denies writing until it exits (<c>do_open_execat</c>, <c>exe_file_deny_write_access</c>).</summary>
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

/// <summary>fs-verity on a file (<c>fsverity_ioctl_enable</c>): denies writing while it builds the tree, and afterwards nobody can write any more.</summary>
public sealed class EnableVerity : IDisposable
{
    readonly Inode _inode;

    EnableVerity(Inode inode) => _inode = inode;

    /// <summary>
    /// FS_IOC_ENABLE_VERITY begins: ETXTBSY while there are writers, EEXIST once it is enabled. A load that is under way does not stop it, even under the
    /// exclusive gate: only the gate's own denial is exclusive. A load that begins meanwhile is refused by that gate.
    /// </summary>
    public static Errno TryBegin(Inode inode, out EnableVerity? verity)
    {
        verity = null;
        if (inode.IsVerity)
            return Errno.EEXIST;
        var error = inode.DenyWriteAccess();
        if (error is Errno.None)
            verity = new EnableVerity(inode);
        return error;
    }

    /// <summary>The tree is built and written.</summary>
    public void Complete() => _inode.IsVerity = true;

    /// <summary>The ioctl returns; without <see cref="Complete"/> before, it was interrupted and nothing is enabled.</summary>
    public void Dispose() => _inode.AllowWriteAccess();
}
