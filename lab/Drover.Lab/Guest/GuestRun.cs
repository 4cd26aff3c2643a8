using Drover.Lab.Prepare;

namespace Drover.Lab.Guest;

enum GuestLoader
{
    Udev, // systemd-udevd, with udevadm to trigger and settle, as in distributions
    Modprobe, // the well-known one-liner: every modalias file, sorted, to one modprobe
    List, // one modprobe with exactly the modules of a udev run: a lower bound without the search
    Drover, // drover coldplug
    Daemon, // drover daemon next to udev, which loads nothing
}

sealed record GuestRun(KernelImage Kernel, Gate Gate, int Cpus, GuestLoader Loader, string Memory, TimeSpan Timeout)
{
    /// <summary>Size of each CPU's trace buffer. A udev coldplug with 32 CPUs writes about 2,000 events of about 150
    /// bytes, in the worst case all on one CPU; with 128 CPUs no event was lost so far. A report counts lost
    /// events.</summary>
    const int TraceBufferKilobytes = 1024;

    public IReadOnlyList<string> List { get; init; } = []; // the modules of loader list
    public string? Binary { get; init; }
    public string? StudyBinary { get; init; }
    public string DroverArguments { get; init; } = "";
    public IReadOnlyList<string> Devices { get; init; } = []; // more devices, as in QEMU's -device
    public IReadOnlyList<string> QemuArguments { get; init; } = [];
    public string? Disk { get; init; } // a raw image for the guest's only disk, /dev/vda; null for none
    public string? Initramfs { get; init; } // an initramfs file in place of WriteInitramfsAsync's; null for none
    public string KernelArguments { get; init; } = "";
    public string Init { get; init; } = "init"; // the script that is PID 1, by its name in lab/guest
    /// <summary>More shell assignments, one per line, for <c>/lab/run</c>, which the scripts read.</summary>
    public string Settings { get; init; } = "";
    /// <summary>More files, by their paths in the guest.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>();
    public Action<string>? Console { get; init; }

    /// <summary>Writes the guest's initramfs: the kernel's base archive, then one with this run's files.</summary>
    public async Task WriteInitramfsAsync(string file)
    {
        await using var output = File.Create(file, bufferSize: 1 << 20);
        await using (var head = File.OpenRead(Kernel.BaseArchive))
            await head.CopyToAsync(output);

        using var archive = new CpioWriter(output);
        archive.File("init", Resources.Read(Init), executable: true);
        archive.File("lab/common", Resources.Read("common"));
        archive.File("lab/run", $"""
            loader={Loader.OptionName()}
            trace_buffer_kb={TraceBufferKilobytes}
            settle_seconds={Timeout.TotalSeconds:F0}
            drover_arguments='{DroverArguments}'
            {Settings}
            """);
        foreach (var (path, content) in Files)
            archive.File(path, content);
        archive.File("lab/list", string.Join('\n', List) + "\n");
        AddProgram("usr/bin/drover", Binary);
        AddProgram("usr/lib/drover/drover-study", StudyBinary);

        void AddProgram(string path, string? program)
        {
            if (program is null)
                return;
            using var content = File.OpenRead(program);
            archive.File(path, content);
        }
    }
}
