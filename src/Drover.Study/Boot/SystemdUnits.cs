using System.Text.Json;

namespace Drover.Study.Boot;

/// <summary>A unit of systemd. Times are µs on CLOCK_MONOTONIC; 0: never.</summary>
/// <param name="After">The units that it starts after.</param>
/// <param name="SysPath">Of a device unit, the path below /sys; empty for other units.</param>
sealed record BootUnit(string Name, long StartUs, long ActiveUs, IReadOnlyList<string> After, string SysPath)
{
    public bool IsDevice => Name.EndsWith(".device", StringComparison.Ordinal);

    /// <summary>It does something: targets, slices and scopes only group others.</summary>
    public bool IsWork => !IsDevice && !Name.EndsWith(".target", StringComparison.Ordinal)
        && !Name.EndsWith(".slice", StringComparison.Ordinal) && !Name.EndsWith(".scope", StringComparison.Ordinal);
}

/// <summary>A boot of which the journal has systemd's times, in µs.</summary>
/// <param name="At">When it had started, in µs since 1970.</param>
/// <param name="InitrdUs">0 without systemd in the initramfs, whose time is then the kernel's.</param>
sealed record EarlierTimes(long At, long KernelUs, long InitrdUs, long UserUs)
{
    public long AllUs => KernelUs + InitrdUs + UserUs;
}

/// <summary>What systemd, its journal and the kernel's log know of a boot. Times are µs since the kernel's start; 0:
/// not known, or never.</summary>
/// <param name="InitrdUs">When systemd began in the initramfs.</param>
/// <param name="UserUs">When systemd began in the root file system.</param>
/// <param name="FinishUs">When all units of the boot had started; 0 while they start.</param>
sealed record SystemdBoot(long InitrdUs, long UserUs, long FinishUs, IReadOnlyList<BootUnit> Units)
{
    /// <summary>systemd's message "Startup finished" (sd-messages.h, SD_MESSAGE_STARTUP_FINISHED).</summary>
    const string StartupFinished = "MESSAGE_ID=b07a249cd024414a82dd00cd181378ff";

    const string RunsInit = "Run /init as init process"; // kernel: run_init_process
    const int MaxEarlier = 10;

    /// <summary>The manager's properties that are read, then those of units.</summary>
    static readonly string[] s_properties =
    [
        Firmware, Loader, Initrd, Userspace, UnitsLoaded, Finish, Id, Starts, Active, After, SysPath,
    ];

    static readonly string[] s_fields =
        [Message, SourceTime, "KERNEL_USEC", "INITRD_USEC", "USERSPACE_USEC"];

    const string Firmware = "FirmwareTimestampMonotonic", Loader = "LoaderTimestampMonotonic",
        Initrd = "InitRDTimestampMonotonic", Userspace = "UserspaceTimestampMonotonic",
        UnitsLoaded = "UnitsLoadFinishTimestampMonotonic", Finish = "FinishTimestampMonotonic", Id = "Id",
        Starts = "InactiveExitTimestampMonotonic", Active = "ActiveEnterTimestampMonotonic", After = "After",
        SysPath = "SysFSPath", Message = "MESSAGE", SourceTime = "_SOURCE_MONOTONIC_TIMESTAMP";

    public long FirmwareUs { get; init; } // before the kernel's start, with the boot loader's time
    public long LoaderUs { get; init; } // before the kernel's start
    public long InitUs { get; init; } // when the kernel ran the initramfs' /init
    public long UnitsLoadedUs { get; init; } // when systemd in the root file system had read its units

    /// <summary>The last boots, the latest first; the first one may be this one.</summary>
    public IReadOnlyList<EarlierTimes> Earlier { get; init; } = [];

    /// <summary>The text of <see cref="TextOfThisMachine"/>: blocks of lines <c>NAME=VALUE</c>, first the manager's,
    /// then one a unit; and entries of the journal as JSON, the kernel's with the time of the kernel.</summary>
    public static SystemdBoot Parse(string text)
    {
        text = text.ReplaceLineEndings("\n");
        var blocks = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(PropertiesOf).ToList();
        var manager = blocks.Find(block => block.ContainsKey(Userspace)) ?? [];
        var units = blocks.Where(block => block.ContainsKey(Id)).Select(block => new BootUnit(
            block[Id], Time(block, Starts), Time(block, Active),
            block.GetValueOrDefault(After, "").Split(' ', StringSplitOptions.RemoveEmptyEntries),
            block.GetValueOrDefault(SysPath) is { } path && path.StartsWith("/sys/", StringComparison.Ordinal)
                ? path["/sys".Length..]
                : ""));
        List<JsonElement> entries = [.. text.Split('\n').Where(line => line.StartsWith('{')).Select(EntryOf)
            .OfType<JsonElement>()];
        return new(
            Time(manager, Initrd), Time(manager, Userspace),
            Time(manager, Finish), [.. units.DistinctBy(unit => unit.Name)])
        {
            FirmwareUs = Time(manager, Firmware),
            LoaderUs = Time(manager, Loader),
            UnitsLoadedUs = Time(manager, UnitsLoaded),
            InitUs = entries.Where(entry => TextOf(entry, Message) == RunsInit)
                .Select(entry => NumberOf(entry, SourceTime)).FirstOrDefault(),
            Earlier =
            [
                .. entries.Select(EarlierOf).OfType<EarlierTimes>().OrderByDescending(boot => boot.At)
                    .Take(MaxEarlier),
            ],
        };
    }

    /// <summary>What <see cref="Parse"/> reads; null if systemd does not run here.</summary>
    public static string? TextOfThisMachine()
    {
        if (!Directory.Exists("/run/systemd/system"))
            return null;
        string[] show = ["show", "--no-pager", $"--property={string.Join(',', s_properties)}"];
        string[] journal =
            ["--no-pager", "-q", "-o", "json", $"--output-fields={string.Join(',', s_fields)}"];
        return string.Join('\n',
            Programs.Output("systemctl", show), Programs.Output("systemctl", [.. show, "*"]),
            Programs.Output("journalctl", [.. journal, "-b", "-k", "-g", RunsInit]),
            Programs.Output("journalctl", [.. journal, "-r", "-n", $"{MaxEarlier}", "_PID=1", StartupFinished]));
    }

    /// <summary>An entry of the journal; null for a damaged one.</summary>
    static JsonElement? EntryOf(string line)
    {
        try
        {
            using var entry = JsonDocument.Parse(line);
            return entry.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    static string? TextOf(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;

    /// <summary>0 if the entry lacks it.</summary>
    static long NumberOf(JsonElement entry, string name) =>
        long.TryParse(TextOf(entry, name), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;

    static EarlierTimes? EarlierOf(JsonElement entry) =>
        NumberOf(entry, "__REALTIME_TIMESTAMP") is var at and > 0
        && NumberOf(entry, "USERSPACE_USEC") is var user and > 0
            ? new(at, NumberOf(entry, "KERNEL_USEC"), NumberOf(entry, "INITRD_USEC"), user)
            : null;

    static Dictionary<string, string> PropertiesOf(string block)
    {
        var properties = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in block.Split('\n'))
        {
            if (line.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
                properties[line[..equals]] = line[(equals + 1)..];
        }
        return properties;
    }

    static long Time(Dictionary<string, string> block, string name) =>
        long.TryParse(block.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out var time)
            ? time
            : 0;
}
