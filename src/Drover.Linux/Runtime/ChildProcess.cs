using System.Runtime.InteropServices;
using Drover.Kernel;
using Drover.Linux.Syscalls;
using Drover.Text;

namespace Drover.Linux.Runtime;

/// <summary>Runs another program with the standard streams of this process, and waits for its end.</summary>
/// <remarks>System.Diagnostics.Process would add 420 KB to the native binary: sockets, URIs, time zones.</remarks>
public static class ChildProcess
{
    const int SignalBase = 128;

    /// <param name="command">The program, looked up in $PATH unless its name has a slash, and its arguments.</param>
    /// <param name="variables">Environment variables to add to this process's own.</param>
    /// <param name="status">The exit status; 128 + the signal's number if a signal ended it.</param>
    /// <returns>Why the program was not started (posix_spawn(3)), or <see cref="Errno.None"/>.</returns>
    public static Errno Run(
        IReadOnlyList<string> command, IReadOnlyDictionary<string, string> variables, out int status)
    {
        var environment = new List<string>();
        foreach (var variable in ProcessText.Environs())
        {
            if (!variables.ContainsKey(variable[..Math.Max(variable.IndexOf('=', StringComparison.Ordinal), 0)]))
                environment.Add(variable);
        }
        environment.AddRange(variables.Select(variable => $"{variable.Key}={variable.Value}"));
        status = 0;
        using var arguments = new StringVector(command);
        using var strings = new StringVector(environment);
        var error = Libc.Spawn(out var pid, command[0], 0, Attributes(), arguments.Pointers, strings.Pointers);
        if (error != 0)
            return (Errno)error;
        int waitStatus;
        while (Libc.WaitPid(pid, out waitStatus, 0) < 0)
        {
            if (Libc.LastError is not Errno.EINTR)
                return Libc.LastError;
        }
        var signal = waitStatus & 0x7f;
        status = signal == 0 ? waitStatus >> 8 & 0xff : SignalBase + signal;
        return Errno.None;
    }

    /// <summary>.NET ignores SIGPIPE, and execve(2) keeps that: a program whose reader has closed the pipe would run
    /// on.</summary>
    static Libc.SpawnAttributes Attributes()
    {
        var defaults = new Libc.SignalSet { First = 1UL << (Libc.SIGPIPE - 1) };
        // none of them fails
        _ = Libc.InitializeSpawn(out var attributes);
        _ = Libc.SetSpawnDefaults(ref attributes, in defaults);
        _ = Libc.SetSpawnFlags(ref attributes, Libc.POSIX_SPAWN_SETSIGDEF);
        return attributes;
    }

    /// <summary>NUL-terminated strings and a vector of pointers to them, as execve(2) takes them.</summary>
    sealed class StringVector(IReadOnlyList<string> strings) : IDisposable
    {
        readonly GCHandle _bytes = GCHandle.Alloc(
            ByteText.BytesOf(string.Concat(strings.Select(text => text + '\0'))),
            GCHandleType.Pinned);

        public nint[] Pointers
        {
            get
            {
                var bytes = (byte[])_bytes.Target!;
                var pointers = new nint[strings.Count + 1];
                for (int i = 0, at = 0; i < strings.Count; i++, at = Array.IndexOf(bytes, (byte)0, at) + 1)
                    pointers[i] = _bytes.AddrOfPinnedObject() + at;
                return pointers;
            }
        }

        public void Dispose() => _bytes.Free();
    }
}

/// <summary>The program that this process runs.</summary>
public static class ProcessImage
{
    /// <summary>Replaces this process by another program, with the same arguments byte for byte (execve(2)).</summary>
    /// <returns>The errno; returns only on failure.</returns>
    /// <exception cref="IOException">/proc/self/cmdline cannot be read.</exception>
    public static Errno Replace(string path)
    {
        // .NET's copy of the arguments has lost bytes that are not UTF-8
        var arguments = GCHandle.Alloc(File.ReadAllBytes("/proc/self/cmdline"), GCHandleType.Pinned);
        try
        {
            var bytes = (byte[])arguments.Target!;
            var pointers = new List<nint>();
            for (var at = 0; at < bytes.Length; at = Array.IndexOf(bytes, (byte)0, at) + 1)
                pointers.Add(arguments.AddrOfPinnedObject() + at);
            pointers.Add(0);
            _ = Libc.Execv(ByteText.BytesOf(path + '\0'), [.. pointers]);
            return Libc.LastError;
        }
        finally
        {
            arguments.Free();
        }
    }
}
