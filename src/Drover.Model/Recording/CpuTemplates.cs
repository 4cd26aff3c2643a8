using Drover.Model.Scenarios;

namespace Drover.Model.Recording;

/// <summary>Joins devices that each CPU has: equal subsystem and modaliases, paths that differ only in the
/// number at the end, one for every CPU. Two such families request modules on x86: <c>cpu0</c>, and ACPI's
/// processors, <c>LNXCPU:00</c> or <c>ACPI0007:00</c>, with hexadecimal numbers; in a scenario both have
/// the CPU's number.</summary>
static class CpuTemplates
{
    /// <summary>Names before the number. Ports and disks have numbers as well, perhaps as many as CPUs.</summary>
    static readonly string[] s_decimal = ["/cpu"], s_hexadecimal = ["/LNXCPU:", "/ACPI0007:"];

    /// <summary>The path is a CPU's; their number is the machine's.</summary>
    public static bool IsCpu(string path) => StemOf(path, s_decimal, NumberStyles.None) == "/devices/system/cpu/cpu";

    /// <summary>The devices in their order; a family takes the place of its first member.</summary>
    public static List<ScenarioDevice> Fold(IReadOnlyList<ScenarioDevice> devices, int cpus)
    {
        if (cpus <= 1)
            return [.. devices];
        var families = devices.Select((device, index) => (Device: device, Index: index, Key: KeyOf(device)))
            .Where(member => member.Key is not null).GroupBy(member => member.Key!, StringComparer.Ordinal)
            .Where(family => family.Count() == cpus).ToList();
        var leaders = families.ToDictionary(family => family.First().Index, family => family.First().Device);
        var others = families.SelectMany(family => family.Skip(1)).Select(member => member.Index).ToHashSet();
        var folded = new List<ScenarioDevice>(devices.Count - others.Count);
        for (var i = 0; i < devices.Count; i++)
        {
            if (leaders.TryGetValue(i, out var leader))
                folded.Add(leader with { Path = StemOf(leader.Path) + Scenario.CpuMark, IsPerCpu = true });
            else if (!others.Contains(i))
                folded.Add(devices[i]);
        }
        return folded;
    }

    /// <summary>Equal for the members of a family; null for other devices.</summary>
    static string? KeyOf(ScenarioDevice device) =>
        StemOf(device.Path) is { } stem
            ? string.Join('\n', [stem, device.Subsystem, device.AppearsWith ?? "", .. device.Modaliases])
            : null;

    static string? StemOf(string path) =>
        StemOf(path, s_decimal, NumberStyles.None) ?? StemOf(path, s_hexadecimal, NumberStyles.AllowHexSpecifier);

    static string? StemOf(string path, string[] names, NumberStyles digits)
    {
        foreach (var name in names)
        {
            var end = path.LastIndexOf(name, StringComparison.Ordinal) + name.Length;
            if (end >= name.Length && int.TryParse(path.AsSpan(end), digits, CultureInfo.InvariantCulture, out _))
                return path[..end];
        }
        return null;
    }
}
