using System.Diagnostics;

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

/// <summary>What systemd knows of a boot, from <c>systemctl show</c>.</summary>
/// <param name="InitrdUs">When systemd began in the initramfs; 0 without one there.</param>
/// <param name="UserUs">When systemd began in the root file system.</param>
/// <param name="FinishUs">When all units of the boot had started; 0 while they start.</param>
sealed record SystemdBoot(long InitrdUs, long UserUs, long FinishUs, IReadOnlyList<BootUnit> Units)
{
    /// <summary>The units in the text of <c>systemctl show; echo; systemctl show '*'</c>: a block of lines
    /// <c>NAME=VALUE</c> each, first the manager's.</summary>
    public static SystemdBoot Parse(string text)
    {
        var blocks = text.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
            .Select(PropertiesOf).ToList();
        var manager = blocks.Find(block => block.ContainsKey("UserspaceTimestampMonotonic")) ?? [];
        var units = blocks.Where(block => block.ContainsKey("Id")).Select(block => new BootUnit(
            block["Id"], Time(block, "InactiveExitTimestampMonotonic"), Time(block, "ActiveEnterTimestampMonotonic"),
            block.GetValueOrDefault("After", "").Split(' ', StringSplitOptions.RemoveEmptyEntries),
            block.GetValueOrDefault("SysFSPath") is { } path && path.StartsWith("/sys/", StringComparison.Ordinal)
                ? path["/sys".Length..]
                : ""));
        return new(
            Time(manager, "InitRDTimestampMonotonic"), Time(manager, "UserspaceTimestampMonotonic"),
            Time(manager, "FinishTimestampMonotonic"), [.. units.DistinctBy(unit => unit.Name)]);
    }

    /// <summary>Asks this machine's systemd; null if it does not run.</summary>
    public static SystemdBoot? OfThisMachine()
    {
        if (!Directory.Exists("/run/systemd/system"))
            return null;
        var text = Show([]) + "\n" + Show(["*"]);
        return Parse(text);

        static string Show(string[] units)
        {
            using var process = Process.Start(new ProcessStartInfo("systemctl", ["show", "--no-pager", .. units])
            {
                RedirectStandardOutput = true,
                UseShellExecute = false,
            });
            var text = process?.StandardOutput.ReadToEnd() ?? "";
            process?.WaitForExit();
            return text;
        }
    }

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
