using System.Globalization;

namespace Drover.Lab.Reading;

/// <summary>/sys/kernel/debug/modules/stats (CONFIG_MODULE_STATS; kernel/module/stats.c). Bytes are of virtual memory, wasted on failures.</summary>
/// <param name="BecomingBytes">Of attempts that ended before the module's final home was laid out: mostly duplicates.</param>
/// <param name="LoadBytes">Of attempts that ended after it, each counted twice.</param>
sealed record ModuleStats(long EverLoaded, long FailedBecoming, long FailedLoad, long ReadBytes, long DecompressBytes, long BecomingBytes, long LoadBytes, long WastedBytes)
{
    public static ModuleStats Parse(string text)
    {
        var values = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n'))
        {
            var end = line.LastIndexOf('\t');
            if (end > 0 && long.TryParse(line.AsSpan(end + 1).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
                values[line[..end].Trim()] = value;
        }
        return new ModuleStats(
            values.GetValueOrDefault("Mods ever loaded"),
            values.GetValueOrDefault("Mods failed on becoming"),
            values.GetValueOrDefault("Mods failed on load"),
            values.GetValueOrDefault("Failed kread bytes"),
            values.GetValueOrDefault("Failed decompress bytes"),
            values.GetValueOrDefault("Failed becoming bytes"),
            values.GetValueOrDefault("Failed kmod bytes"),
            values.GetValueOrDefault("Virtual mem wasted bytes"));
    }
}
