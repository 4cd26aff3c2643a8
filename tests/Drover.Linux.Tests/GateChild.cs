using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Drover.Linux.Gate;
using Drover.Loading;

namespace Drover.Linux.Tests;

/// <summary>
/// Another process at the gate: this program again, told by a variable that it is not to run tests. It says a line once it holds the module, then does what it is told.
/// </summary>
sealed class GateChild(string directory, string module) : TestChild(Role, $"{directory}\n{module}")
{
    const string Role = "DROVER_TEST_GATE_CHILD";

    /// <summary>Waits until the child holds the module; what failure it found there.</summary>
    internal string? WaitUntilInside() => Process.StandardOutput.ReadLine();

    /// <summary>Has it leave a failure, and waits until it has.</summary>
    internal void LeaveFailure(Errno error)
    {
        Process.StandardInput.WriteLine((int)error);
        Assert.Equal("left", Process.StandardOutput.ReadLine());
    }

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "a program of its own, that is not to begin as one")]
    internal static void BeOneIfTold()
    {
        if (Environment.GetEnvironmentVariable(Role)?.Split('\n') is not [var directory, var module])
        {
            return;
        }

        using var loop = new LiveLoop();
        loop.Run(async () =>
        {
            var gate = GateDirectory.OpenOrNone(directory, loop, new KernelThreads(loop));
            using var pass = await gate.EnterAsync(module, CancellationToken.None);
            Console.WriteLine(pass!.LastFailure is { } failure ? ErrnoText.Name(failure.Error) : "none");
            while (Console.ReadLine() is { } errno)
            {
                pass.Leave(new KnownResult((Errno)int.Parse(errno), 7, 8, new(9, 10)));
                Console.WriteLine("left");
            }

            return 0;
        });
        Environment.Exit(0);
    }
}
