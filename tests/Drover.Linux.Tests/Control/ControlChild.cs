using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Drover.Loading;

namespace Drover.Linux.Tests.Control;

/// <summary>A daemon in a process of its own, that says a line when it listens and one when it is asked for a load, which it never answers.</summary>
sealed class ControlChild : TestChild
{
    const string Role = "DROVER_TEST_CONTROL_CHILD";

    internal ControlChild(string path)
        : base(Role, path) => Assert.Equal("listens", Process.StandardOutput.ReadLine());

    internal void WaitUntilAsked() => Assert.Equal("asked", Process.StandardOutput.ReadLine());

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "a program of its own, that is not to begin as one")]
    internal static void BeOneIfTold()
    {
        if (Environment.GetEnvironmentVariable(Role) is not { } path)
        {
            return;
        }

        using var loop = new LiveLoop();
        var loads = new Drover.Devices.Tests.Control.FakeLoads
        {
            Load = (_, _) =>
            {
                Console.WriteLine("asked");
                return new TaskCompletionSource<RequestOutcome>().Task;
            },
        };
        loop.Run(async () =>
        {
            using var service = new Drover.Devices.Control.ControlService(loop, loads, new() { Version = "0" });
            using var socket = Linux.Control.ControlSocket.Listen(path, loop, service.Accept);
            Console.WriteLine("listens");
            return await new TaskCompletionSource<int>().Task;
        });
    }
}
