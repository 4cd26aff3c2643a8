using System.Buffers;
using System.Text;
using Drover.Cli;
using Drover.Loading;
using Drover.Modules;

namespace Drover.Model;

/// <summary>What a scenario must keep to, wherever it comes from, so that whoever runs it need not ask again. Stateless.</summary>
static class ScenarioRules
{
    static readonly SearchValues<char> NameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+");

    /// <summary>The first thing that is wrong, or null.</summary>
    public static ScenarioProblem? FirstProblem(Scenario scenario)
    {
        foreach (var problem in Problems(scenario))
            return problem;
        return null;
    }

    /// <exception cref="ScenarioException">Something is wrong.</exception>
    public static void Require(Scenario scenario)
    {
        if (FirstProblem(scenario) is { } problem)
            throw new ScenarioException($"scenario '{scenario.Name}': {problem.Field}: {problem.Text}");
    }

    static IEnumerable<ScenarioProblem> Problems(Scenario scenario)
    {
        var index = new Dictionary<string, int>(StringComparer.Ordinal);
        return Document(scenario).Concat(Modules(scenario, index)).Concat(SoftDependencies(scenario, index))
            .Concat(Aliases(scenario, index)).Concat(DeviceRules.Problems(scenario, index));
    }

    static IEnumerable<ScenarioProblem> Document(Scenario scenario)
    {
        if (TextProblem(scenario.Name) is { } name)
            yield return new(new("name"), name);
        if (TextProblem(scenario.Description) is { } description)
            yield return new(new("description"), description);
        if (TextProblem(scenario.Kernel) is { } kernel)
            yield return new(new("kernel"), kernel);
        if (NumberProblem(scenario.Cpus, 1, ScenarioLimits.Cpus) is { } cpus)
            yield return new(new("cpus"), cpus);
        if (NumberProblem(scenario.MemoryBytes, 1, ScenarioLimits.MemoryBytes) is { } memory)
            yield return new(new("memoryBytes"), memory);
        foreach (var (cost, value) in scenario.Costs)
        {
            if (CostTable.Find(cost) is null)
                yield return new(new("costs", Name: cost), $"there is no such cost{Nearest.Hint(cost, CostTable.All.Select(known => known.Name))}");
            if (!(value >= 0 && value <= ScenarioLimits.Cost))
                yield return new(new("costs", Name: cost), value < 0 ? "must not be negative" : $"must be a number of at most {ScenarioLimits.Cost:0}");
        }
        foreach (var (section, count, limit) in new[]
        {
            ("modules", scenario.Modules.Count, ScenarioLimits.Modules), ("aliases", scenario.Aliases.Count, ScenarioLimits.Aliases), ("devices", scenario.Devices.Count, ScenarioLimits.Devices),
        })
        {
            if (count > limit)
                yield return new(new(section), $"more than {limit}");
        }
    }

    /// <param name="index">Is filled: where each module stands.</param>
    static IEnumerable<ScenarioProblem> Modules(Scenario scenario, Dictionary<string, int> index)
    {
        // by module: the last one found to depend on it
        var neededBy = new int[scenario.Modules.Count];
        Array.Fill(neededBy, -1);
        for (var i = 0; i < scenario.Modules.Count; i++)
        {
            var module = scenario.Modules[i];
            foreach (var problem in Values(module, i, scenario.Compression).Concat(Dependencies(scenario, i, index, neededBy)))
                yield return problem;
            if (!index.TryAdd(module.Name, i))
                yield return new(new("modules", i, "name"), $"there are two modules '{module.Name}'");
        }
    }

    static IEnumerable<ScenarioProblem> Values(ScenarioModule module, int at, ModuleCompression compression)
    {
        if (module.Name.Length is 0 or > ScenarioLimits.NameLength || module.Name.AsSpan().ContainsAnyExcept(NameCharacters))
            yield return Of("name", $"is no module's name: letters, digits, '_' and '+' (for '-' the kernel has '_'), at most {ScenarioLimits.NameLength}");
        foreach (var (field, value, least, most) in new[]
        {
            ("fileBytes", module.FileBytes, 1, ScenarioLimits.ModuleBytes), ("elfBytes", module.ElfBytes, 1, ScenarioLimits.ModuleBytes),
            ("imageBytes", module.ImageBytes, 1, ScenarioLimits.ModuleBytes), ("textBytes", module.TextBytes, 0, ScenarioLimits.ModuleBytes),
            ("initNs", module.InitNs, 0, ScenarioLimits.TimeNs), ("initSleepNs", module.InitSleepNs, 0, ScenarioLimits.TimeNs), ("asyncProbeNs", module.AsyncProbeNs, 0, ScenarioLimits.TimeNs),
        })
        {
            if (NumberProblem(value, least, most) is { } problem)
                yield return Of(field, problem);
        }
        if (module.TextBytes > module.ImageBytes)
            yield return Of("textBytes", "is more than imageBytes, of which it is a part");
        if (compression is ModuleCompression.None && module.ElfBytes != module.FileBytes)
            yield return Of("elfBytes", "must equal fileBytes where modules are not compressed");
        if (module.InitError is { } error && !ErrnoText.TryParse(error, out _))
            yield return Of("initError", "is no errno's name such as ENODEV");

        ScenarioProblem Of(string field, string problem) => new(new("modules", at, field), problem);
    }

    static IEnumerable<ScenarioProblem> Dependencies(Scenario scenario, int at, Dictionary<string, int> before, int[] neededBy)
    {
        var needed = scenario.Modules[at].Dependencies;
        if (needed.Count > ScenarioLimits.Dependencies)
            yield return new(new("modules", at, "dependencies"), $"more than {ScenarioLimits.Dependencies}");
        for (var i = 0; i < needed.Count; i++)
        {
            var field = new ScenarioField("modules", at, "dependencies", i);
            if (!before.TryGetValue(needed[i], out var dependency))
            {
                yield return new(field, scenario.Modules.Any(module => module.Name == needed[i])
                    ? $"'{needed[i]}' does not stand before '{scenario.Modules[at].Name}': dependencies come first, and have no cycle"
                    : Unknown(needed[i], scenario));
                yield break;
            }
            if (neededBy[dependency] == at)
                yield return new(field, $"'{needed[i]}' comes twice");
            foreach (var indirect in scenario.Modules[dependency].Dependencies)
            {
                if (neededBy[before[indirect]] != at)
                    yield return new(field, $"'{needed[i]}' needs '{indirect}', which must be listed before it");
            }
            neededBy[dependency] = at;
        }
    }

    static IEnumerable<ScenarioProblem> SoftDependencies(Scenario scenario, Dictionary<string, int> index)
    {
        for (var i = 0; i < scenario.Modules.Count; i++)
        {
            var module = scenario.Modules[i];
            foreach (var (field, names) in new[] { ("softdepsBefore", module.SoftdepsBefore), ("softdepsAfter", module.SoftdepsAfter) })
            {
                foreach (var problem in Names(scenario, names, new("modules", i, field), ScenarioLimits.Dependencies, index))
                    yield return problem;
                if (names.Contains(module.Name))
                    yield return new(new("modules", i, field), "it names the module itself");
            }
        }
    }

    static IEnumerable<ScenarioProblem> Aliases(Scenario scenario, Dictionary<string, int> index)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < scenario.Aliases.Count; i++)
        {
            var (modalias, modules) = scenario.Aliases[i];
            var field = new ScenarioField("aliases", i, "modalias");
            if (ModaliasProblem(modalias) is { } problem)
                yield return new(field, problem);
            else if (!ModuleName.TryNormalizeAlias(modalias, out var normalized))
                yield return new(field, "has an unmatched bracket, and so stands for nothing (kmod: EINVAL)");
            else if (!seen.Add(normalized))
                yield return new(field, $"'{modalias}' comes twice ('-' is '_')");
            // kmod looks for a module of that name first
            else if (index.ContainsKey(normalized) && !(modules.Count == 1 && modules[0] == normalized))
                yield return new(field, $"'{modalias}' is a module's name, and can stand for that module only");
            if (modules.Count == 0)
                yield return new(field with { Name = "modules" }, "is empty: a modalias that no module has is not listed");
            foreach (var name in Names(scenario, modules, field with { Name = "modules" }, ScenarioLimits.Modaliases, index))
                yield return name;
        }
    }

    /// <summary>A list of modules: each there. One may come twice: kmod keeps duplicates, and udev tries each.</summary>
    static IEnumerable<ScenarioProblem> Names(Scenario scenario, IReadOnlyList<string> names, ScenarioField list, int limit, Dictionary<string, int> index)
    {
        if (names.Count > limit)
            yield return new(list, $"more than {limit}");
        for (var i = 0; i < names.Count; i++)
        {
            if (!index.ContainsKey(names[i]))
                yield return new(list with { Item = i }, Unknown(names[i], scenario));
        }
    }

    internal static string Unknown(string module, Scenario scenario) => module.Length > ScenarioLimits.NameLength
        ? "is no module's name"
        : $"there is no module '{module}' in this scenario{Nearest.Hint(module, scenario.Modules.Select(known => known.Name))}";

    internal static string? ModaliasProblem(string modalias) =>
        modalias.Length == 0 ? "is empty"
        : modalias.Length > ScenarioLimits.ModaliasLength ? $"has more than {ScenarioLimits.ModaliasLength} characters"
        : !Ascii.IsValid(modalias) || modalias.AsSpan().ContainsAnyInRange('\0', ' ') ? "must be ASCII, without blanks"
        : null;

    internal static string? TextProblem(string text)
    {
        if (text.Length > ScenarioLimits.TextLength)
            return $"has more than {ScenarioLimits.TextLength} characters";
        for (var at = 0; at < text.Length;)
        {
            if (Rune.DecodeFromUtf16(text.AsSpan(at), out _, out var length) is not OperationStatus.Done)
                return "has half of a surrogate pair";
            at += length;
        }
        return null;
    }

    static string? NumberProblem(long value, long least, long most) =>
        value < 0 ? "must not be negative"
        : value < least ? $"must be at least {least}"
        : value > most ? $"must be at most {most}"
        : null;
}
