using System.Runtime.InteropServices;

namespace Drover.Linux.Syscalls;

/// <summary>The runtime's own signal thread (System.Native/pal_signal.c), which its PosixSignalRegistration uses
/// too.</summary>
static unsafe partial class RuntimeSignals
{
    const string Library = "libSystem.Native";

    /// <summary>Starts the thread, once; 0 if it cannot be started.</summary>
    [LibraryImport(Library, EntryPoint = "SystemNative_InitializeTerminalAndSignalHandling")]
    internal static partial int Initialize();

    /// <param name="handler">Called on that thread with the signal's number; returns 0 for the default action.</param>
    [LibraryImport(Library, EntryPoint = "SystemNative_SetPosixSignalHandler")]
    internal static partial void SetHandler(delegate* unmanaged<int, int, int> handler);

    /// <summary>0 on failure.</summary>
    [LibraryImport(Library, EntryPoint = "SystemNative_EnablePosixSignalHandling")]
    internal static partial int Enable(int signal);

    [LibraryImport(Library, EntryPoint = "SystemNative_DisablePosixSignalHandling")]
    internal static partial void Disable(int signal);
}
