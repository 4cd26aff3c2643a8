using Drover.Linux.Syscalls;
using Drover.Loading;
using Microsoft.Win32.SafeHandles;

namespace Drover.Linux.Gate;

/// <summary>A held lock file. Used on the event loop; closing its descriptor is what gives the module back, so a process that dies gives it back too.</summary>
sealed class LockPass : IModuleGatePass
{
    readonly SafeFileHandle _file;
    bool _written; // there are bytes in the file

    internal LockPass(SafeFileHandle file)
    {
        _file = file;

        // one byte more than a record, to see that a file is longer
        Span<byte> record = stackalloc byte[FailureRecord.Bytes + 1];
        var length = Libc.PRead((int)file.DangerousGetHandle(), ref record[0], record.Length, 0);
        _written = length > 0;
        LastFailure = length > 0 ? FailureRecord.Read(record[..(int)length]) : null;
    }

    public KnownResult? LastFailure { get; }

    public void Leave(KnownResult? failure)
    {
        ObjectDisposedException.ThrowIf(_file.IsClosed, this);
        var fd = (int)_file.DangerousGetHandle(); // alive: the pass owns it, and is closed on this same thread
        if (failure is not { } known)
        {
            if (_written)
            {
                _ = Libc.FTruncate(fd, 0);
                _written = false;
            }

            return;
        }

        Span<byte> record = stackalloc byte[FailureRecord.Bytes];
        FailureRecord.Write(record, known);
        if (_written)
        {
            _ = Libc.FTruncate(fd, 0); // what was there may have been longer
        }

        // A write that fails or ends half-way (a full tmpfs) leaves what reads as no failure: the next one in tries for itself.
        _ = Libc.PWrite(fd, ref record[0], record.Length, 0);
        _written = true;
    }

    public void Dispose() => _file.Dispose();
}
