using System.Buffers.Binary;
using System.Diagnostics;
using Drover.Kernel;
using Drover.Linux.Files;
using Drover.Linux.Runtime;
using Drover.Linux.Syscalls;
using Microsoft.Win32.SafeHandles;

namespace Drover.Linux.Locks;

/// <summary>The locks as a directory of lock files, one per module, that only root can write to. A <c>flock</c> on the
/// module file itself could be held by any reader of the file. A lock file is never unlinked, because a process with
/// the old file open would hold a different lock; the directory is on a tmpfs and lasts until the next boot. Used on
/// the event loop; waits block on <see cref="KernelThreads"/>.</summary>
public sealed class LockDirectory : IModuleLocks, IDisposable
{
    /// <summary>The directory that all Drover processes of a machine share.</summary>
    public const string DefaultPath = "/run/drover/locks";

    /// <summary>Longest module name (linux/moduleparam.h: 64 − sizeof(unsigned long), less the NUL).</summary>
    internal const int MaxNameBytes = 55;

    const uint OwnerOnly = 0x1c0; // 0700
    const uint FileMode = 0x180; // 0600
    const int OthersMayWrite = 0x12; // 0022

    static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(50);

    readonly SafeFileHandle _directory;
    readonly EventLoop _loop;
    readonly KernelThreads _threads;

    LockDirectory(SafeFileHandle directory, EventLoop loop, KernelThreads threads) =>
        (_directory, _loop, _threads) = (directory, loop, threads);

    /// <summary>Called on the loop with the reason why a module passes without a lock.</summary>
    public Action<string> PassesWithoutLock { get; set; } = _ => { };

    /// <summary>The locks; a <see cref="NoLocks"/> if not root, /run is read-only or others own the
    /// directory.</summary>
    public static IModuleLocks OpenOrNone(string path, EventLoop loop, KernelThreads threads)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var directory = Open(Path.GetFullPath(path), out var problem);
        return directory is null
            ? new NoLocks($"no locks between processes: {path}: {problem}")
            : new LockDirectory(directory, loop, threads);
    }

    /// <inheritdoc/>
    /// <remarks>A module passes without a lock, which is reported, if its name cannot be a file name or its lock file
    /// cannot be opened or locked (no descriptor left, a full tmpfs): broken locks must not keep modules out of the
    /// kernel. Without a thread that can wait for a lock, the loop looks for it now and then.</remarks>
    public IModuleLock? TryEnter(string module)
    {
        var held = TryEnter(module, out var busy);
        Debug.Assert(held is null == busy is not null, "the lock is ours or another process's");
        busy?.Dispose();
        return held;
    }

    /// <inheritdoc/>
    public Task<IModuleLock?> EnterAsync(string module, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromResult<IModuleLock?>(null);
        var held = TryEnter(module, out var busy);
        Debug.Assert(held is null == busy is not null, "the lock is ours or another process's");
        return busy is null ? Task.FromResult(held) : new Waiter(this, module, busy).WaitAsync(cancellationToken);
    }

    /// <summary>Closes the directory. Locks that are held stay valid; waits continue.</summary>
    public void Dispose() => _directory.Dispose();

    /// <summary>Whether a module name can be a file name: a malicious index can have any.</summary>
    internal static bool IsUsable(string module) =>
        module.Length is > 0 and <= MaxNameBytes && module[0] != '.' &&
        module.All(character => char.IsAsciiLetterOrDigit(character) || character is '_' or '-' or '.' or '+');

    /// <summary>The lock, or null and the lock file that another process holds.</summary>
    IModuleLock? TryEnter(string module, out SafeFileHandle? busy)
    {
        busy = null;
        if (!IsUsable(module))
            return PassWithoutLock($"'{module}' is no module's name");
        if (OpenFile(module) is not { } file)
            return PassWithoutLock($"{module}: open: {ErrnoText.Describe(Libc.LastError)}");
        switch (Lock(file, Libc.LOCK_EX | Libc.LOCK_NB))
        {
            case Errno.None:
                return new ModuleLock(file);
            case Errno.EAGAIN:
                busy = file;
                return null;
            case var error:
                file.Dispose();
                return PassWithoutLock($"{module}: flock: {ErrnoText.Describe(error)}");
        }
    }

    static SafeFileHandle? Open(string path, out string problem)
    {
        LinuxPath.MakeParents(path);
        var made = Libc.MkDir(path, OwnerOnly) < 0 ? Libc.LastError : Errno.None;
        const int Flags = Libc.O_RDONLY | Libc.O_CLOEXEC;
        var fd = Libc.OpenAt(Libc.AT_FDCWD, path, Flags | Libc.O_DIRECTORY | Libc.O_NOFOLLOW, 0);
        if (fd < 0)
        {
            problem = ErrnoText.Describe(made is Errno.None or Errno.EEXIST ? Libc.LastError : made);
            return null;
        }
        // Checked by the descriptor used from here on, so that the directory cannot be replaced in between.
        problem = ProblemOf(fd) ?? "";
        var directory = new SafeFileHandle(fd, ownsHandle: true);
        if (problem.Length == 0)
            return directory;
        directory.Dispose();
        return null;
    }

    static string? ProblemOf(int directory) =>
        Libc.StatXAt(directory, "", Libc.AT_EMPTY_PATH, Libc.STATX_BASIC_STATS, out var stat) < 0
            ? ErrnoText.Describe(Libc.LastError)
        : stat.Uid != 0 && stat.Uid != Libc.GetEUid()
            ? $"it belongs to user {stat.Uid}, who could hold every lock: remove it"
        : (stat.Mode & OthersMayWrite) != 0
            ? "others may write to it and hold every lock: remove it, or take their right to write"
        : null;

    SafeFileHandle? OpenFile(string module)
    {
        const int Flags = Libc.O_RDWR | Libc.O_CREAT | Libc.O_CLOEXEC | Libc.O_NOCTTY;
        int fd;
        do
            fd = Libc.OpenAt((int)_directory.DangerousGetHandle(), module, Flags | Libc.O_NOFOLLOW, FileMode);
        while (fd < 0 && Libc.LastError is Errno.EINTR);
        return fd < 0 ? null : new SafeFileHandle(fd, ownsHandle: true);
    }

    static Errno Lock(SafeFileHandle file, int operation)
    {
        Errno error;
        do
            error = Libc.FLock((int)file.DangerousGetHandle(), operation) < 0 ? Libc.LastError : Errno.None;
        while (error is Errno.EINTR);
        return error;
    }

    NoLock PassWithoutLock(string problem)
    {
        PassesWithoutLock($"no lock between processes: {problem}");
        return NoLock.Instance;
    }

    /// <summary>One wait for a lock. A cancelled wait goes on, and releases the lock once it has it.</summary>
    sealed class Waiter(LockDirectory locks, string module, SafeFileHandle file)
    {
        readonly TaskCompletionSource<IModuleLock?> _entered = new();
        volatile bool _cancelled; // set by the canceller's thread; read by the waiting thread, then on the loop

        internal async Task<IModuleLock?> WaitAsync(CancellationToken cancellationToken)
        {
            using var registration = cancellationToken.UnsafeRegister(
                static waiter => ((Waiter)waiter!).Cancel(), this);
            _ = LockAsync();
            return await _entered.Task;
        }

        async Task LockAsync()
        {
            var error = await (locks._threads.TryRun(LockOrRelease, out var locked) ? locked : PollAsync());
            Debug.Assert(_cancelled || !_entered.Task.IsCompleted, "only a cancellation ends the wait earlier");
            if (_cancelled)
            {
                file.Dispose();
                _entered.TrySetResult(null);
            }
            else if (error is Errno.None)
            {
                Debug.Assert(!file.IsClosed, "only a cancelled wait closes the file");
                _entered.SetResult(new ModuleLock(file));
            }
            else
            {
                file.Dispose();
                _entered.SetResult(locks.PassWithoutLock($"{module}: flock: {ErrnoText.Describe(error)}"));
            }
        }

        /// <summary>Waits without a thread, which the system does not have.</summary>
        async Task<Errno> PollAsync()
        {
            Errno error;
            while ((error = Lock(file, Libc.LOCK_EX | Libc.LOCK_NB)) is Errno.EAGAIN && !_cancelled)
                await locks._loop.Delay(s_pollInterval);
            return error;
        }

        Errno LockOrRelease()
        {
            var error = Lock(file, Libc.LOCK_EX);
            if (_cancelled)
                file.Dispose(); // at once: the loop may have ended
            return error;
        }

        void Cancel()
        {
            _cancelled = true;
            locks._loop.Post(() => _entered.TrySetResult(null));
        }
    }
}

/// <summary>No locks: modules pass at once. Loads of one process converge, of several processes do not.</summary>
public sealed class NoLocks(string reason) : IModuleLocks
{
    static readonly Task<IModuleLock?> s_entered = Task.FromResult<IModuleLock?>(NoLock.Instance);

    /// <summary>Why there are none.</summary>
    public string Reason { get; } = reason;

    /// <inheritdoc/>
    public Task<IModuleLock?> EnterAsync(string module, CancellationToken cancellationToken) => s_entered;

    /// <inheritdoc/>
    public IModuleLock? TryEnter(string module) => NoLock.Instance;
}

/// <summary>Stands for a lock where there is none.</summary>
sealed class NoLock : IModuleLock
{
    internal static readonly NoLock Instance = new();

    public KnownResult? LastFailure => null;

    public void RecordFailure(KnownResult? failure)
    {
        // no other process reads it
    }

    public void Dispose()
    {
        // it holds nothing
    }
}

/// <summary>A held lock file. Used on the event loop. The kernel releases it when the process dies.</summary>
sealed class ModuleLock : IModuleLock
{
    readonly SafeFileHandle _file;
    bool _hasRecord; // the file is not empty

    internal ModuleLock(SafeFileHandle file)
    {
        _file = file;
        // one byte more than a record, to detect a longer file
        Span<byte> record = stackalloc byte[FailureRecord.Bytes + 1];
        var length = Libc.PRead((int)file.DangerousGetHandle(), ref record[0], record.Length, 0);
        _hasRecord = length > 0;
        LastFailure = length > 0 ? FailureRecord.Read(record[..(int)length]) : null;
    }

    public KnownResult? LastFailure { get; }

    public void RecordFailure(KnownResult? failure)
    {
        ObjectDisposedException.ThrowIf(_file.IsClosed, this);
        var fd = (int)_file.DangerousGetHandle(); // open: this lock owns it and closes it on this same thread
        if (_hasRecord)
            _ = Libc.FTruncate(fd, 0); // the old record may be longer
        _hasRecord = failure is not null;
        if (failure is not { } known)
            return;
        Debug.Assert(known.Error is not Errno.None, "only failures are recorded");
        Span<byte> record = stackalloc byte[FailureRecord.Bytes];
        FailureRecord.Write(record, known);
        Debug.Assert(FailureRecord.Read(record) == known, "the next holder reads what this one recorded");
        // A failed or partial write (a full tmpfs) reads as no failure: the next holder tries for itself.
        _ = Libc.PWrite(fd, ref record[0], record.Length, 0);
    }

    public void Dispose() => _file.Dispose();
}

/// <summary>
/// A <see cref="KnownResult"/> in a lock file, little-endian:
/// <code>
///  0 u32 magic    4 u16 version   6 u16 bytes of the record
///  8 i32 errno   12 u32 zero     16 u64 seqnum        24 i64 timestamp, ns
/// 32 i64 the module file's bytes 40 i64 its mtime, ns 48 u64 checksum of all before
/// </code>
/// Any other content reads as no failure: another version, a partial write, an edited file.
/// </summary>
static class FailureRecord
{
    internal const int Bytes = 56;
    const uint Magic = 0x52565244; // "DRVR"
    const ushort Version = 1;
    const int ChecksumAt = 48;

    internal static void Write(Span<byte> record, in KnownResult failure)
    {
        record = record[..Bytes];
        record.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(record, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(record[4..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(record[6..], Bytes);
        BinaryPrimitives.WriteInt32LittleEndian(record[8..], (int)failure.Error);
        BinaryPrimitives.WriteUInt64LittleEndian(record[16..], failure.Seqnum);
        BinaryPrimitives.WriteInt64LittleEndian(record[24..], failure.Timestamp);
        BinaryPrimitives.WriteInt64LittleEndian(record[32..], failure.Version.Bytes);
        BinaryPrimitives.WriteInt64LittleEndian(record[40..], failure.Version.ModifiedNs);
        BinaryPrimitives.WriteUInt64LittleEndian(record[ChecksumAt..], Checksum(record[..ChecksumAt]));
    }

    /// <summary>The failure in the bytes of a file, or null.</summary>
    internal static KnownResult? Read(ReadOnlySpan<byte> record)
    {
        if (record.Length != Bytes ||
            BinaryPrimitives.ReadUInt32LittleEndian(record) != Magic ||
            BinaryPrimitives.ReadUInt16LittleEndian(record[4..]) != Version ||
            BinaryPrimitives.ReadUInt16LittleEndian(record[6..]) != Bytes ||
            BinaryPrimitives.ReadUInt64LittleEndian(record[ChecksumAt..]) != Checksum(record[..ChecksumAt]) ||
            BinaryPrimitives.ReadInt32LittleEndian(record[8..]) is not (> 0 and var error))
        {
            return null;
        }
        return new(
            (Errno)error,
            BinaryPrimitives.ReadUInt64LittleEndian(record[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(record[24..]),
            new(BinaryPrimitives.ReadInt64LittleEndian(record[32..]),
                BinaryPrimitives.ReadInt64LittleEndian(record[40..])));
    }

    /// <summary>FNV-1a of 64 bits: detects accidents, in a directory that only root writes to.</summary>
    static ulong Checksum(ReadOnlySpan<byte> bytes)
    {
        const ulong OffsetBasis = 0xcbf29ce484222325, Prime = 0x100000001b3;
        var sum = OffsetBasis;
        foreach (var b in bytes)
            sum = unchecked((sum ^ b) * Prime);
        return sum;
    }
}
