using System.Buffers;
using System.Text;
using Drover.Modules;
using Drover.Text;

namespace Drover.Model.Scenarios;

/// <summary>Limits of a scenario: beyond any real machine, and small enough to read, check and run.</summary>
static class ScenarioLimits
{
    public const int MaxFileBytes = 16 << 20; // fifty times the file of a large server
    public const int MaxModules = 8192; // twice the modules of a Debian kernel
    /// <summary>Hard dependencies, direct and indirect, of one module: four times the maximum of Debian 6.12.</summary>
    public const int MaxDependencies = 128;
    public const int MaxModaliases = 64; // modules of one modalias, and modaliases of one device
    public const int MaxAliases = 1 << 16;
    public const int MaxDevices = 1 << 16;
    public const int MaxPerCpuDevices = 256; // devices that each CPU has; x86 has a dozen
    public const int MaxCpus = 8192; // kernel: the largest CONFIG_NR_CPUS
    public const long MaxMemoryBytes = 1L << 52; // 4 PiB: physical addresses of x86 have 52 bits
    public const long MaxModuleBytes = ModuleLimits.MaxImageBytes;
    public const long MaxTimeNs = 3_600_000_000_000; // an hour
    public const int MaxNameLength = 55; // a module's name without its NUL (kernel: MODULE_NAME_LEN on 64 bits)
    /// <summary>A quarter of the longest key of an index: each character may need escaping.</summary>
    public const int MaxModaliasLength = 1023;
    public const int MaxTextLength = 4096; // PATH_MAX; for all other texts as well
}

/// <param name="Member">The path of the member, such as <c>modules[3].name</c>.</param>
/// <param name="Text">A clause without a full stop.</param>
readonly record struct ScenarioProblem(string Member, string Text);

/// <summary>The rules of a scenario, whatever its source; all other code relies on them.</summary>
static class ScenarioRules
{
    static readonly SearchValues<char> s_nameCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+");

    public static ScenarioProblem? FirstProblem(Scenario scenario) =>
        Problems(scenario).SelectMany(problems => problems).Cast<ScenarioProblem?>().FirstOrDefault();

    /// <exception cref="ScenarioException">The scenario breaks a rule.</exception>
    public static void Require(Scenario scenario)
    {
        if (FirstProblem(scenario) is { } problem)
            throw new ScenarioException($"scenario '{scenario.Name}': {problem.Member}: {problem.Text}");
    }

    static IEnumerable<ScenarioProblem>[] Problems(Scenario scenario)
    {
        var index = new Dictionary<string, int>(StringComparer.Ordinal);
        return
        [
            Nulls(scenario), Document(scenario), Modules(scenario, index), Softdeps(scenario, index),
            Aliases(scenario, index), Devices(scenario, index), PathConflicts(scenario),
        ];
    }

    /// <summary>Items of lists: the serializer does not check them for null.</summary>
    static IEnumerable<ScenarioProblem> Nulls(Scenario scenario)
    {
        return In("modules", scenario.Modules)
            .Concat(scenario.Modules.SelectMany((module, i) => In($"modules[{i}].dependencies", module.Dependencies)
                .Concat(In($"modules[{i}].softdepsBefore", module.SoftdepsBefore))
                .Concat(In($"modules[{i}].softdepsAfter", module.SoftdepsAfter))))
            .Concat(In("aliases", scenario.Aliases))
            .Concat(scenario.Aliases.SelectMany((alias, i) => In($"aliases[{i}].modules", alias.Modules)))
            .Concat(In("devices", scenario.Devices))
            .Concat(scenario.Devices.SelectMany((device, i) => In($"devices[{i}].modaliases", device.Modaliases)));

        static IEnumerable<ScenarioProblem> In(string list, IReadOnlyList<object?> items) =>
            items.Index().Where(one => one.Item is null)
                .Select(one => new ScenarioProblem($"{list}[{one.Index}]", "must not be null"));
    }

    static IEnumerable<ScenarioProblem> Document(Scenario scenario)
    {
        if (TextProblem(scenario.Name) is { } name)
            yield return new("name", name);
        if (TextProblem(scenario.Description) is { } description)
            yield return new("description", description);
        if (TextProblem(scenario.Kernel) is { } kernel)
            yield return new("kernel", kernel);
        if (NumberProblem(scenario.Cpus, 1, ScenarioLimits.MaxCpus) is { } cpus)
            yield return new("cpus", cpus);
        if (NumberProblem(scenario.MemoryBytes, 1, ScenarioLimits.MaxMemoryBytes) is { } memory)
            yield return new("memoryBytes", memory);
        foreach (var (cost, value) in scenario.Costs)
        {
            if (CostTable.Find(cost) is null)
                yield return new($"costs.{cost}", $"there is no such cost{Hint(cost, CostTable.Names)}");
            if (CostTable.ProblemOf(cost, value) is { } costProblem)
                yield return new($"costs.{cost}", costProblem);
        }
        foreach (var (list, count, max) in new[]
        {
            ("modules", scenario.Modules.Count, ScenarioLimits.MaxModules),
            ("aliases", scenario.Aliases.Count, ScenarioLimits.MaxAliases),
            ("devices", scenario.Devices.Count, ScenarioLimits.MaxDevices),
        })
        {
            if (count > max)
                yield return new(list, $"has more than {max} items");
        }
    }

    /// <param name="index">Receives the position of each module.</param>
    static IEnumerable<ScenarioProblem> Modules(Scenario scenario, Dictionary<string, int> index)
    {
        // by module: the last module found to depend on it
        var neededBy = new int[scenario.Modules.Count];
        Array.Fill(neededBy, -1);
        for (var i = 0; i < scenario.Modules.Count; i++)
        {
            var module = scenario.Modules[i];
            foreach (var (member, problem) in Values(module, scenario.Compression))
                yield return new($"modules[{i}].{member}", problem);
            foreach (var (member, problem) in Dependencies(scenario, i, index, neededBy))
                yield return new($"modules[{i}].{member}", problem);
            if (!index.TryAdd(module.Name, i))
                yield return new($"modules[{i}].name", $"there are two modules '{module.Name}'");
        }
    }

    static IEnumerable<ScenarioProblem> Values(ScenarioModule module, ModuleCompression compression)
    {
        const int MaxLength = ScenarioLimits.MaxNameLength;
        if (module.Name.Length is 0 or > MaxLength || module.Name.AsSpan().ContainsAnyExcept(s_nameCharacters))
            yield return new("name", $"is not a module's name: at most {MaxLength} letters, digits, '_' and '+'");
        foreach (var (member, value, min, max) in new[]
        {
            ("fileBytes", module.FileBytes, 1, ScenarioLimits.MaxModuleBytes),
            ("elfBytes", module.ElfBytes, 1, ScenarioLimits.MaxModuleBytes),
            ("imageBytes", module.ImageBytes, 1, ScenarioLimits.MaxModuleBytes),
            ("textBytes", module.TextBytes, 0, ScenarioLimits.MaxModuleBytes),
            ("initNs", module.InitNs, 0, ScenarioLimits.MaxTimeNs),
            ("initSleepNs", module.InitSleepNs, 0, ScenarioLimits.MaxTimeNs),
            ("asyncProbeNs", module.AsyncProbeNs, 0, ScenarioLimits.MaxTimeNs),
        })
        {
            if (NumberProblem(value, min, max) is { } problem)
                yield return new(member, problem);
        }
        if (module.TextBytes > module.ImageBytes)
            yield return new("textBytes", "is more than imageBytes, of which it is a part");
        if (compression is ModuleCompression.None && module.ElfBytes != module.FileBytes)
            yield return new("elfBytes", "must equal fileBytes where modules are not compressed");
        if (module.InitError is { } error && !ErrnoText.TryParse(error, out _))
            yield return new("initError", "is not the name of an errno such as ENODEV");
    }

    static IEnumerable<ScenarioProblem> Dependencies(
        Scenario scenario, int at, Dictionary<string, int> before, int[] neededBy)
    {
        var needed = scenario.Modules[at].Dependencies;
        if (needed.Count > ScenarioLimits.MaxDependencies)
            yield return new("dependencies", $"has more than {ScenarioLimits.MaxDependencies} items");
        for (var i = 0; i < needed.Count; i++)
        {
            var name = needed[i];
            if (!before.TryGetValue(name, out var dependency))
            {
                yield return new($"dependencies[{i}]", scenario.Modules.Any(module => module.Name == name)
                    ? $"'{name}' does not precede '{scenario.Modules[at].Name}': dependencies come first"
                    : Unknown(name, scenario));
                yield break;
            }
            if (neededBy[dependency] == at)
                yield return new($"dependencies[{i}]", $"'{name}' occurs twice");
            foreach (var indirect in scenario.Modules[dependency].Dependencies)
            {
                if (neededBy[before[indirect]] != at)
                    yield return new($"dependencies[{i}]", $"'{name}' needs '{indirect}', which must precede it");
            }
            neededBy[dependency] = at;
        }
    }

    static IEnumerable<ScenarioProblem> Softdeps(Scenario scenario, Dictionary<string, int> index)
    {
        for (var i = 0; i < scenario.Modules.Count; i++)
        {
            var module = scenario.Modules[i];
            foreach (var (list, names) in new[]
            {
                ("softdepsBefore", module.SoftdepsBefore), ("softdepsAfter", module.SoftdepsAfter),
            })
            {
                foreach (var (member, problem) in Names(scenario, names, ScenarioLimits.MaxDependencies, index))
                    yield return new($"modules[{i}].{list}{member}", problem);
                if (names.Contains(module.Name))
                    yield return new($"modules[{i}].{list}", "names the module itself");
            }
        }
    }

    static IEnumerable<ScenarioProblem> Aliases(Scenario scenario, Dictionary<string, int> index)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < scenario.Aliases.Count; i++)
        {
            var (modalias, modules) = scenario.Aliases[i];
            if ((ModaliasProblem(modalias) ?? AliasProblem(modalias, modules)) is { } problem)
                yield return new($"aliases[{i}].modalias", problem);
            if (modules.Count == 0)
                yield return new($"aliases[{i}].modules", "is empty: a modalias without modules is not listed");
            foreach (var (member, name) in Names(scenario, modules, ScenarioLimits.MaxModaliases, index))
                yield return new($"aliases[{i}].modules{member}", name);
        }

        string? AliasProblem(string modalias, IReadOnlyList<string> modules)
        {
            if (!ModuleName.TryNormalizeAlias(modalias, out var normalized))
                return "has an unmatched bracket, and so matches nothing (kmod: EINVAL)";
            if (!seen.Add(normalized))
                return $"'{modalias}' occurs twice ('-' is '_')";
            // kmod looks for a module of that name first
            return index.ContainsKey(normalized) && !(modules.Count == 1 && modules[0] == normalized)
                ? $"'{modalias}' is a module's name, and can have that module only"
                : null;
        }
    }

    /// <summary>A list of known modules. A name may occur twice: kmod keeps duplicates, and udev tries each.</summary>
    /// <returns>Problems with <c>[INDEX]</c>, or an empty text for the list itself.</returns>
    static IEnumerable<ScenarioProblem> Names(
        Scenario scenario, IReadOnlyList<string> names, int max, Dictionary<string, int> index)
    {
        if (names.Count > max)
            yield return new("", $"has more than {max} items");
        foreach (var (i, name) in names.Index().Where(one => !index.ContainsKey(one.Item)))
            yield return new($"[{i}]", Unknown(name, scenario));
    }

    static IEnumerable<ScenarioProblem> Devices(Scenario scenario, Dictionary<string, int> index)
    {
        var paths = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < scenario.Devices.Count; i++)
        {
            var device = scenario.Devices[i];
            if (PathProblem(device) is { } path)
                yield return new($"devices[{i}].path", path);
            if (!paths.Add(device.Path))
                yield return new($"devices[{i}].path", $"'{device.Path}' occurs twice");
            if (TextProblem(device.Subsystem) is { } subsystem)
                yield return new($"devices[{i}].subsystem", subsystem);
            if (device.Modaliases.Count > ScenarioLimits.MaxModaliases)
                yield return new($"devices[{i}].modaliases", $"has more than {ScenarioLimits.MaxModaliases} items");
            for (var j = 0; j < device.Modaliases.Count; j++)
            {
                if (ModaliasProblem(device.Modaliases[j]) is { } modalias)
                    yield return new($"devices[{i}].modaliases[{j}]", modalias);
            }
            if (device.AppearsWith is { } module && !index.ContainsKey(module))
                yield return new($"devices[{i}].appearsWith", Unknown(module, scenario));
        }
    }

    static string? PathProblem(ScenarioDevice device)
    {
        if (TextProblem(device.Path) is { } text)
            return text;
        if (device.Path.Length < 2 || device.Path[0] != '/')
            return "is not a path below /sys such as /devices/system/cpu/cpu0";
        var marks = device.Path.AsSpan().Count(Scenario.CpuMark);
        return (device.IsPerCpu, marks) switch
        {
            (true, not 1) => $"must have {Scenario.CpuMark} once, for the number of the CPU",
            (false, > 0) => $"has {Scenario.CpuMark}, but isPerCpu is not set",
            _ => null,
        };
    }

    /// <summary>Devices whose path is one of a CPU's device.</summary>
    static IEnumerable<ScenarioProblem> PathConflicts(Scenario scenario)
    {
        var perCpu = scenario.Devices.Where(device => device.IsPerCpu)
            .Select(device => device.Path.Split(Scenario.CpuMark)).ToList();
        if (perCpu.Count > ScenarioLimits.MaxPerCpuDevices)
            yield return new("devices", $"has more than {ScenarioLimits.MaxPerCpuDevices} items with isPerCpu");
        for (var i = 0; i < scenario.Devices.Count; i++)
        {
            var path = scenario.Devices[i].Path;
            if (perCpu.Find(parts => IsOneOf(path, parts[0], parts[1])) is { } parts)
                yield return new($"devices[{i}].path", $"'{path}' is one of {string.Join(Scenario.CpuMark, parts)}");
        }
    }

    static bool IsOneOf(string path, string before, string after) =>
        path.Length > before.Length + after.Length
        && path.StartsWith(before, StringComparison.Ordinal)
        && path.EndsWith(after, StringComparison.Ordinal)
        && !path.AsSpan(before.Length..^after.Length).ContainsAnyExceptInRange('0', '9');

    static string Unknown(string module, Scenario scenario) => module.Length > ScenarioLimits.MaxNameLength
        ? "is not a module's name"
        : $"there is no module '{module}' in this scenario"
            + Hint(module, scenario.Modules.Select(known => known.Name));

    /// <summary>The nearest known name; none for a long name, whose distances would take long.</summary>
    internal static string Hint(string name, IEnumerable<string> known) =>
        name.Length > ScenarioLimits.MaxNameLength ? "" : Nearest.Hint(name, known);

    internal static string? ModaliasProblem(string modalias) => modalias.Length switch
    {
        0 => "is empty",
        > ScenarioLimits.MaxModaliasLength => $"has more than {ScenarioLimits.MaxModaliasLength} characters",
        _ => Ascii.IsValid(modalias) && !modalias.AsSpan().ContainsAnyInRange('\0', ' ')
            ? null
            : "must be ASCII, without blanks",
    };

    internal static string? TextProblem(string text)
    {
        if (text.Length > ScenarioLimits.MaxTextLength)
            return $"has more than {ScenarioLimits.MaxTextLength} characters";
        for (var at = 0; at < text.Length;)
        {
            if (Rune.DecodeFromUtf16(text.AsSpan(at), out _, out var length) is not OperationStatus.Done)
                return "has half of a surrogate pair";
            at += length;
        }
        return null;
    }

    static string? NumberProblem(long value, long min, long max) =>
        value < 0 ? "must not be negative"
        : value < min ? $"must be at least {min}"
        : value > max ? $"must be at most {max}"
        : null;
}
