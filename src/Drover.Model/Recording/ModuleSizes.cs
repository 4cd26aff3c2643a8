using Drover.Loading;
using Drover.Model.Scenarios;
using Drover.Modules;
using Drover.Modules.Image;

namespace Drover.Model.Recording;

static class ModuleSizes
{
    /// <summary>Of an init that was not measured: a line through the medians of the 38 modules of the lab's 6.1 guest,
    /// its times divided by 20. Three of four modules lie within a factor of 2.5; ciphers that test themselves take up
    /// to 20 times as long.</summary>
    const double InitBaseNs = 550_000, InitNsPerByte = 20;

    /// <summary>The modules with their sizes, and the most frequent compression.</summary>
    /// <exception cref="ModuleDataException">A file is corrupt.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static (List<ScenarioModule> Modules, ModuleCompression Compression) Of(IReadOnlyList<PlannedModule> planned)
    {
        var listed = planned.Select(module => module.Name).ToHashSet(StringComparer.Ordinal);
        var modules = new List<ScenarioModule>(planned.Count);
        var compressions = new List<ModuleCompression>(planned.Count);
        foreach (var module in planned)
        {
            var file = ModuleFile.Measure(module.Path);
            var elf = ModuleFile.ReadImage(module.Path);
            var image = ModuleImage.Parse(elf, module.Path);
            compressions.Add(file.Compression);
            modules.Add(new ScenarioModule
            {
                Name = module.Name,
                FileBytes = file.FileBytes,
                ElfBytes = elf.Length,
                ImageBytes = image.ImageBytes,
                TextBytes = image.TextBytes,
                Dependencies = [.. module.HardDependencies.Where(listed.Contains)],
                SoftdepsBefore = [.. module.Before.Select(soft => soft.Name).Where(listed.Contains)],
                SoftdepsAfter = [.. module.After.Select(soft => soft.Name).Where(listed.Contains)],
                InitNs = (long)(InitBaseNs + (InitNsPerByte * image.ImageBytes)),
            });
        }
        var compression = compressions.Count == 0
            ? ModuleCompression.None
            : compressions.GroupBy(kind => kind).MaxBy(kind => kind.Count())!.Key;
        // a scenario has one compression: where that is none, a compressed file counts with its decompressed size
        if (compression is ModuleCompression.None)
            modules = [.. modules.Select(module => module with { FileBytes = module.ElfBytes })];
        return (modules, compression);
    }
}
