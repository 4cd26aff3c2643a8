using System.Runtime.InteropServices;
using Drover.Linux.Syscalls;

namespace Drover.Linux.Runtime;

/// <summary>Signals that this process handles; the values are the kernel's.</summary>
public enum Signal
{
    Hangup = 1,
    Interrupt = 2,
    Terminate = 15,
}

/// <summary>Handles a signal until disposed. .NET's PosixSignalRegistration starts a thread for each signal that
/// arrives: where none can be started, the process dies of SIGTERM with a stack trace. Here the runtime's signal
/// thread, which is made once, calls the handlers itself.</summary>
public sealed unsafe class SignalHandler : IDisposable
{
    static readonly List<SignalHandler> s_handlers = []; // its own lock

    readonly Signal _signal;
    readonly Func<bool> _handle;

    SignalHandler(Signal signal, Func<bool> handle) => (_signal, _handle) = (signal, handle);

    /// <param name="handle">Runs on the signal thread: it must not wait. True when the signal is handled, false for its
    /// default action, which ends the process.</param>
    /// <exception cref="IOException">The system has no thread left.</exception>
    public static SignalHandler Create(Signal signal, Func<bool> handle)
    {
        BackgroundThread.Retry("signals", () => RuntimeSignals.Initialize() != 0 ? s_handlers : null);
        var handler = new SignalHandler(signal, handle);
        lock (s_handlers)
        {
            s_handlers.Add(handler);
            RuntimeSignals.SetHandler(&OnSignal);
            _ = RuntimeSignals.Enable((int)signal);
        }
        return handler;
    }

    public void Dispose()
    {
        lock (s_handlers)
        {
            if (s_handlers.Remove(this) && !s_handlers.Exists(other => other._signal == _signal))
                RuntimeSignals.Disable((int)_signal);
        }
    }

    [UnmanagedCallersOnly]
    static int OnSignal(int number, int kind)
    {
        SignalHandler[] handlers;
        lock (s_handlers)
            handlers = [.. s_handlers.Where(handler => (int)handler._signal == number)];
        var isHandled = false;
        foreach (var handler in handlers)
            isHandled |= handler._handle();
        return isHandled ? 1 : 0;
    }
}
