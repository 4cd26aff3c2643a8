using System.Formats.Tar;
using System.Text;
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

enum Clock
{
    Instructions, // a nanosecond for each executed instruction, idle time skipped: repeatable, nothing runs in parallel
    Host, // this machine's
}

enum Threads
{
    Single, // one thread of QEMU for all vCPUs
    Multi, // one for each: parallel, for at most as many vCPUs as this machine has CPUs
}

/// <summary>One guest: its machine, what it runs, and what it is given.</summary>
sealed record GuestRun(KernelImage Kernel, Gate Gate, int Cpus, GuestLoader Loader, string Memory, TimeSpan Timeout)
{
    /// <summary>Size of all CPUs' trace buffers together, in kilobytes; a report counts lost events. With the
    /// scheduler's events a coldplug of udev writes some 10 MB, with few CPUs all of it on these.</summary>
    const int TraceBuffersKilobytes = 32_768, MinTraceBufferKilobytes = 1024;

    public Clock Clock { get; init; } = Clock.Host;
    public Threads Threads { get; init; } = Threads.Single;
    /// <summary>Seed of the guest kernel's random generator. It also decides address randomisation, and when the loader
    /// starts relative to the timer tick.</summary>
    public int Seed { get; init; } = 1;
    /// <summary>Start from a saved machine that has booted; for the clock of instructions.</summary>
    public bool UsesSnapshot { get; init; }
    public IReadOnlyList<string> List { get; init; } = []; // the modules of loader list
    public string? Binary { get; init; }
    public string? StudyBinary { get; init; }
    public string DroverArguments { get; init; } = "";
    public IReadOnlyList<string> Devices { get; init; } = []; // more devices, as in QEMU's -device
    public IReadOnlyList<string> QemuArguments { get; init; } = [];
    public string? Disk { get; init; } // a raw image for the guest's only disk, /dev/vda; null for none
    /// <summary>A raw image for an NVDIMM of the guest, <c>/dev/pmem0</c>; null for none. What the guest writes is not
    /// written to the file.</summary>
    public string? MemoryDisk { get; init; }
    public int QemuSeed { get; init; } = 1; // of the kernel's random generator from its start on
    public string? Initramfs { get; init; } // an initramfs file in place of WriteInitramfsAsync's; null for none
    public string KernelArguments { get; init; } = "";
    public string Init { get; init; } = "init"; // the script that is PID 1, by its name in lab/guest
    /// <summary>More shell assignments, one per line, for <c>/lab/run</c>, which the scripts read.</summary>
    public string Settings { get; init; } = "";
    /// <summary>More files, by their paths in the guest; those in a <c>bin</c> are executable.</summary>
    public IReadOnlyDictionary<string, byte[]> Files { get; init; } = new Dictionary<string, byte[]>();
    public Action<string>? Console { get; init; }

    public override string ToString() => $"{Kernel.System} with {Cpus} CPUs";

    /// <summary>Writes the guest's initramfs: the kernel's base archive, then one with the lab's scripts. It does not
    /// depend on the loader.</summary>
    public async Task WriteInitramfsAsync(string file, GuestChannel channel)
    {
        await using var output = File.Create(file, bufferSize: 1 << 20);
        await using (var head = File.OpenRead(Kernel.BaseArchive))
            await head.CopyToAsync(output);

        using var archive = new CpioWriter(output);
        archive.File("init", Resources.Read(Init), executable: true);
        archive.File("lab/common", Resources.Read("common"));
        using var program = new MemoryStream(channel.Program.ToArray());
        archive.File("lab/host", program);
    }

    /// <summary>The files of this run as a tar archive, which the guest unpacks when it has booted.</summary>
    public async Task<byte[]> FilesAsync()
    {
        var bytes = new MemoryStream();
        await using (var archive = new TarWriter(bytes, leaveOpen: true))
        {
            await AddTextAsync("lab/run", $"""
                loader={Loader.OptionName()}
                clock={Clock.OptionName()}
                seed={Seed}
                gate={(Kernel.System.IsGates ? Gate.OptionName() : "")}
                trace_buffer_kb={Math.Max(MinTraceBufferKilobytes, TraceBuffersKilobytes / Cpus)}
                settle_seconds={Timeout.TotalSeconds:F0}
                drover_arguments='{DroverArguments}'
                {Settings}

                """);
            await AddTextAsync("lab/list", string.Join('\n', List) + "\n");
            foreach (var (path, content) in Files)
                await AddAsync(path, new MemoryStream(content), path.Contains("/bin/", StringComparison.Ordinal));
            await AddProgramAsync("usr/bin/drover", Binary);
            await AddProgramAsync("usr/lib/drover/drover-study", StudyBinary);

            Task AddTextAsync(string path, string text) =>
                AddAsync(path, new MemoryStream(Encoding.UTF8.GetBytes(text)), executable: false);

            async Task AddProgramAsync(string path, string? program)
            {
                if (program is not null)
                    await AddAsync(path, File.OpenRead(program), executable: true);
            }

            async Task AddAsync(string path, Stream content, bool executable)
            {
                await using (content)
                {
                    await archive.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, path)
                    {
                        DataStream = content,
                        Mode = (UnixFileMode)(executable ? 0x1ED : 0x1A4), // 0755, 0644
                    });
                }
            }
        }
        return bytes.ToArray();
    }
}
