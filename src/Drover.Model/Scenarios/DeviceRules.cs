namespace Drover.Model;

/// <summary>What a scenario's devices must keep to. Stateless.</summary>
static class DeviceRules
{
    /// <param name="index">The scenario's modules by name.</param>
    public static IEnumerable<ScenarioProblem> Problems(Scenario scenario, Dictionary<string, int> index)
    {
        var paths = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < scenario.Devices.Count; i++)
        {
            var device = scenario.Devices[i];
            if (PathProblem(device) is { } path)
                yield return Of("path", path);
            if (!paths.Add(device.Path))
                yield return Of("path", $"'{device.Path}' comes twice");
            if (ScenarioRules.TextProblem(device.Subsystem) is { } subsystem)
                yield return Of("subsystem", subsystem);
            if (device.Modaliases.Count > ScenarioLimits.Modaliases)
                yield return Of("modaliases", $"more than {ScenarioLimits.Modaliases}");
            for (var j = 0; j < device.Modaliases.Count; j++)
            {
                if (ScenarioRules.ModaliasProblem(device.Modaliases[j]) is { } modalias)
                    yield return new(new("devices", i, "modaliases", j), modalias);
            }
            if (device.AppearsWith is { } module && !index.ContainsKey(module))
                yield return Of("appearsWith", ScenarioRules.Unknown(module, scenario));

            ScenarioProblem Of(string field, string problem) => new(new("devices", i, field), problem);
        }
        foreach (var problem in Meetings(scenario))
            yield return problem;
    }

    static string? PathProblem(ScenarioDevice device)
    {
        if (ScenarioRules.TextProblem(device.Path) is { } text)
            return text;
        if (device.Path.Length < 2 || device.Path[0] != '/')
            return "is no path below /sys: it begins with '/', as in /devices/system/cpu/cpu0";
        var marks = device.Path.AsSpan().Count(ScenarioFormat.CpuMark);
        return device.IsPerCpu && marks != 1 ? $"must have {ScenarioFormat.CpuMark} once, where the number of each CPU stands"
            : !device.IsPerCpu && marks > 0 ? $"has {ScenarioFormat.CpuMark}, and isPerCpu is not set"
            : null;
    }

    /// <summary>A device that has the path of one of a CPU's: two devices at one place.</summary>
    static IEnumerable<ScenarioProblem> Meetings(Scenario scenario)
    {
        var templates = scenario.Devices.Where(device => device.IsPerCpu).Select(device => device.Path.Split(ScenarioFormat.CpuMark)).ToList();
        if (templates.Count > ScenarioLimits.Templates)
            yield return new(new("devices"), $"more than {ScenarioLimits.Templates} that are one for each CPU");
        for (var i = 0; i < scenario.Devices.Count; i++)
        {
            var path = scenario.Devices[i].Path;
            if (templates.Find(template => IsOneOf(path, template[0], template[1])) is { } template)
                yield return new(new("devices", i, "path"), $"'{path}' is one of those of {string.Join(ScenarioFormat.CpuMark, template)}");
        }
    }

    static bool IsOneOf(string path, string before, string after) =>
        path.Length > before.Length + after.Length && path.StartsWith(before, StringComparison.Ordinal) && path.EndsWith(after, StringComparison.Ordinal)
        && !path.AsSpan(before.Length..^after.Length).ContainsAnyExceptInRange('0', '9');
}
