using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Drover.Kernel;
using Drover.Linux.Locks;
using Drover.Linux.Runtime;

namespace Drover.Linux.Tests.Locks;

/// <summary>Another process at the locks: this program, started with an environment variable as a child that runs no
/// tests. It writes a line when it holds the module, then follows its input.</summary>
sealed class LockChild(string directory, string module) : TestChild(Role, $"{directory}\n{module}")
{
    const string Role = "DROVER_TEST_LOCK_CHILD";

    /// <summary>Waits until the child holds the module; returns the failure that it found.</summary>
    internal string? WaitUntilInside() => Process.StandardOutput.ReadLine();

    /// <summary>Makes the child record a failure, and waits for it.</summary>
    internal void RecordFailure(Errno error)
    {
        Process.StandardInput.WriteLine((int)error);
        Assert.Equal("left", Process.StandardOutput.ReadLine());
    }

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "the child process must not run tests")]
    internal static void RunIfChild()
    {
        if (Environment.GetEnvironmentVariable(Role)?.Split('\n') is not [var directory, var module])
            return;
        var loop = new LiveLoop();
        loop.Run(async () =>
        {
            var locks = LockDirectory.OpenOrNone(directory, loop, new KernelThreads(loop));
            using var moduleLock = await locks.EnterAsync(module, CancellationToken.None);
            Console.WriteLine(moduleLock!.LastFailure is { } failure ? ErrnoText.Name(failure.Error) : "none");
            while (Console.ReadLine() is { } errno)
            {
                moduleLock.RecordFailure(new KnownResult((Errno)int.Parse(errno), 7, 8, new(9, 10)));
                Console.WriteLine("left");
            }
            return 0;
        });
        Environment.Exit(0);
    }
}
