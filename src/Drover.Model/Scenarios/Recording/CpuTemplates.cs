using System.Globalization;

namespace Drover.Model;

/// <summary>
/// Makes one of the devices of which each CPU has one: equal subsystem and modaliases, paths that differ in the number at their end only, and one for every CPU.
/// Two such families ask for modules on x86: <c>cpu0</c>, and ACPI's processors, <c>LNXCPU:00</c> or <c>ACPI0007:00</c>, whose numbers are
/// hexadecimal; in the scenario both have the CPU's number. Stateless.
/// </summary>
static class CpuTemplates
{
    /// <summary>What stands before the number. Ports, disks and PCI functions are numbered as well, and may by chance be as many as CPUs.</summary>
    static readonly string[] Decimal = ["/cpu"], Hexadecimal = ["/LNXCPU:", "/ACPI0007:"];

    /// <summary>Whether a path is that of a CPU; the number of those is the machine's.</summary>
    public static bool IsCpu(string path) => StemOf(path, Decimal, NumberStyles.None) == "/devices/system/cpu/cpu";

    /// <summary>The devices in their order; a family stands where its first one stood.</summary>
    public static List<ScenarioDevice> Fold(IReadOnlyList<ScenarioDevice> devices, int cpus)
    {
        var families = devices.Select((device, index) => (Device: device, Index: index, Key: KeyOf(device)))
            .Where(member => member.Key is not null)
            .GroupBy(member => member.Key!, StringComparer.Ordinal)
            .Where(family => cpus > 1 && family.Count() == cpus)
            .ToList();
        var leaders = families.ToDictionary(family => family.First().Index, family => family.First().Device);
        var others = families.SelectMany(family => family.Skip(1)).Select(member => member.Index).ToHashSet();
        var folded = new List<ScenarioDevice>(devices.Count - others.Count);
        for (var i = 0; i < devices.Count; i++)
        {
            if (leaders.TryGetValue(i, out var leader))
                folded.Add(leader with { Path = StemOf(leader.Path) + ScenarioFormat.CpuMark, IsPerCpu = true });
            else if (!others.Contains(i))
                folded.Add(devices[i]);
        }
        return folded;
    }

    /// <summary>What members of one family have in common, or null for a device of none.</summary>
    static string? KeyOf(ScenarioDevice device) =>
        StemOf(device.Path) is { } stem ? string.Join('\n', [stem, device.Subsystem, device.AppearsWith ?? "", .. device.Modaliases]) : null;

    static string? StemOf(string path) => StemOf(path, Decimal, NumberStyles.None) ?? StemOf(path, Hexadecimal, NumberStyles.AllowHexSpecifier);

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
