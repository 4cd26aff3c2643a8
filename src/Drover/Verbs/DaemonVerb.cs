using System.Globalization;
using System.Runtime.InteropServices;
using Drover.Cli;
using Drover.Devices;
using Drover.Devices.Control;
using Drover.Linux;
using Drover.Linux.Control;
using Drover.Linux.Sysfs;
using Drover.Loading;
using Drover.Output;

namespace Drover.Verbs;

/// <summary><c>drover daemon</c>: the machine's one place where module loads converge.</summary>
sealed class DaemonVerb : Verb
{
    static readonly Option Group = new("group", "number of the group whose members may load, settle and reload beside root", "GID", Kind: ValueKind.Count);

    static readonly Option OwnModprobe = new("own-modprobe", "have the kernel ask this daemon for modules, too (/proc/sys/kernel/modprobe)");

    static readonly Option Metrics = new("metrics", "keep the counts in this file, for node_exporter's textfile collector", "FILE");

    public override string Name => "daemon";

    public override string Summary => "load what devices and programs ask for, from now on, each module once";

    public override string Operands => "";

    public override string Details =>
        """
        Looks at every device, listens for those that come, and loads what they ask for; programs ask
        at the socket /run/drover/io.drover.Loader (drover load, modprobe and the kernel do by themselves).
        udev goes on with all else it does; see docs/daemon.md for how to leave it without module loads.
        New indexes and configuration are noticed, and read on SIGHUP, too; a device that has waited for
        its driver gets it then. SIGTERM lets the loads that are in the kernel end.
        """;

    public override IReadOnlyList<Option> Options =>
    [
        CommonOptions.Jobs, CommonOptions.Budget, CommonOptions.Root, CommonOptions.Release, CommonOptions.Socket, Group, OwnModprobe, Metrics,
        CommonOptions.Verbose with { Help = "a line for each call to the kernel, on standard error; systemd's journal has an entry of each anyway" },
    ];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover daemon", "until it is stopped; tells systemd when it is ready (Type=notify)"),
        new("drover daemon --own-modprobe", "what the kernel itself asks for goes the same way, until the daemon ends"),
        new("drover daemon --verbose --jobs 4", "few loads at a time, each told of"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        Session.RequireModuleSupport();
        var manager = ServiceNotifier.OfProcess();
        using var session = new Session(ModuleSource.Open(arguments));
        using var devices = new SysfsDevices(session.Loop);
        ILoaderObserver watcher = Journal.OfProcess() is { } journal ? new JournalEntries(journal) : new LoadWatcher(terminal, arguments.Has(CommonOptions.Verbose), isQuiet: true);
        if (session.WithoutGate is { } reason)
            terminal.Complain(reason);
        var service = session.CreateService(arguments, devices, watcher);
        var options = new ControlOptions { Version = Version.Text, GroupId = (uint?)arguments.Count(Group) };

        using var interrupt = new Interrupt();
        using var reload = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            session.Loop.Post(() => Reload(service, manager, terminal));
        });
        session.Loop.Run(async () =>
        {
            using var watch = DirectoryWatch.TryStart(session.Loop, ModuleSource.Directories(arguments, session.Catalog), () => Reload(service, manager, terminal));
            using var control = new ControlService(session.Loop, service, options);
            using var socket = Listen(DaemonClient.SocketOf(arguments), session, control);
            using var metrics = arguments.Text(Metrics) is { } file ? new MetricsFile(file, control.Metrics, session.Loop.Time, terminal) : null;
            using var modprobe = arguments.Has(OwnModprobe) ? TakeOverModprobe(arguments, terminal) : null;
            using var life = KeepTelling(manager, session);
            var serving = ServeAsync(service, interrupt.Stop);
            manager.Notify("READY=1"); // it listens: whatever happens from now on is served
            await serving;
            manager.Notify("STOPPING=1");
            return ExitCode.Ok;
        });
        return ExitCode.Ok;
    }

    static async Task ServeAsync(DeviceService service, CancellationToken stop)
    {
        try
        {
            await service.RunAsync(stop);
        }
        catch (NotSupportedException deaf)
        {
            throw new CannotException(deaf.Message);
        }
    }

    static ControlSocket Listen(string path, Session session, ControlService control)
    {
        try
        {
            return ControlSocket.TryHandedDown(session.Loop, control.Accept) ?? ControlSocket.Listen(path, session.Loop, control.Accept);
        }
        catch (IOException problem)
        {
            throw new CannotException($"no control socket at {path}: {problem.Message}");
        }
    }

    /// <summary>Null where it cannot be had: all else is served as well without it.</summary>
    static KernelModprobe? TakeOverModprobe(Arguments arguments, Terminal terminal)
    {
        if (arguments.Text(CommonOptions.Socket) is not null and not ControlSocket.DefaultPath)
            throw new UsageException($"--own-modprobe needs the daemon at {ControlSocket.DefaultPath}: the kernel hands no options on");
        try
        {
            return KernelModprobe.Take(Environment.ProcessPath!, Path.GetDirectoryName(ControlSocket.DefaultPath)!);
        }
        catch (IOException problem)
        {
            terminal.Complain($"daemon: the kernel's own requests are not taken over: {problem.Message}");
            return null;
        }
    }

    static void Reload(DeviceService service, ServiceNotifier manager, Terminal terminal)
    {
        manager.Notify("RELOADING=1", string.Create(CultureInfo.InvariantCulture, $"MONOTONIC_USEC={Machine.MonotonicUs()}"));
        if (service.Reload() is { } problem)
            terminal.Complain($"daemon: the old indexes and configuration are kept: {problem}");
        manager.Notify("READY=1");
    }

    /// <summary>From the loop: a loop that hangs gives no sign of life.</summary>
    static ITimer? KeepTelling(ServiceNotifier manager, Session session)
    {
        if (manager.SignOfLifeEvery is not { } pause)
            return null;
        ITimer? timer = null;
        timer = session.Loop.Time.CreateTimer(_ =>
        {
            manager.Notify("WATCHDOG=1");
            timer!.Change(pause, Timeout.InfiniteTimeSpan);
        }, null, pause, Timeout.InfiniteTimeSpan);
        return timer;
    }
}
