using Drover.Linux.Runtime;

namespace Drover.CommandLine;

/// <summary>Turns the first SIGINT or SIGTERM into a cancellation: loads in the kernel finish, the rest is dropped, and
/// the report is still printed. The second signal ends the process.</summary>
public sealed class Interrupt : IDisposable
{
    static volatile bool s_hasHappened; // signals are the process's

    // never disposed: a signal may come in the middle of Dispose, and without a timer there is nothing to free
    readonly CancellationTokenSource _source = new();
    readonly SignalHandler[] _signals;

    /// <exception cref="IOException">The system has no thread left.</exception>
    public Interrupt() =>
        _signals = [SignalHandler.Create(Signal.Interrupt, OnSignal), SignalHandler.Create(Signal.Terminate, OnSignal)];

    /// <summary>Cancelled by the first signal, on the signal thread.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>A signal has come while something could be interrupted.</summary>
    public static bool HasHappened => s_hasHappened;

    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
    }

    bool OnSignal()
    {
        var isFirst = !_source.IsCancellationRequested;
        s_hasHappened = true;
        _source.Cancel();
        return isFirst;
    }
}
