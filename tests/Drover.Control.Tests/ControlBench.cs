using Drover.Kernel;
using Drover.Model.Time;

namespace Drover.Control.Tests;

/// <summary>The control service on a simulated loop, with a daemon for tests.</summary>
sealed class ControlBench
{
    public ControlBench(int seed = 1, uint? group = null)
    {
        Loop = new SimulatedLoop(seed);
        Service = new ControlService(Loop, Loads, new ControlOptions
        {
            Version = "1.2.3",
            GroupId = group,
            FindKernelRequest = name => KernelRequests.GetValueOrDefault(name),
        });
    }

    public SimulatedLoop Loop { get; }

    public FakeLoads Loads { get; } = new();

    /// <summary>The processes in which the kernel has asked for a name.</summary>
    public Dictionary<string, RequestingProcess> KernelRequests { get; } = [];

    public ControlService Service { get; }

    public FakeClient Connect(ControlPeer? peer = null) => new(Loop, Service, peer);

    public static ControlPeer User(uint uid, params uint[] groups) => new(uid, uid, groups, 1000);

    public void Run(Func<Task> test) => Loop.Run(async () =>
    {
        await test();
        return 0;
    });
}
