using System.Globalization;
using Drover.CommandLine;
using Drover.Control;
using Drover.Devices;
using Drover.Host;
using Drover.Linux.Kernel;
using Drover.Linux.ProcFs;
using Drover.Linux.Runtime;
using Drover.Linux.Sockets;
using Drover.Linux.Sysfs;
using Drover.Linux.Systemd;
using Drover.Linux.Tracing;
using Drover.Loading;
using Drover.Modules;

namespace Drover.Commands;

/// <summary><c>drover daemon</c>: loads modules for all devices and programs of the machine.</summary>
sealed class DaemonVerb : Verb
{
    static readonly Option s_group = new(
        "group", "let the members of this group load, settle and reload, as root may", "GID", Kind: ValueKind.Count);

    static readonly Option s_ownModprobe = new(
        "own-modprobe", "also serve the kernel's own module requests (/proc/sys/kernel/modprobe)");

    static readonly Option s_ownRules = new(
        "own-rules", "keep udev from loading modules while the daemon runs (/run/udev/rules.d/80-drivers.rules)");

    public override string Name => "daemon";

    public override string Summary => "serve the module requests of devices and programs, each module once";

    public override string Operands => "";

    public override string Details =>
        """
        Scans all devices, then listens for new ones, and loads their modules. Programs send requests to
        the socket /run/drover/io.drover.Loader; drover load, modprobe and the kernel do so by themselves.
        udev keeps all its other duties; with --own-rules it loads no modules.
        The daemon reloads changed indexes and configuration, also on SIGHUP, and then loads the modules
        of devices that had no driver before. On SIGTERM it waits for the loads in the kernel and exits.
        """;

    public override IReadOnlyList<Option> Options =>
    [
        CommonOptions.Jobs, CommonOptions.Budget, CommonOptions.Stagger, CommonOptions.Decompress, CommonOptions.Root,
        CommonOptions.Release, CommonOptions.Socket, s_group, s_ownModprobe, s_ownRules,
        CommonOptions.Verbose with
        {
            Help = "print a line for each kernel call to standard error, also where that is no terminal or journal",
        },
    ];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover daemon", "run until stopped; notify systemd when ready (Type=notify)"),
        new("drover daemon --own-modprobe", "also serve the kernel's requests while the daemon runs"),
        new("drover daemon --verbose --jobs 4", "at most four loads at a time, each with a line of output"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        CheckSocket(DaemonClient.SocketOf(arguments));
        Session.RequireModuleSupport();
        var manager = ServiceNotifier.OfProcess();
        using var session = new Session(ModuleSource.Open(arguments, mayLackIndexes: true));
        terminal.WarnOfDamage(session.Catalog);
        using var devices = new SysfsDevices(session.Loop);
        ILoaderObserver observer = Journal.OfProcess() is { } journal
            ? new JournalEntries(journal)
            : new LoadWatcher(terminal, arguments.Has(CommonOptions.Verbose) || terminal.IsWatched, isQuiet: true);
        if (session.WithoutLocks is { } reason)
            terminal.Warn(reason);
        terminal.WarnOf(session.Catalog.Policy);
        var record = session.ReadRecord(arguments);
        var service = session.CreateService(arguments, devices, observer, record);
        using var kernelRequests = new KernelRequests();
        var options = new ControlOptions
        {
            Version = ProgramVersion.Text,
            GroupId = (uint?)arguments.Count(s_group),
            FindKernelRequest = kernelRequests.Find,
            BootTimes = BootTimesFile.Read,
        };

        using var interrupt = new Interrupt();
        using var onHangup = SignalHandler.Create(Signal.Hangup, () =>
        {
            session.Loop.Post(Reload);
            return true;
        });
        session.Loop.Run(async () =>
        {
            if (!session.TryWatch(arguments, Reload))
                terminal.Warn("daemon: no watch, descriptor or thread is left to notice changed indexes: send SIGHUP");
            using var control = new ControlService(session.Loop, service, options);
            using var socket = Listen(DaemonClient.SocketOf(arguments), session, control);
            using var modprobe = TakeOver(
                s_ownModprobe, arguments, () => TakeModprobe(arguments), "cannot serve the kernel's own requests",
                terminal);
            using var rules = TakeOver(
                s_ownRules, arguments, UdevRules.Take, "udev goes on loading modules", terminal);
            using var bootEnd = new BootEnd(session.Loop, service, arguments);
            using var records = RecordsFile.Keep(session.Loop, service, arguments);
            using var watchdog = StartWatchdog(manager, session);
            using var late = manager.IsThere ? HoldLate(service, session.Loop.Time) : null;
            using var onStop = interrupt.Token.Register(() => session.Loop.Post(HandOver));
            var serving = ServeAsync(service, interrupt.Token);
            manager.Notify("READY=1"); // it listens: every later event and request is served
            if (terminal.IsWatched)
                terminal.Warn("daemon: ready");
            await serving;
            bootEnd.Record();
            records?.Write();
            return ExitCode.Ok;

            // the next daemon may start while a driver still probes its hardware in a call of this one
            void HandOver()
            {
                manager.Notify("STOPPING=1");
                StopReport.Write(service.Unfinished(maxWaiting: 0).Running, manager, terminal);
                bootEnd.Record();
                rules?.Dispose();
                modprobe?.Dispose();
                socket.StopListening();
            }
        });
        return ExitCode.Ok;

        void Reload()
        {
            manager.Notify(
                "RELOADING=1", string.Create(CultureInfo.InvariantCulture, $"MONOTONIC_USEC={Machine.MonotonicUs()}"));
            if (service.Reload() is { } problem)
                terminal.Warn($"daemon: reload failed, the old indexes and configuration stay in use: {problem}");
            manager.Notify("READY=1");
        }
    }

    /// <summary>Only the usual place is made where it is missing.</summary>
    static void CheckSocket(string path)
    {
        var folder = path[..Math.Max(path.LastIndexOf('/'), 0)];
        if (path != ControlSocket.DefaultPath && folder.Length > 0 && !SystemFiles.Current.IsDirectory(folder))
            throw new CommandException($"--socket {path}: there is no directory {folder}");
    }

    static async Task ServeAsync(LoadService service, CancellationToken cancellationToken)
    {
        try
        {
            await service.RunAsync(cancellationToken);
        }
        catch (NotSupportedException problem)
        {
            throw new CommandException(problem.Message); // no uevents here
        }
    }

    static ControlSocket Listen(string path, Session session, ControlService control)
    {
        try
        {
            return ControlSocket.TryFromSystemd(session.Loop, control.Accept)
                ?? ControlSocket.Listen(path, session.Loop, control.Accept);
        }
        catch (IOException problem)
        {
            throw new CommandException($"cannot listen at the control socket {path}: {problem.Message}");
        }
    }

    /// <exception cref="UsageException">The kernel's requests would go to another socket.</exception>
    static KernelModprobe TakeModprobe(Arguments arguments)
    {
        if (arguments.Text(CommonOptions.Socket) is not null and not ControlSocket.DefaultPath)
        {
            throw new UsageException(
                $"--own-modprobe needs the default socket {ControlSocket.DefaultPath}: the kernel passes no options");
        }
        return KernelModprobe.Take(Environment.ProcessPath!, Path.GetDirectoryName(ControlSocket.DefaultPath)!);
    }

    /// <summary>Takes over a task of the system, if an option says so. Null if that fails: the daemon serves everything
    /// else.</summary>
    /// <param name="otherwise">What follows from a failure.</param>
    static T? TakeOver<T>(Option option, Arguments arguments, Func<T> take, string otherwise, Terminal terminal)
        where T : class
    {
        if (!arguments.Has(option))
            return null;
        try
        {
            return take();
        }
        catch (IOException problem)
        {
            terminal.Warn($"daemon: {otherwise}: {problem.Message}");
            return null;
        }
    }

    /// <summary>Features of the CPU, which nothing waits for, are loaded when udev has been idle for half a second:
    /// until then the system's start needs the CPUs. Between two of its first events udevd is idle for a moment as
    /// well.</summary>
    static ITimer HoldLate(LoadService service, TimeProvider time)
    {
        const string UdevsQueue = "/run/udev/queue"; // exists while udevd has events
        const int IdlePolls = 10;
        var pollInterval = TimeSpan.FromMilliseconds(50);
        var left = 200; // polls: without udev they come after ten seconds
        var (hasBegun, idle) = (false, 0);
        service.HoldLate();
        ITimer? timer = null;
        timer = time.CreateTimer(_ =>
        {
            var isBusy = File.Exists(UdevsQueue);
            hasBegun |= isBusy;
            idle = isBusy ? 0 : idle + 1;
            if ((hasBegun && idle >= IdlePolls) || --left == 0)
                service.StartLate();
            else
                timer!.Change(pollInterval, Timeout.InfiniteTimeSpan);
        }, null, pollInterval, Timeout.InfiniteTimeSpan);
        return timer;
    }

    /// <summary>Notifies systemd's watchdog from the loop, so that a loop that hangs sends nothing.</summary>
    static ITimer? StartWatchdog(ServiceNotifier manager, Session session)
    {
        if (manager.SignOfLifeEvery is not { } interval)
            return null;
        ITimer? timer = null;
        timer = session.Loop.Time.CreateTimer(_ =>
        {
            manager.Notify("WATCHDOG=1");
            timer!.Change(interval, Timeout.InfiniteTimeSpan);
        }, null, interval, Timeout.InfiniteTimeSpan);
        return timer;
    }
}
