namespace Drover.Verbs.Audit;

/// <summary>How often devices ask for a module by their modaliases.</summary>
/// <param name="Times">An alias that has a module twice asks twice, as udev does.</param>
/// <param name="Devices">Devices that ask.</param>
/// <param name="First">Path of the first of them.</param>
sealed record Asked(string Module, long Times, long Devices, string First)
{
    /// <summary>All modules that a device asks for itself, most asked for first.</summary>
    public static List<Asked> Of(AuditedMachine machine)
    {
        var aliases = machine.Scenario.Aliases.ToDictionary(alias => alias.Modalias, alias => alias.Modules, StringComparer.Ordinal);
        var asked = new Dictionary<string, Asked>(StringComparer.Ordinal);
        foreach (var device in machine.Scenario.Devices)
        {
            var wanted = device.Modaliases.SelectMany(modalias => aliases.GetValueOrDefault(modalias) ?? []).ToList();
            foreach (var module in wanted.Distinct(StringComparer.Ordinal))
            {
                var times = wanted.Count(name => name == module) * machine.Times(device);
                asked[module] = asked.TryGetValue(module, out var before)
                    ? before with { Times = before.Times + times, Devices = before.Devices + machine.Times(device) }
                    : new(module, times, machine.Times(device), device.Path);
            }
        }
        return [.. asked.Values.OrderByDescending(one => one.Times).ThenBy(one => one.Module, StringComparer.Ordinal)];
    }
}
