using System.Globalization;

namespace Drover.Lab.Prepare;

/// <summary>A kernel ready to boot: its image, and an initramfs of the guest's user space and the kernel's modules.</summary>
sealed class KernelImage(string folder, string name)
{
    /// <summary>Left out: large, and no device of the guest asks for them.</summary>
    static readonly string[] Pruned = ["kernel/drivers/net/wireless", "kernel/drivers/gpu", "kernel/sound"];

    const string SizesFile = "module-sizes";

    /// <summary>"6.1", "6.12" or "gates", as on the command line.</summary>
    public string Name { get; } = name;

    /// <summary>Names exactly what was built, for what is kept beside it.</summary>
    public string Key => Path.GetFileName(folder);

    public string Image => Path.Combine(folder, "vmlinuz");

    public string BaseArchive => Path.Combine(folder, "base.cpio");

    /// <summary>Module file sizes by module name, as the files lie in the guest: compressed ones are smaller than what the kernel sees.</summary>
    public IReadOnlyDictionary<string, long> ModuleFileBytes { get; } = ReadSizes(Path.Combine(folder, SizesFile));

    /// <summary>Makes the entry's files from a root that has lib/modules/RELEASE, and an image file.</summary>
    public static async Task MakeAsync(string folder, string imageFile, string root, GuestTree tree, CancellationToken stop)
    {
        var modules = Path.Combine(root, "lib/modules", PruneModules(root));
        await tree.DepmodAsync(root, Path.GetFileName(modules), stop);

        File.Copy(imageFile, Path.Combine(folder, "vmlinuz"));
        var files = Directory.EnumerateFiles(modules, "*.ko*", SearchOption.AllDirectories);
        await File.WriteAllLinesAsync(Path.Combine(folder, SizesFile),
            files.Select(file => $"{ModuleName.OfFile(file)} {new FileInfo(file).Length}").Order(StringComparer.Ordinal), stop);

        await using var output = File.Create(Path.Combine(folder, "base.cpio"), bufferSize: 1 << 20);
        using var archive = new CpioWriter(output);
        archive.Tree(tree.Folder);
        // the kernel opens this before init can mount anything
        archive.CharacterDevice("dev/console", 5, 1);
        archive.Tree(modules, Path.Combine("usr/lib/modules", Path.GetFileName(modules)));
    }

    /// <summary>Takes away what no guest has of the modules in a root's lib/modules.</summary>
    /// <returns>The kernel's release.</returns>
    public static string PruneModules(string root)
    {
        var modules = Directory.EnumerateDirectories(Path.Combine(root, "lib/modules")).Single();
        foreach (var path in Pruned.Select(path => Path.Combine(modules, path)).Where(Directory.Exists))
            Directory.Delete(path, recursive: true);
        // a build's tree and source: not for the guest
        File.Delete(Path.Combine(modules, "build"));
        File.Delete(Path.Combine(modules, "source"));
        return Path.GetFileName(modules);
    }

    static Dictionary<string, long> ReadSizes(string file) =>
        File.ReadLines(file).Select(line => line.Split(' ')).DistinctBy(parts => parts[0]).ToDictionary(parts => parts[0], parts => long.Parse(parts[1], CultureInfo.InvariantCulture));
}
