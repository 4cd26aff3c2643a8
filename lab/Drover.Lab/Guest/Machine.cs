using System.Diagnostics;
using System.Net.Sockets;
using Drover.Lab.Prepare;

namespace Drover.Lab.Guest;

/// <summary>One guest in QEMU, stopped or running, with its debugger and monitor.</summary>
sealed class Machine : IAsyncDisposable
{
    const int TailLines = 25;

    /// <summary>Of a machine with an NVDIMM: its memory, the NVDIMM, and what QEMU needs between them.</summary>
    const string MaxMemory = "16G";

    static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(20);

    readonly Process _qemu;
    readonly GuestRun _run;
    readonly Queue<string> _tail = new();
    readonly DirectoryInfo _sockets = Directory.CreateTempSubdirectory("drover-lab-");
    TimeSpan _loaderCpu;

    Machine(GuestRun run, Toolbox tools, IEnumerable<string> arguments)
    {
        _run = run;
        var command = tools.Qemu(run.Kernel.System.Architecture);
        string[] control =
        [
            "-S", "-gdb", $"unix:path={SocketPath("gdb")},server=on,wait=off",
            "-qmp", $"unix:path={SocketPath("qmp")},server=on,wait=off",
        ];
        var start = new ProcessStartInfo(command[0], [.. command.Skip(1), .. arguments, .. control])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        _qemu = Process.Start(start) ?? throw new LabException("QEMU did not start");
        _qemu.StandardInput.Close();
        _qemu.OutputDataReceived += (_, line) => Keep(line.Data);
        _qemu.ErrorDataReceived += (_, line) => Keep(line.Data);
        _qemu.BeginOutputReadLine();
        _qemu.BeginErrorReadLine();
    }

    public Debugger Debugger { get; private set; } = null!;

    /// <summary>Runs one guest to its end and returns what it sent.</summary>
    /// <exception cref="LabException">The guest exceeded its timeout, or ended without complete results.</exception>
    public static async Task<GuestResult> RunAsync(GuestRun run, LabHost host)
    {
        var tools = await Toolbox.PrepareAsync(host);
        var channel = await GuestChannel.PrepareAsync(host, tools, run.Kernel.System.Architecture);
        using var work = host.Work();
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(host.Cancelled);
        timer.CancelAfter(run.Timeout);
        Machine? machine = null;
        try
        {
            var (arguments, thread) = run.UsesSnapshot
                ? await RestoreArgumentsAsync(run, host, tools, channel, work, timer.Token)
                : (await BootArgumentsAsync(run, channel, work), null);
            machine = new(run, tools, arguments);
            await machine.AttachAsync(timer.Token);
            if (thread is not null)
                await machine.Debugger.SelectAsync(thread);
            await machine.Debugger.SetBreakpointAsync(channel.Address);
            return await machine.ExchangeAsync(channel, timer.Token);
        }
        catch (OperationCanceledException) when (!host.Cancelled.IsCancellationRequested)
        {
            throw new LabException(
                $"the guest did not finish in {run.Timeout.TotalSeconds:F0} s and was stopped (--timeout allows more). "
                + $"Its console ended with:\n{machine?.Tail()}");
        }
        finally
        {
            if (machine is not null)
                await machine.DisposeAsync();
        }
    }

    /// <summary>Answers the guest's requests until its results are here: an empty one with the run's files.</summary>
    async Task<GuestResult> ExchangeAsync(GuestChannel channel, CancellationToken cancellationToken)
    {
        // a restored machine is stopped in its first request
        var isStopped = Debugger.Thread.Length > 0;
        while (isStopped || await Debugger.ContinueAsync())
        {
            isStopped = false;
            var request = await channel.RequestAsync(Debugger);
            if (request.Length == 0)
            {
                await channel.ReplyAsync(Debugger, await _run.FilesAsync(), _run.Seed);
                continue;
            }
            await channel.ReplyAsync(Debugger, default, _run.Seed);
            if (_run.Disk is not null)
                await FinishAsync(cancellationToken);
            return GuestResult.Read(request, _loaderCpu);
        }
        await _qemu.WaitForExitAsync(cancellationToken);
        throw new LabException(
            $"the guest ended without results (QEMU's status {_qemu.ExitCode}). Its console ended with:\n{Tail()}");
    }

    /// <summary>Lets the guest write its disk and stop by itself.</summary>
    async Task FinishAsync(CancellationToken cancellationToken)
    {
        if (await Debugger.ContinueAsync())
            throw new LabException("the guest made a request after its results");
        await _qemu.WaitForExitAsync(cancellationToken);
    }

    /// <summary>The arguments for a machine from the snapshot of one that has booted, and the thread that had come to
    /// the breakpoint; boots and saves it first if there is none.</summary>
    static async Task<(IReadOnlyList<string> Arguments, string? Thread)> RestoreArgumentsAsync(
        GuestRun run, LabHost host, Toolbox tools, GuestChannel channel, WorkFolder work,
        CancellationToken cancellationToken)
    {
        string[] fixedArguments = [.. Arguments(run), "-kernel", run.Kernel.Image, "-append", CommandLine(run)];
        var key = LabHost.HashOf(string.Join('\n', fixedArguments) + tools.Key + run.Kernel.Key
            + Resources.Read(run.Init) + Resources.Read("common") + channel.Address
            + Convert.ToHexString(channel.Program.Span))[..16];
        var thread = await Snapshot.GetAsync(host, key, work.File("snapshot"), SaveAsync);
        var arguments = fixedArguments.Concat(Snapshot.Drive(work.File("snapshot"))).Concat(Snapshot.LoadArguments);
        return ([.. arguments, "-initrd", await InitramfsAsync()], thread);

        // a restored guest does not read it, but its machine must be the same
        async Task<string> InitramfsAsync()
        {
            await run.WriteInitramfsAsync(work.File("initramfs"), channel);
            return work.File("initramfs");
        }

        async Task<string> SaveAsync(string image)
        {
            host.Log($"booting {run}, once for all loaders (minutes with many CPUs)");
            var start = Stopwatch.GetTimestamp();
            await tools.RunAsync("qemu-img", "create", "-q", "-f", "qcow2", image, Snapshot.DiskSize);
            var boot = await BootArgumentsAsync(run, channel, work);
            await using var booted = new Machine(run, tools, [.. boot, .. Snapshot.Drive(image)]);
            await booted.AttachAsync(cancellationToken);
            await booted.Debugger.SetBreakpointAsync(channel.Address);
            if (!await booted.Debugger.ContinueAsync())
                throw new LabException($"the guest did not boot. Its console ended with:\n{booted.Tail()}");
            using var monitor = await Monitor.ConnectAsync(
                await booted.ConnectAsync("qmp", cancellationToken), cancellationToken);
            await monitor.CommandAsync(Snapshot.SaveCommand, cancellationToken);
            host.Log($"booted {run} in {Stopwatch.GetElapsedTime(start).TotalSeconds:F0} s");
            return booted.Debugger.Thread;
        }
    }

    async Task AttachAsync(CancellationToken cancellationToken) =>
        Debugger = new(await ConnectAsync("gdb", cancellationToken), cancellationToken);

    static async Task<IReadOnlyList<string>> BootArgumentsAsync(GuestRun run, GuestChannel channel, WorkFolder work)
    {
        var initramfs = run.Initramfs ?? work.File("initramfs");
        if (run.Initramfs is null)
            await run.WriteInitramfsAsync(initramfs, channel);
        return [.. Arguments(run), "-kernel", run.Kernel.Image, "-append", CommandLine(run), "-initrd", initramfs];
    }

    /// <remarks>thread=single: with more vCPUs than host CPUs, TCG's threads mostly wait for each other (64 vCPUs on 2
    /// CPUs: 215 s against 25 s). The q35 machine has devices that need modules: AHCI, SMBus, PS/2, ACPI button. The
    /// CPUs have no random numbers of their own, which would differ from run to run.</remarks>
    static IReadOnlyList<string> Arguments(GuestRun run) =>
    [
        .. run.Kernel.System.Architecture == Architecture.Amd64
            ? new[] { "-machine", run.MemoryDisk is null ? "q35" : "q35,nvdimm=on", "-cpu", "max,-rdrand,-rdseed" }
            : ["-machine", "virt,gic-version=3", "-cpu", "neoverse-n1"],
        "-accel", $"tcg,thread={run.Threads.OptionName()}",
        "-m", run.MemoryDisk is null ? run.Memory : $"{run.Memory},slots=1,maxmem={MaxMemory}", "-smp", $"{run.Cpus}",
        "-nodefaults", "-nographic", "-no-reboot", "-serial", "stdio",
        .. run.Clock == Clock.Instructions
            ? new[]
            {
                "-icount", "shift=0,sleep=off", "-rtc", "clock=vm,base=2026-01-01T00:00:00", "-seed", $"{run.QemuSeed}",
            }
            : [],
        .. run.Disk is { } disk ? new[] { "-drive", $"file={disk},format=raw,if=virtio,cache=unsafe" } : [],
        .. run.MemoryDisk is { } file
            ? new[]
            {
                "-object",
                $"memory-backend-file,id=root,share=off,mem-path={file},size={new FileInfo(file).Length}",
                "-device", "nvdimm,memdev=root",
            }
            : [],
        .. run.Devices.SelectMany(device => new[] { "-device", device }),
        .. run.QemuArguments,
    ];

    static string CommandLine(GuestRun run)
    {
        // on a busy host the kernel's check of the emulated timer may fail, and that is a panic
        var machine = run.Kernel.System.Architecture == Architecture.Amd64
            ? "console=ttyS0 no_timer_check"
            : "console=ttyAMA0";
        // loops that wait with the pause instruction cost QEMU a turn of every other CPU: the timer's calibration,
        // udelay, the comparison of time-stamp counters; lapic_khz is the lab's own parameter
        var manyCpus = run.Kernel.System is { IsGates: true, Architecture: Architecture.Amd64 }
            ? "lapic_khz=1000000 lpj=10000 tsc=reliable cpuhp.parallel=0 "
            : "";
        return $"{machine} panic=-1 quiet nokaslr {manyCpus}{run.KernelArguments}".TrimEnd();
    }

    async Task<Socket> ConnectAsync(string name, CancellationToken cancellationToken)
    {
        while (true)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath(name)), cancellationToken);
                return socket;
            }
            catch (SocketException)
            {
                socket.Dispose();
                if (_qemu.HasExited)
                    throw new LabException($"QEMU ended at its start:\n{Tail()}");
                await Task.Delay(s_pollInterval, cancellationToken);
            }
        }
    }

    string SocketPath(string name) => Path.Combine(_sockets.FullName, name);

    void Keep(string? line)
    {
        if (line is null)
            return;
        line = line.TrimEnd('\r');
        if (line.EndsWith("lab: mark start", StringComparison.Ordinal))
            _loaderCpu = _qemu.TotalProcessorTime;
        else if (line.EndsWith("lab: mark end", StringComparison.Ordinal))
            _loaderCpu = _qemu.TotalProcessorTime - _loaderCpu;
        lock (_tail)
        {
            _tail.Enqueue(line);
            if (_tail.Count > TailLines)
                _tail.Dequeue();
        }
        _run.Console?.Invoke(line);
    }

    string Tail()
    {
        lock (_tail)
            return string.Join('\n', _tail.Select(line => "  | " + line));
    }

    public async ValueTask DisposeAsync()
    {
        Debugger?.Dispose();
        if (!_qemu.HasExited)
            _qemu.Kill();
        await _qemu.WaitForExitAsync(CancellationToken.None);
        _qemu.Dispose();
        _sockets.Delete(recursive: true);
    }
}

/// <summary>Saved machines in the cache: a disk image of QEMU with one internal snapshot, and the vCPU that had come to
/// the breakpoint.</summary>
static class Snapshot
{
    public const string SaveCommand = "savevm boot", DiskSize = "1G";

    /// <summary>All snapshots together; the ones that were not used for longest go.</summary>
    const long MaxBytes = 24L << 30;

    const string ImageName = "machine.qcow2", ThreadName = "thread";

    public static readonly IReadOnlyList<string> LoadArguments = ["-loadvm", "boot"];

    /// <summary>An image that no device of the guest has: the machine's state is its only content.</summary>
    public static IReadOnlyList<string> Drive(string image) =>
        ["-blockdev", $"driver=qcow2,node-name=machine,file.driver=file,file.filename={image}"];

    /// <summary>Copies a saved machine's image, and makes it first if there is none.</summary>
    /// <param name="save">Saves a machine in an image and returns its thread.</param>
    /// <returns>The thread.</returns>
    public static async Task<string> GetAsync(LabHost host, string key, string copy, Func<string, Task<string>> save)
    {
        var entry = await host.EntryAsync("snapshots", key, async folder =>
            await File.WriteAllTextAsync(
                Path.Combine(folder, ThreadName), await save(Path.Combine(folder, ImageName))));
        using var held = await host.LockAsync("snapshots");
        Directory.SetLastWriteTimeUtc(entry, DateTime.UtcNow);
        await host.RunAsync("cp", ["--reflink=auto", Path.Combine(entry, ImageName), copy]);
        var thread = await File.ReadAllTextAsync(Path.Combine(entry, ThreadName));
        Prune(Path.GetDirectoryName(entry)!);
        return thread;
    }

    static void Prune(string folder)
    {
        long total = 0;
        foreach (var entry in new DirectoryInfo(folder).EnumerateDirectories()
            .OrderByDescending(entry => entry.LastWriteTimeUtc))
        {
            total += entry.EnumerateFiles().Sum(file => file.Length);
            if (total > MaxBytes)
                entry.Delete(recursive: true);
        }
    }
}
