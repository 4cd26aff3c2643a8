using System.Text.Json;
using System.Text.Json.Serialization;
using Drover.Lab.Reading;

namespace Drover.Lab.Report;

/// <summary>What happened in one guest. Its JSON form is what scripts and <c>compare</c> read.</summary>
sealed record RunReport
{
    static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public required string Kernel { get; init; }

    /// <summary>none, exclusive or idempotent. On Debian's kernels what the kernel has: before 6.5 none.</summary>
    public required string Gate { get; init; }

    public required int Cpus { get; init; }

    public required string Loader { get; init; }

    /// <summary>Calls of finit_module and init_module together, by result: "0", "EEXIST", …; "in flight" had not returned at the end.</summary>
    public required IReadOnlyDictionary<string, int> Calls { get; init; }

    /// <summary>The distinct modules that calls were about.</summary>
    public required IReadOnlyList<string> Attempted { get; init; }

    /// <summary>/proc/modules, two seconds after the loader ended.</summary>
    public required IReadOnlyList<string> Live { get; init; }

    /// <summary>Where udev runs, what is in /dev then: type and permissions, owner, path, where a link leads.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [];

    /// <summary>By the kernel's statistics where it has them, otherwise what failed calls read or were handed.</summary>
    public required long WastedBytes { get; init; }

    /// <summary>The part of <see cref="WastedBytes"/> that calls ending in EEXIST, EBUSY or ETXTBSY wasted: ENODEV and the like are no duplicates.</summary>
    public required long WastedDuplicateBytes { get; init; }

    /// <summary>The guest's, as QEMU was told.</summary>
    public required string Memory { get; init; }

    /// <summary>When the loader started, on the clock of <see cref="TracedCalls"/>.</summary>
    public required double LoaderStartSeconds { get; init; }

    /// <summary>By the guest's clock, from the loader's start to its end, in hundredths. A busy host makes it longer.</summary>
    public required double ColdplugSeconds { get; init; }

    /// <summary>The part of it from the first event on, where udevadm repeats all devices' events: without the start of a daemon that must be there before them. Null for other loaders.</summary>
    public double? EventSeconds { get; init; }

    /// <summary>
    /// What QEMU's process spent in the coldplug's time: the work, whoever else the host works for, and without the waits. Taken when the
    /// console's lines arrive, so some hundredths off.
    /// </summary>
    public required double ColdplugCpuSeconds { get; init; }

    /// <summary>MemTotal − MemAvailable of the whole guest, initramfs included, sampled five times a second.</summary>
    public required long PeakMemoryBytes { get; init; }

    /// <summary>Peak resident set: of the one process, or of udevd and its workers added up (what they share is counted in each).</summary>
    public required long LoaderMemoryBytes { get; init; }

    public required string KernelRelease { get; init; }

    public required string WastedBytesSource { get; init; }

    public required int LoaderStatus { get; init; }

    /// <summary>Guest memory in use before the loader started: <see cref="PeakMemoryBytes"/> contains it.</summary>
    public required long StartMemoryBytes { get; init; }

    public required int LoaderProcesses { get; init; }

    /// <summary>From the kernel's start to init's.</summary>
    public required double BootSeconds { get; init; }

    public required IReadOnlyList<string> LiveBefore { get; init; }

    public required IReadOnlyDictionary<string, IReadOnlyDictionary<string, int>> CallsBySyscall { get; init; }

    public required int UnnamedCalls { get; init; }

    /// <summary>Trace events that did not fit the buffers; not 0 means that the counts are too low.</summary>
    public required long LostEvents { get; init; }

    /// <summary>What the kernel itself asked modprobe for.</summary>
    public required IReadOnlyList<string> KernelRequests { get; init; }

    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>How many devices a walk of /sys/devices finds in this guest, in how many directories, and how long busybox's find took.</summary>
    public required int Uevents { get; init; }

    public required int SysfsDirectories { get; init; }

    public required double SysfsWalkSeconds { get; init; }

    public string? BinarySha256 { get; init; }

    public ModuleStats? ModuleStats { get; init; }

    /// <summary>What <c>drover scenario</c> recorded in the guest, or what it said instead.</summary>
    [JsonIgnore]
    public string? Scenario { get; init; }

    /// <summary>What drover wrote to standard error, if anything.</summary>
    public string? DroverErrors { get; init; }

    /// <summary>What drover watch saw, beside the trace; null where it did not run.</summary>
    public WatchAgreement? Watch { get; init; }

    /// <summary>Sizes of the files of <see cref="Attempted"/>: what a finit_module has the kernel read.</summary>
    public IReadOnlyDictionary<string, long> FileBytes { get; init; } = new Dictionary<string, long>();

    /// <summary>What drover audit predicted; null where it did not run.</summary>
    public AuditAgreement? Audit { get; init; }

    public required IReadOnlyList<ModuleCall> TracedCalls { get; init; }

    [JsonIgnore]
    public int TotalCalls => Calls.Values.Sum();

    [JsonIgnore]
    public int DuplicateCalls => Calls.Where(pair => Errno.IsDuplicate(pair.Key)).Sum(pair => pair.Value);

    public static RunReport Read(string file) =>
        JsonSerializer.Deserialize<RunReport>(File.ReadAllText(file), Options) ?? throw new LabException($"{file} holds no run report");

    /// <summary>Writes the file in one step: a killed program leaves the old one or the new one.</summary>
    public void Write(string file)
    {
        var full = Path.GetFullPath(file);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full + ".part", JsonSerializer.Serialize(this, Options) + "\n");
        File.Move(full + ".part", full, overwrite: true);
    }
}
