using Drover.CommandLine;
using Drover.Control;
using Drover.Devices;
using Drover.Host;
using Drover.Linux.ProcFs;
using Drover.Linux.Sockets;
using Drover.Loading;
using Drover.Tests.Kmod;

namespace Drover.Tests.Host;

/// <summary>modprobe in a container, of which the daemon's socket is a part: other mounts, another network, other
/// process numbers, and no modules. Only root can make one; the tests are skipped otherwise.</summary>
public sealed class ContainerTests : IDisposable
{
    readonly string _directory = Directory.CreateTempSubdirectory("drover-container-").FullName;

    readonly ModuleRoot _root = new ModuleRoot().Write("kernel/base.ko", new TestModule { Exports = ["s"] })
        .Write("kernel/top.ko", new TestModule { Needs = ["s"], Info = ["alias=fs-top"] })
        .Write("kernel/mid.ko", new TestModule()).Write("kernel/free.ko", new TestModule()).Index();

    public ContainerTests() =>
        Assert.SkipUnless(Environment.UserName == "root", "only root may make a container");

    public void Dispose()
    {
        _root.Dispose();
        ModuleRoot.Delete(_directory);
    }

    /// <summary>The daemon's service, with its policy, on the modules of a generated root.</summary>
    [Fact]
    public void A_container_gets_what_the_policy_lets_it_have()
    {
        var cgroup = ProcessCgroup.OfThis() ?? "*";
        _root.Write("/etc/drover/policy.d/50.conf", $"""
            forbid top client:cgroup:{cgroup} because containers mount no top
            forbid mid client:uid:0
            forbid free client:uid:4711
            forbid free client:cgroup:/nowhere/*

            """);
        var arguments = Arguments.Parse(
            ["--root", _root.Path],
            [CommonOptions.Root, CommonOptions.Release, CommonOptions.Budget, CommonOptions.Jobs]);
        using var session = new Session(ModuleSource.Open(arguments));
        var service = session.CreateService(arguments, new NoDevices(), new Silent(), record: null);
        using var control = new ControlService(session.Loop, service, new ControlOptions { Version = "0" });
        var runs = session.Loop.Run(async () =>
        {
            using var socket = ControlSocket.Listen(Socket, session.Loop, control.Accept);
            return await Task.Run(() => Contained(
                "modprobe top", "modprobe fs-top", "modprobe mid", "modprobe free",
                "modprobe absent", "drover load fs-top free", "drover load top absent"));
        });
        var line = $"policy forbids it ({_root.Path}/etc/drover/policy.d/50.conf:";
        Assert.Equal(
            (1, $"modprobe: ERROR: top: not loaded: {line}1: because containers mount no top)\n"),
            (runs[0].Exit, runs[0].Error));
        Assert.Equal(runs[0], runs[1]);
        Assert.Equal(
            (1, $"modprobe: ERROR: mid: not loaded: {line}2: forbid mid client:uid:0)\n"),
            (runs[2].Exit, runs[2].Error));
        // it is allowed, and no module of this kernel
        Assert.Contains("could not insert 'free'", runs[3].Error, StringComparison.Ordinal);
        Assert.Equal(
            (1, $"modprobe: FATAL: Module absent not found in directory /lib/modules/{Release}\n"),
            (runs[4].Exit, runs[4].Error));
        var forbidden = $"drover: top: not loaded: {line}1: because containers mount no top)\n";
        Assert.Equal(1, runs[5].Exit);
        Assert.StartsWith($"{forbidden}drover: free: ", runs[5].Error, StringComparison.Ordinal);
        Assert.Equal(
            (1, $"{forbidden}drover: absent: not in any index, alias or configuration (stale index? run depmod)\n"),
            (runs[6].Exit, runs[6].Error));
        var refused = service.Modules().Single(record => record.Module == "top");
        Assert.Equal(4, refused.Requests); // each program asks once
        Assert.Equal("top", refused.LastRequestedName);
        var asker = refused.LastProcess!;
        Assert.Equal(("drover", 0u, cgroup), (asker.Comm, asker.UserId, asker.Cgroup));
        // as the host numbers it
        Assert.Equal($"drover load (pid {asker.ProcessId})", refused.LastRequester);
        Assert.True(asker.ProcessId > 100);
    }

    [Fact]
    public void What_is_live_is_success_without_modules_and_without_a_daemon()
    {
        var runs = Contained(
            "mkdir -p live/br_netfilter; echo live >live/br_netfilter/initstate; mount --bind live /sys/module; "
            + "modprobe br-netfilter && modprobe -q br_netfilter x=1; echo $?; modprobe --first-time br_netfilter; "
            + "drover load br-netfilter; echo $?; drover load br_netfilter absent; modprobe absent");
        var run = Assert.Single(runs);
        var advice = File.Exists("/proc/modules")
            ? ": install the kernel's modules package, or select a root that has one with --root"
            : ", and the running kernel loads no modules (it has no /proc/modules): select another kernel's modules "
                + "with --release, or a root with --root";
        Assert.Equal(
            (1, "0\nbr_netfilter: already loaded\n0\n",
                "modprobe: ERROR: could not insert 'br_netfilter': Module already in kernel\n"
                + $"drover: no module directory /lib/modules/V{advice}\n"
                + "modprobe: FATAL: Module absent not found in directory /lib/modules/V\n"),
            (run.Exit, run.Out, run.Error.Replace(Release, "V", StringComparison.Ordinal)));
    }

    static string Release => File.ReadAllText("/proc/sys/kernel/osrelease").Trim();

    string Socket => $"{_directory}/io.drover.Loader";

    /// <summary>Runs each line in a container that has this machine's programs, the daemon's socket, if there is one,
    /// and no modules.</summary>
    ToolRun[] Contained(params string[] lines)
    {
        File.WriteAllText($"{_directory}/modprobe", $"#!/bin/bash\nexec {Program} modprobe \"$@\"\n");
        File.CreateSymbolicLink($"{_directory}/drover", Program);
        return NamespaceScript.Run(
            _directory,
            """
            chmod +x modprobe
            mkdir root
            mount --rbind / root
            mount -t tmpfs none root/run
            mkdir -p root/run/drover root/lib/modules
            mount -t tmpfs none root/lib/modules
            ! [ -S io.drover.Loader ] || { : >root/run/drover/io.drover.Loader
                mount --bind io.drover.Loader root/run/drover/io.drover.Loader; }
            contained() {
                unshare -mnpf chroot root bash -c "mount -t proc proc /proc; PATH=$PWD:\$PATH; cd $PWD; $1"
            }

            """,
            [.. lines.Select(line => $"contained '{line}'")]);
    }

    static string Program => $"{AppContext.BaseDirectory}drover";

    sealed class NoDevices : IDevices
    {
        public ulong Seqnum => 0;

        public IEnumerable<DeviceEvent> Enumerate() => [];

        public IDisposable? Listen(Action<DeviceEvent> received, Action lost) => null;
    }

    sealed class Silent : ILoaderObserver;
}
