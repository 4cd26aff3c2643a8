using System.Diagnostics;

namespace Drover.Linux.Tests;

/// <summary>Another process: this program, started with an environment variable as a child that runs no tests. It
/// writes lines, and may be killed at each.</summary>
abstract class TestChild : IDisposable
{
    /// <param name="role">The environment variable.</param>
    /// <param name="orders">Its value.</param>
    protected TestChild(string role, string orders)
    {
        // the test program itself, or dotnet and the test assembly, like this process
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(TestChild).Assembly.Location);
        start.Environment[role] = orders;
        Process = Process.Start(start)!;
    }

    protected Process Process { get; }

    /// <summary>SIGKILL, as the out-of-memory killer sends it.</summary>
    internal void Kill()
    {
        Process.Kill();
        Process.WaitForExit();
    }

    public void Dispose()
    {
        if (!Process.HasExited)
            Kill();
        Process.Dispose();
    }
}
