using Drover.Control;
using Drover.Control.Tests;
using Drover.Linux.Runtime;
using Drover.Linux.Sockets;
using Drover.Tests.Host;
using Drover.Tests.Kmod;

namespace Drover.Tests;

/// <summary>Runs the program on a machine with a fake daemon: /run/drover and /lib/modules are generated, in a mount
/// namespace. Only root can create one; the test is skipped otherwise.</summary>
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
        _root = new ModuleRoot().Write("kernel/base.ko", new TestModule { Exports = ["s"] })
            .Write("kernel/mid.ko", new TestModule { Needs = ["s"], Info = ["alias=drover-test"] })
            .Write("kernel/top.ko", new TestModule { Info = ["alias=drover-test"] })
                .Write("kernel/loud.ko", new TestModule()).Index();
        _service = new ControlService(_loop, Loads, new ControlOptions { Version = "0" });
    }

    public FakeLoads Loads { get; } = new();

    /// <summary>Whether a daemon listens.</summary>
    public bool HasDaemon { get; init; } = true;

    /// <summary>What a daemon of another kind replies to every load; null for the usual daemon.</summary>
    public byte[]? Reply { get; init; }

    /// <summary>Runs each shell line; <c>drover</c> and <c>modprobe</c> are the tested programs.</summary>
    public ToolRun[] Run(params string[] lines) => _loop.Run(async () =>
    {
        var path = $"{_directory}/run/io.drover.Loader";
        using var other = Reply is null ? null : new RawDaemon(path) { ["Load"] = Reply };
        _socket = HasDaemon && Reply is null ? ControlSocket.Listen(path, _loop, _service.Accept) : null;
        var runs = await Task.Run(() => RunThere(lines));
        _socket?.Dispose();
        return runs;
    });

    /// <summary>Stops the daemon during one of its loads.</summary>
    public void Die()
    {
        _socket!.Dispose();
        _service.Dispose();
    }

    public void Dispose()
    {
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
