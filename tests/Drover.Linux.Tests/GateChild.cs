using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Drover.Linux.Gate;
using Drover.Loading;

namespace Drover.Linux.Tests;

/// <summary>
/// Another process at the gate: this program again, told by a variable that it is not to run tests. It says a line once it holds the module, then does what it is told.
/// </summary>
sealed class GateChild : IDisposable
{
    const string Role = "DROVER_TEST_GATE_CHILD";

    readonly Process _process;

    internal GateChild(string directory, string module)
    {
        // the test program itself, or dotnet and the test assembly, as we were started
        var start = new ProcessStartInfo(Environment.ProcessPath!) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(GateChild).Assembly.Location);
        }

        start.Environment[Role] = $"{directory}\n{module}";
        _process = Process.Start(start)!;
    }

    /// <summary>Waits until the child holds the module; what failure it found there.</summary>
    internal string? WaitUntilInside() => _process.StandardOutput.ReadLine();

    /// <summary>Has it leave a failure, and waits until it has.</summary>
    internal void LeaveFailure(Errno error)
    {
        _process.StandardInput.WriteLine((int)error);
        Assert.Equal("left", _process.StandardOutput.ReadLine());
    }

    /// <summary>SIGKILL, as the out-of-memory killer sends it.</summary>
    internal void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
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
