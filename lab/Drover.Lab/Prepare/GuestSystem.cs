using System.Runtime.InteropServices;

namespace Drover.Lab.Prepare;

enum Architecture { Amd64, Arm64 }

/// <summary>What a second finit_module of a file meets while the first is in flight: the names of <c>module.gate=</c>
/// and of the model. <see cref="None"/> is a kernel up to 6.3, <see cref="Early"/> 6.4, <see cref="Exclusive"/> the
/// gate that was reverted in the 6.5 cycle, <see cref="Idempotent"/> 6.5 and later.</summary>
enum Gate { None, Early, Exclusive, Idempotent }

/// <summary>A release of Debian in the archive.</summary>
/// <param name="Suite">Its name in the archive, such as <c>trixie</c>.</param>
/// <param name="HasUpdates">Whether it has suites for updates and security.</param>
sealed record DebianRelease(string Suite, bool HasUpdates)
{
    public static readonly DebianRelease
        Bookworm = new("bookworm", true), Trixie = new("trixie", true), Sid = new("sid", false);
}

/// <summary>A kernel, and the udev, kmod and rules that run on it.</summary>
/// <param name="Name">As on the command line, without the architecture.</param>
/// <param name="KernelSeries">Of Debian's kernel; null for the release's own or the gates kernel.</param>
sealed record GuestSystem(
    string Name, DebianRelease Release, Gate KernelGate, string? KernelSeries = null,
    Architecture Architecture = Architecture.Amd64)
{
    public const string GatesName = "gates";

    /// <summary>The gates kernel with KASAN.</summary>
    const string KasanName = "gates-kasan";

    /// <summary>The systems in the order of tables. The gates kernels run the user space of Debian 13.</summary>
    static readonly GuestSystem[] s_all =
    [
        new("debian12", DebianRelease.Bookworm, Gate.None),
        new("6.12", DebianRelease.Bookworm, Gate.Idempotent, "6.12"),
        new("debian13", DebianRelease.Trixie, Gate.Idempotent),
        new("sid", DebianRelease.Sid, Gate.Idempotent),
        new(GatesName, DebianRelease.Trixie, Gate.Idempotent),
        new(KasanName, DebianRelease.Trixie, Gate.Idempotent),
    ];

    /// <summary>Names that stay for systems with another name now: Debian 12's kernels.</summary>
    static readonly Dictionary<string, string> s_aliases = new(StringComparer.Ordinal) { ["6.1"] = "debian12" };

    public static IReadOnlyList<string> Names { get; } = [.. s_all.Select(system => system.Name), .. s_aliases.Keys];

    /// <summary>Whether the lab builds the kernel, with a parameter for the gate.</summary>
    public bool IsGates => KernelConfigs.Count > 0;

    /// <summary>The parts of the lab's own kernel configuration, later ones over earlier ones; none for Debian's
    /// kernels.</summary>
    public IReadOnlyList<string> KernelConfigs => Name switch
    {
        GatesName => ["gates.config", $"gates-{Architecture.OptionName()}.config"],
        KasanName => ["gates.config", $"gates-{Architecture.OptionName()}.config", "gates-kasan.config"],
        _ => [],
    };

    /// <summary>The place in tables.</summary>
    public int Order => 2 * Array.FindIndex(s_all, system => system.Name == Name) + (int)Architecture;

    /// <summary>This machine's, which runs the tools that prepare guests.</summary>
    public static Architecture HostArchitecture => RuntimeInformation.OSArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => Architecture.Amd64,
        System.Runtime.InteropServices.Architecture.Arm64 => Architecture.Arm64,
        var other => throw LabException.CannotRunHere($"the lab runs on amd64 and arm64, not on {other}"),
    };

    /// <summary>Reads <c>NAME</c> or <c>NAME/ARCHITECTURE</c>.</summary>
    /// <exception cref="FormatException">No such system or architecture; the message names all.</exception>
    public static GuestSystem Parse(string text)
    {
        var parts = text.Split('/', 2);
        var name = s_aliases.GetValueOrDefault(parts[0], parts[0]);
        var system = Array.Find(s_all, known => known.Name == name)
            ?? throw new FormatException($"must be one of {string.Join(", ", Names)}, /arm64 behind it for arm64");
        if (parts is [_, var architecture])
            system = system with { Architecture = OptionNames.Parse<Architecture>(architecture) };
        return system;
    }

    public override string ToString() =>
        Architecture == Architecture.Amd64 ? Name : $"{Name}/{Architecture.OptionName()}";

    /// <summary>The name for files.</summary>
    public string FileName => $"{Name}-{Architecture.OptionName()}";
}

/// <summary>What differs between architectures for Debian, QEMU and the guest's helper.</summary>
static class ArchitectureFacts
{
    extension(Architecture architecture)
    {
        /// <summary>Debian's multiarch tuple, in paths of libraries and names of binutils.</summary>
        public string Tuple => architecture == Architecture.Amd64 ? "x86_64-linux-gnu" : "aarch64-linux-gnu";

        public string DynamicLinker =>
            architecture == Architecture.Amd64 ? "ld-linux-x86-64.so.2" : "ld-linux-aarch64.so.1";

        public string QemuProgram =>
            architecture == Architecture.Amd64 ? "qemu-system-x86_64" : "qemu-system-aarch64";

        /// <summary>QEMU's machine.</summary>
        public string Machine => architecture == Architecture.Amd64 ? "q35" : "virt";

        /// <summary>The architecture's name in the kernel's makefiles.</summary>
        public string KernelName => architecture == Architecture.Amd64 ? "x86" : "arm64";

        /// <summary>Maximum number of vCPUs of the machine: q35 without interrupt remapping, virt with
        /// GICv3.</summary>
        public int MaxCpus => architecture == Architecture.Amd64 ? 255 : 512;
    }
}

/// <summary>Names of enum values on the command line, in reports and in files.</summary>
static class OptionNames
{
    public static IReadOnlyList<string> Of<T>() where T : struct, Enum => [.. Enum.GetValues<T>().Select(OptionName)];

    public static string OptionName<T>(this T value) where T : struct, Enum => value.ToString().ToLowerInvariant();

    /// <exception cref="FormatException">No such name; the message has all.</exception>
    public static T Parse<T>(string text) where T : struct, Enum => Of<T>().Contains(text)
        ? Enum.Parse<T>(text, ignoreCase: true)
        : throw new FormatException($"must be one of {string.Join(", ", Of<T>())}");
}
