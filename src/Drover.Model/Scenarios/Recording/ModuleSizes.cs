using Drover.Loading;
using Drover.Modules;

namespace Drover.Model;

/// <summary>Looks into the files of planned modules. Stateless.</summary>
static class ModuleSizes
{
    /// <summary>The modules with what their files tell, and how most of the files are compressed.</summary>
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
                InitNs = InitEstimate.Ns(image.ImageBytes),
            });
        }
        var compression = compressions.Count == 0 ? ModuleCompression.None : compressions.GroupBy(kind => kind).MaxBy(kind => kind.Count())!.Key;
        // one compression for all: what is compressed in a tree that mostly is not counts as what it is decompressed
        return (compression is ModuleCompression.None ? [.. modules.Select(module => module with { FileBytes = module.ElfBytes })] : modules, compression);
    }
}
