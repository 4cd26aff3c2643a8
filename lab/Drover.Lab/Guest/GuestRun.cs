using System.Globalization;
using Drover.Lab.Prepare;

namespace Drover.Lab.Guest;

/// <summary>Who loads the modules.</summary>
enum Loader
{
    /// <summary>systemd-udevd, and udevadm to trigger and settle: what distributions do.</summary>
    Udev,

    /// <summary>The well-known line: every modalias file, sorted, to one modprobe.</summary>
    Modprobe,

    /// <summary>One modprobe, given exactly the modules that udev ends with: the limit for whoever must find them first.</summary>
    List,

    /// <summary>drover coldplug.</summary>
    Drover,

    /// <summary>drover daemon, and beside it udev, which loads nothing.</summary>
    Daemon,
}

/// <summary>What stands between a second finit_module of one file and its load while the first is in flight.</summary>
enum Gate
{
    None = 0,
    Exclusive = 1,
    Idempotent = 2,
}

/// <summary>One guest to boot.</summary>
sealed record GuestRun(KernelImage Kernel, Gate Gate, int Cpus, Loader Loader, string Memory, TimeSpan Timeout)
{
    /// <summary>
    /// Of each CPU's trace buffer. A udev coldplug with 32 CPUs writes about 2,000 events of about 150 bytes, in the worst case all on one CPU;
    /// whether events were lost is reported, and this has not lost any with 128.
    /// </summary>
    const int TraceBufferKilobytes = 1024;

    /// <summary>The names for loader list.</summary>
    public IReadOnlyList<string> List { get; init; } = [];

    /// <summary>The program for loaders drover and daemon.</summary>
    public string? Binary { get; init; }

    /// <summary>More options for drover coldplug or daemon.</summary>
    public string DroverArguments { get; init; } = "";

    /// <summary>More devices, as QEMU's <c>-device</c> takes them.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];

    /// <summary>More options for QEMU.</summary>
    public IReadOnlyList<string> QemuArguments { get; init; } = [];

    /// <summary>A raw image that is the guest's only disk, /dev/vda; null for none.</summary>
    public string? Disk { get; init; }

    /// <summary>An initramfs to start instead of one of the lab's making.</summary>
    public string? Initramfs { get; init; }

    /// <summary>More words for the kernel.</summary>
    public string KernelArguments { get; init; } = "";

    /// <summary>What PID 1 is.</summary>
    public string Init { get; init; } = Resources.Init;

    /// <summary>More that the scripts read of <c>/lab/run</c>: shell assignments, a line each.</summary>
    public string Settings { get; init; } = "";

    /// <summary>More files, by their paths in the guest.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>();

    /// <summary>Every console line, as it comes.</summary>
    public Action<string>? Console { get; init; }

    /// <summary>Writes the guest's initramfs: the kernel's base archive, and after it a small one with what this run adds.</summary>
    public async Task WriteInitramfsAsync(string file, CancellationToken stop)
    {
        await using var output = File.Create(file, bufferSize: 1 << 20);
        await using (var head = File.OpenRead(Kernel.BaseArchive))
            await head.CopyToAsync(output, stop);

        using var archive = new CpioWriter(output);
        archive.File("init", Init, executable: true);
        archive.File("lab/common", Resources.Common);
        archive.File("lab/run", string.Create(CultureInfo.InvariantCulture,
            $"loader={Loader.ToString().ToLowerInvariant()}\ntrace_buffer_kb={TraceBufferKilobytes}\nsettle_seconds={Timeout.TotalSeconds:F0}\ndrover_arguments='{DroverArguments}'\n{Settings}"));
        foreach (var (path, content) in Files)
            archive.File(path, content);
        archive.File("lab/list", string.Join('\n', List) + "\n");
        if (Binary is not null)
        {
            await using var program = File.OpenRead(Binary);
            archive.File("usr/bin/drover", program, (UnixFileMode)0x1ED);
        }
    }
}
