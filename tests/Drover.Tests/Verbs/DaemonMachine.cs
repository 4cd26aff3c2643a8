using Drover.Devices.Control;
using Drover.Devices.Tests.Control;
using Drover.Linux;
using Drover.Linux.Control;
using Drover.Tests.Kmod;

namespace Drover.Tests.Verbs;

/// <summary>
/// The program as processes of a machine where a daemon of the test's making listens: /run/drover and /lib/modules are of our making, in a mount namespace. Only
/// root may do that; the test is skipped otherwise.
/// </summary>
sealed class DaemonMachine : IDisposable
{
    readonly string _directory = Directory.CreateTempSubdirectory("drover-daemon-").FullName;
    readonly LiveLoop _loop = new();
    readonly ModuleRoot _root;
    readonly ControlService _service;
    ControlSocket? _socket;

    public DaemonMachine()
    {
        Assert.SkipUnless(Environment.UserName == "root", "only root may mount another /run/drover");
        Directory.CreateDirectory($"{_directory}/run");
        _root = new ModuleRoot().Write("kernel/base.ko", new TestModule { Exports = ["s"] }).Write("kernel/mid.ko", new TestModule { Needs = ["s"], Info = ["alias=drover-test"] })
            .Write("kernel/top.ko", new TestModule { Info = ["alias=drover-test"] }).Write("kernel/loud.ko", new TestModule()).Index();
        _service = new ControlService(_loop, Loads, new ControlOptions { Version = "0" });
    }

    public FakeLoads Loads { get; } = new();

    /// <summary>Whether anybody listens.</summary>
    public bool HasDaemon { get; init; } = true;

    /// <summary>What each line brings about, as a shell takes it; <c>drover</c> and <c>modprobe</c> are ours.</summary>
    public ToolRun[] Run(params string[] lines) => _loop.Run(async () =>
    {
        _socket = HasDaemon ? ControlSocket.Listen($"{_directory}/run/io.drover.Loader", _loop, _service.Accept) : null;
        var runs = await Task.Run(() => RunThere(lines));
        _socket?.Dispose();
        return runs;
    });

    /// <summary>The daemon's end, from within one of its loads.</summary>
    public void Die()
    {
        _socket!.Dispose();
        _service.Dispose();
    }

    public void Dispose()
    {
        _loop.Dispose();
        _root.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    ToolRun[] RunThere(string[] lines)
    {
        var program = $"{AppContext.BaseDirectory}drover";
        return NamespaceScript.Run(
            _directory,
            $$"""
            mkdir -p /run/drover /lib/modules
            mount --bind run /run/drover
            mount -t tmpfs none /lib/modules
            ln -s {{_root.Directory}} /lib/modules/$(uname -r)
            drover() { {{program}} "$@"; }
            modprobe() { {{program}} modprobe "$@"; }

            """,
            lines);
    }
}
