using CsCheck;
using Drover.Kernel;
using Drover.Model.Scenarios;
using Drover.Modules;

namespace Drover.Model.Tests.Scenarios;

/// <summary>Valid scenarios that use every member of the format.</summary>
static class RandomScenario
{
    static readonly Gen<string> Text = Gen.OneOf(
        Gen.String.AlphaNumeric, Gen.OneOf("", "\"quoted\"\n\t", "ä→🐑", "</script>", "\u0001"));

    static readonly Gen<long> Bytes = Gen.Long[1, 512 << 20];

    static readonly Gen<long> Time = Gen.OneOf(Gen.Const(0L), Gen.Long[0, 3_600_000_000_000]);

    /// <summary>Modaliases of drivers, and of hostile devices with all special characters of patterns.</summary>
    static readonly Gen<string> Modalias = Gen.OneOf(
        Gen.Int[0, 9999].Select(id => $"pci:v00008086d{id:X8}sv*"),
        Gen.Char["*?\\-_:,abAB09{}!^~"].Array[1, 8].Select(characters => "x:" + new string(characters)),
        Gen.OneOf(
            "cpu:type:x86,ven0000fam0006mod0055:feature:,0000,0001", "a:[b-c]d", "a:[]", "a:[*]?", "acpi:PNP0C0C:",
            "dash-and_line:", "input:b0011-e0,1*", "a:[[:alpha:]]", "a:[\\]", "dmi*:"));

    public static readonly Gen<Scenario> Any =
        from count in Gen.Int[0, 12]
        from compression in Gen.Enum<ModuleCompression>()
        from modules in Modules(count, compression)
        from aliases in Aliases(modules)
        from devices in Devices(modules, aliases)
        from name in Text
        from description in Text
        from cpus in Gen.Int[1, 8192]
        from memory in Gen.Long[1, 1L << 52]
        from costs in Gen.Dictionary(Gen.OneOf([.. CostTable.All.Select(cost => cost.Name)]), Gen.Double[0, 9e14])[0, 5]
        select new Scenario
        {
            Name = name,
            Description = description,
            Kernel = "6.1.0",
            Cpus = cpus,
            MemoryBytes = memory,
            Compression = compression,
            Modules = modules,
            Aliases = aliases,
            Devices = devices,
            Costs = costs.ToDictionary(
                cost => cost.Key, cost => cost.Key == "sliceNs" ? cost.Value + 1000 : cost.Value),
        };

    static Gen<ScenarioModule[]> Modules(int count, ModuleCompression compression) =>
        from sizes in Gen.Select(Bytes, Bytes, Bytes, Time, Time, Gen.Bool).Array[count]
        from errors in Gen.OneOf(null, "ENODEV", "EINVAL", null).Array[count]
        from links in Gen.Int[0, 100].Array[3 * count]
        select Enumerable.Range(0, count).Aggregate(new List<ScenarioModule>(), (made, i) =>
        {
            var (file, elf, image, init, sleep, measured) = sizes[i];
            made.Add(new ScenarioModule
            {
                Name = NameOf(i),
                FileBytes = file,
                ElfBytes = compression is ModuleCompression.None ? file : elf,
                ImageBytes = image,
                TextBytes = image / 2,
                InitNs = init,
                InitSleepNs = sleep,
                AsyncProbeNs = sleep / 3,
                IsMeasured = measured,
                InitError = errors[i],
                Dependencies = links[3 * i] % 2 == 0 || i == 0 ? [] : Closure(made, links[3 * i] % i),
                SoftdepsBefore = SoftdepOf(i, links[(3 * i) + 1], count),
                SoftdepsAfter = SoftdepOf(i, links[(3 * i) + 2], count),
            });
            return made;
        }).ToArray();

    static string NameOf(int index) => index % 3 == 0 ? $"m{index}" : $"long_module_name_{index}";

    static string[] Closure(List<ScenarioModule> made, int on) => [.. made[on].Dependencies, made[on].Name];

    static string[] SoftdepOf(int module, int on, int count) => on % 4 == 0 && on % count != module
        ? [NameOf(on % count)]
        : [];

    static Gen<ScenarioAlias[]> Aliases(ScenarioModule[] modules)
    {
        if (modules.Length == 0)
            return Gen.Const(Array.Empty<ScenarioAlias>());
        var alias = Gen.Select(Modalias, Gen.Int[0, modules.Length - 1].HashSet[1, modules.Length]);
        return alias.Array[0, 20].Select(aliases => aliases
            .Where(alias => ModuleName.TryNormalizeAlias(alias.Item1, out _))
            .DistinctBy(alias => ModuleName.TryNormalizeAlias(alias.Item1, out var normalized) ? normalized : null)
            .Select(alias => new ScenarioAlias(alias.Item1, [.. alias.Item2.Select(NameOf)])).ToArray());
    }

    static Gen<ScenarioDevice[]> Devices(ScenarioModule[] modules, ScenarioAlias[] aliases)
    {
        return Gen.Select(Gen.Bool, Gen.Int[0, 100], Gen.Int[0, 100], Text).Array[0, 12]
            .Select(devices => devices.Select((device, i) => Device(device, i)).ToArray());

        ScenarioDevice Device((bool IsPerCpu, int Alias, int Module, string Subsystem) drawn, int i) => new()
        {
            Path = drawn.IsPerCpu ? $"/devices/kind{(char)('a' + i)}/cpu{{cpu}}" : $"/devices/pci{i}/device{i}",
            IsPerCpu = drawn.IsPerCpu,
            Subsystem = drawn.Subsystem,
            Modaliases = drawn.Alias % 3 == 0 || aliases.Length == 0
                ? []
                : [aliases[drawn.Alias % aliases.Length].Modalias, "unknown:alias"],
            AppearsWith = drawn.Module % 3 == 0 && modules.Length > 0
                ? modules[drawn.Module % modules.Length].Name
                : null,
        };
    }
}
