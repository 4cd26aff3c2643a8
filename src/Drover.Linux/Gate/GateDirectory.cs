using Drover.Linux.Syscalls;
using Drover.Loading;
using Microsoft.Win32.SafeHandles;

namespace Drover.Linux.Gate;

/// <summary>
/// The gate as a directory of lock files, one a module, in a place only root writes to: <c>flock</c> on a module's own file would let any reader hold it.
/// A lock file is never unlinked (who opened it before would hold another lock than who comes after); the directory is on a tmpfs, and gone with the boot.
/// Used on the event loop; what waits, waits on <see cref="KernelThreads"/>.
/// </summary>
public sealed class GateDirectory : IModuleGate, IDisposable
{
    /// <summary>Where every Drover of a machine meets.</summary>
    public const string DefaultPath = "/run/drover/gate";

    /// <summary>Longest name the kernel gives a module (include/linux/moduleparam.h: MODULE_NAME_LEN is 64 − sizeof(unsigned long), with the NUL).</summary>
    internal const int MaxNameBytes = 55;

    const uint OwnerOnly = 0x1c0; // 0700
    const uint OwnerWrites = 0x1ed; // 0755
    const uint FileMode = 0x180; // 0600
    const int OthersMayWrite = 0x12; // 0022

    readonly SafeFileHandle _directory;
    readonly EventLoop _loop;
    readonly KernelThreads _threads;

    GateDirectory(SafeFileHandle directory, EventLoop loop, KernelThreads threads)
    {
        _directory = directory;
        _loop = loop;
        _threads = threads;
    }

    /// <summary>How often a module went ungated: its name can be no file's, or its lock file could not be opened or locked. The last reason is <see cref="LastProblem"/>.</summary>
    public long Ungated { get; private set; }

    /// <summary>Why a module last went ungated, or null.</summary>
    public string? LastProblem { get; private set; }

    /// <summary>
    /// The gate at <paramref name="path"/>, made where it is not there; or a <see cref="NoGate"/> that says why it cannot be used:
    /// not root, a read-only /run, or a directory that others could have made or can write to.
    /// </summary>
    public static IModuleGate OpenOrNone(string path, EventLoop loop, KernelThreads threads)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var directory = Open(Path.GetFullPath(path), out var problem);
        return directory is null ? new NoGate($"no gate between processes: {path}: {problem}") : new GateDirectory(directory, loop, threads);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// A module whose name can be no lock file's, or whose lock file cannot be had (no descriptor left, a full tmpfs), is let in ungated and counted:
    /// a gate that is broken must not keep a machine from its modules.
    /// </remarks>
    public IModuleGatePass? TryEnter(string module)
    {
        var pass = TryEnter(module, out var busy);
        busy?.Dispose();
        return pass;
    }

    /// <inheritdoc/>
    public Task<IModuleGatePass?> EnterAsync(string module, CancellationToken leave)
    {
        if (leave.IsCancellationRequested)
        {
            return Task.FromResult<IModuleGatePass?>(null);
        }

        var pass = TryEnter(module, out var busy);
        return busy is null ? Task.FromResult(pass) : new Waiter(this, module, busy).Wait(leave);
    }

    /// <summary>Gives back the directory. Passes that are out stay valid, waits go on.</summary>
    public void Dispose() => _directory.Dispose();

    /// <summary>Whether a name is a module's as far as a file name goes: what a hostile index might hold never reaches the file system.</summary>
    internal static bool IsUsable(string module)
    {
        if (module.Length is 0 or > MaxNameBytes || module[0] == '.')
        {
            return false;
        }

        foreach (var character in module)
        {
            if (!char.IsAsciiLetterOrDigit(character) && character is not ('_' or '-' or '.' or '+'))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A pass, or the lock file that another process holds.</summary>
    IModuleGatePass? TryEnter(string module, out SafeFileHandle? busy)
    {
        busy = null;
        if (!IsUsable(module))
        {
            return LetIn($"'{module}' is no module's name");
        }

        if (OpenFile(module) is not { } file)
        {
            return LetIn($"{module}: open: {ErrnoText.Describe(Libc.LastError)}");
        }

        switch (Lock(file, Libc.LOCK_EX | Libc.LOCK_NB))
        {
            case Errno.None:
                return new LockPass(file);
            case Errno.EAGAIN:
                busy = file;
                return null;
            case var error:
                file.Dispose();
                return LetIn($"{module}: flock: {ErrnoText.Describe(error)}");
        }
    }

    static SafeFileHandle? Open(string path, out string problem)
    {
        // Parents are anybody's to see; the last directory is its owner's alone.
        for (var slash = path.IndexOf('/', 1); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            _ = Libc.MkDir(path[..slash], OwnerWrites); // EEXIST is the rule; what else went wrong shows below
        }

        var made = Libc.MkDir(path, OwnerOnly) < 0 ? Libc.LastError : Errno.None;
        var fd = Libc.OpenAt(Libc.AT_FDCWD, path, Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_NOFOLLOW | Libc.O_CLOEXEC, 0);
        if (fd < 0)
        {
            problem = ErrnoText.Describe(made is Errno.None or Errno.EEXIST ? Libc.LastError : made);
            return null;
        }

        // Judged by the descriptor that is used from here on, so that nothing can be put in its place meanwhile.
        var directory = new SafeFileHandle(fd, ownsHandle: true);
        if (Libc.StatXAt(fd, "", Libc.AT_EMPTY_PATH, Libc.STATX_BASIC_STATS, out var stat) < 0)
        {
            problem = ErrnoText.Describe(Libc.LastError);
        }
        else if (stat.Uid != 0 && stat.Uid != Libc.GetEUid())
        {
            problem = $"it belongs to user {stat.Uid}, who could hold every lock: remove it";
        }
        else if ((stat.Mode & OthersMayWrite) != 0)
        {
            problem = "others may write to it and hold every lock: remove it, or take their right to write";
        }
        else
        {
            problem = "";
            return directory;
        }

        directory.Dispose();
        return null;
    }

    SafeFileHandle? OpenFile(string module)
    {
        const int Flags = Libc.O_RDWR | Libc.O_CREAT | Libc.O_CLOEXEC | Libc.O_NOCTTY;
        int fd;
        do
        {
            fd = Libc.OpenAt((int)_directory.DangerousGetHandle(), module, Flags | Libc.O_NOFOLLOW, FileMode);
        }
        while (fd < 0 && Libc.LastError is Errno.EINTR);
        return fd < 0 ? null : new SafeFileHandle(fd, ownsHandle: true);
    }

    static Errno Lock(SafeFileHandle file, int operation)
    {
        Errno error;
        do
        {
            error = Libc.FLock((int)file.DangerousGetHandle(), operation) < 0 ? Libc.LastError : Errno.None;
        }
        while (error is Errno.EINTR);
        return error;
    }

    OpenPass LetIn(string problem)
    {
        Ungated++;
        LastProblem = problem;
        return OpenPass.Instance;
    }

    /// <summary>One wait for a lock that another process holds. Its thread may wait on after the waiter has left; then it gives back at once what it gets.</summary>
    sealed class Waiter(GateDirectory gate, string module, SafeFileHandle file)
    {
        readonly TaskCompletionSource<IModuleGatePass?> _entered = new();
        CancellationTokenRegistration _leaving;
        volatile bool _left; // set on any thread, by who cancels; read by the waiting thread, then on the loop

        internal Task<IModuleGatePass?> Wait(CancellationToken leave)
        {
            _ = LockAsync();
            _leaving = leave.UnsafeRegister(static waiter => ((Waiter)waiter!).Leave(), this);
            return _entered.Task;
        }

        async Task LockAsync() => Enter(await gate._threads.Run(() =>
        {
            var error = Lock(file, Libc.LOCK_EX);
            if (_left)
            {
                file.Dispose(); // at once: the loop may be over
            }

            return error;
        }));

        void Leave()
        {
            _left = true;
            gate._loop.Post(() => _entered.TrySetResult(null));
        }

        void Enter(Errno error)
        {
            _leaving.Dispose();
            if (_left)
            {
                file.Dispose();
                _entered.TrySetResult(null);
            }
            else if (error is Errno.None)
            {
                _entered.SetResult(new LockPass(file));
            }
            else
            {
                file.Dispose();
                _entered.SetResult(gate.LetIn($"{module}: flock: {ErrnoText.Describe(error)}"));
            }
        }
    }
}
