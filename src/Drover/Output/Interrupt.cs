using System.Runtime.InteropServices;

namespace Drover.Output;

/// <summary>
/// Ctrl-C, or a SIGTERM, asks to stop: what is in the kernel ends, the rest is dropped, and there is still a report. A second one ends the process as ever.
/// </summary>
sealed class Interrupt : IDisposable
{
    readonly CancellationTokenSource _stop = new();
    readonly PosixSignalRegistration[] _signals;

    public Interrupt() =>
        _signals = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Signalled), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Signalled)];

    /// <summary>Cancelled by the first signal, on a thread of its own.</summary>
    public CancellationToken Stop => _stop.Token;

    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
        _stop.Dispose();
    }

    void Signalled(PosixSignalContext context)
    {
        context.Cancel = !_stop.IsCancellationRequested;
        _stop.Cancel();
    }
}
