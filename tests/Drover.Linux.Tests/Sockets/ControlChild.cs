using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Drover.Linux.Runtime;
using Drover.Loading;

namespace Drover.Linux.Tests.Sockets;

/// <summary>A daemon in its own process. It prints a line when it listens, and one when a load is requested,
/// which never ends.</summary>
sealed class ControlChild : TestChild
{
    const string Role = "DROVER_TEST_CONTROL_CHILD";

    internal ControlChild(string path)
        : base(Role, path) => Assert.Equal("listens", Process.StandardOutput.ReadLine());

    internal void WaitUntilAsked() => Assert.Equal("asked", Process.StandardOutput.ReadLine());

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "the child process must not run the tests")]
    internal static void BeOneIfTold()
    {
        if (Environment.GetEnvironmentVariable(Role) is not { } path)
            return;

        var loop = new LiveLoop();
        var loads = new Drover.Control.Tests.FakeLoads
        {
            Load = (_, _) =>
            {
                Console.WriteLine("asked");
                return new TaskCompletionSource<RequestOutcome>().Task;
            },
        };
        loop.Run(async () =>
        {
            using var service = new Drover.Control.ControlService(loop, loads, new() { Version = "0" });
            using var socket = Linux.Sockets.ControlSocket.Listen(path, loop, service.Accept);
            Console.WriteLine("listens");
            return await new TaskCompletionSource<int>().Task;
        });
    }
}
