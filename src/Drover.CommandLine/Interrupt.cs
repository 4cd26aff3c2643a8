using Drover.Linux.Runtime;

namespace Drover.CommandLine;

/// <summary>Turns the first SIGINT or SIGTERM into a cancellation: loads in the kernel finish, the rest is dropped, and
/// the report is still printed. The second signal ends the process.</summary>
public sealed class Interrupt : IDisposable
{
    readonly CancellationTokenSource _source = new();
    readonly SignalHandler[] _signals;

    /// <exception cref="IOException">The system has no thread left.</exception>
    public Interrupt() =>
        _signals = [SignalHandler.Create(Signal.Interrupt, OnSignal), SignalHandler.Create(Signal.Terminate, OnSignal)];

    /// <summary>Cancelled by the first signal, on the signal thread.</summary>
    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
        _source.Dispose();
    }

    bool OnSignal()
    {
        var isFirst = !_source.IsCancellationRequested;
        _source.Cancel();
        return isFirst;
    }
}
