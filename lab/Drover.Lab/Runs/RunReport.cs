using System.Text.Json.Serialization;
using Drover.Kernel;
using Drover.Lab.Reading;
using Drover.Model.Kernel;

namespace Drover.Lab.Runs;

/// <summary>The report of one guest. Its JSON form is an interface, which <c>drover report</c> also reads.</summary>
/// <param name="Kernel">The system: debian12, 6.12, debian13, sid or gates, with /arm64 on that architecture.</param>
/// <param name="Gate">none, early, exclusive or idempotent. On Debian's kernels the kernel's own.</param>
/// <param name="Calls">Load calls by result: "0", an errno's name, or "in flight" at the end.</param>
/// <param name="Attempted">The distinct modules of all calls.</param>
/// <param name="Live">/proc/modules, two seconds after the loader ended.</param>
/// <param name="Nodes">With udev, the entries of /dev: type and permissions, owner, path, and a link's target.</param>
/// <param name="WastedBytes">The kernel's statistics, or without them what failed calls read or passed.</param>
/// <param name="WastedDuplicateBytes">The part of it by calls that ended in EEXIST, EBUSY or ETXTBSY.</param>
/// <param name="Memory">The guest's memory, in QEMU's form.</param>
/// <param name="LoaderStartSeconds">When the loader started, on the clock of the traced calls.</param>
/// <param name="ColdplugSeconds">From the loader's start to its end, by the guest's clock.</param>
/// <param name="EventSeconds">The part of it from udevadm trigger on; null for loaders without events.</param>
/// <param name="ColdplugCpuSeconds">CPU time of the QEMU process during the coldplug: the work without the waits,
/// independent of the host's other work. Taken when the console's lines arrive, so some hundredths off.</param>
/// <param name="PeakMemoryBytes">MemTotal − MemAvailable, initramfs included, sampled five times a second.</param>
/// <param name="LoaderMemoryBytes">Peak resident set of the process, or the sum of udevd's and its workers'.</param>
/// <param name="StartMemoryBytes">The first sample of the guest's memory in use, before the loader started.</param>
/// <param name="BootSeconds">From the kernel's start to init's.</param>
/// <param name="LostEvents">Events that the trace buffers lost; if not 0, counts are too low.</param>
/// <param name="KernelRequests">The kernel's own calls of modprobe.</param>
/// <param name="Uevents">The number of uevent files below /sys/devices.</param>
/// <param name="SysfsDirectories">The number of directories below /sys/devices.</param>
/// <param name="SysfsWalkSeconds">The time of busybox's find over them.</param>
/// <param name="BinarySha256">Of drover; null if the guest had none.</param>
/// <param name="Clock">instructions or host.</param>
/// <param name="Threads">single or multi: QEMU's threads.</param>
/// <param name="Seed">Of the random generator: equal seeds are equal runs on the clock of instructions.</param>
/// <param name="Instructions">Executed during the coldplug; null on the host's clock.</param>
/// <param name="FileBytes">Sizes of the files of the attempted modules, which finit_module reads.</param>
sealed record RunReport(
    string Kernel, string Gate, int Cpus, string Loader, IReadOnlyDictionary<string, int> Calls,
    IReadOnlyList<string> Attempted, IReadOnlyList<string> Live, IReadOnlyList<string> Nodes, long WastedBytes,
    long WastedDuplicateBytes, string Memory, double LoaderStartSeconds, double ColdplugSeconds, double? EventSeconds,
    double ColdplugCpuSeconds, long PeakMemoryBytes, long LoaderMemoryBytes, string KernelRelease,
    string WastedBytesSource, int LoaderStatus, long StartMemoryBytes, int LoaderProcesses, double BootSeconds,
    IReadOnlyList<string> LiveBefore, IReadOnlyDictionary<string, IReadOnlyDictionary<string, int>> CallsBySyscall,
    int UnnamedCalls, long LostEvents, IReadOnlyList<string> KernelRequests, IReadOnlyList<string> Warnings,
    int Uevents, int SysfsDirectories, double SysfsWalkSeconds, string? BinarySha256, ModuleStats? ModuleStats,
    string? DroverErrors, WatchAgreement? Watch, IReadOnlyDictionary<string, long> FileBytes, AuditAgreement? Audit,
    string Clock, string Threads, int Seed, InstructionAccount? Instructions, IReadOnlyList<ModuleCall> TracedCalls)
{
    /// <summary>Resident set of the daemon 31 s after the loader ended; null for other loaders and clocks.</summary>
    public long? RestingMemoryBytes { get; init; }

    /// <summary>The output of <c>drover scenario</c> in the guest, or its errors.</summary>
    [JsonIgnore]
    public string? Scenario { get; init; }

    [JsonIgnore]
    public int TotalCalls => Calls.Values.Sum();

    [JsonIgnore]
    public int DuplicateCalls => Calls.Where(pair => ErrnoText.IsDuplicate(pair.Key)).Sum(pair => pair.Value);
}
