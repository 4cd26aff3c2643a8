using Drover.Modules;

namespace Drover.Lab.Prepare;

/// <summary>A kernel to boot: its image, and an initramfs with the user space and the kernel's modules.</summary>
sealed class KernelImage(string folder, GuestSystem system)
{
    /// <summary>Left out: large, and without a device in any guest.</summary>
    static readonly string[] s_pruned = ["kernel/drivers/net/wireless", "kernel/drivers/gpu", "kernel/sound"];

    const string SizesFile = "module-sizes";

    public GuestSystem System => system;

    /// <summary>Identifies this build of the kernel and of the user space.</summary>
    public string Key => Path.GetFileName(folder);
    public string Image => Path.Combine(folder, "vmlinuz");
    public string BaseArchive => Path.Combine(folder, "base.cpio");

    /// <summary>Sizes of the module files, which may be compressed, by module name.</summary>
    public IReadOnlyDictionary<string, long> ModuleFileBytes { get; } =
        File.ReadLines(Path.Combine(folder, SizesFile)).Select(line => line.Split(' ')).DistinctBy(parts => parts[0])
            .ToDictionary(parts => parts[0], parts => long.Parse(parts[1]));

    /// <summary>Makes the files of a cache entry from an image and a root folder with lib/modules/RELEASE.</summary>
    public static async Task MakeAsync(string folder, string imageFile, string root, GuestTree tree)
    {
        File.Copy(imageFile, Path.Combine(folder, "vmlinuz"));
        var release = PruneModules(root);
        var modules = Path.Combine(root, "lib/modules", release);
        await tree.DepmodAsync(root, release);
        var sizes = Directory.EnumerateFiles(modules, "*.ko*", SearchOption.AllDirectories)
            .Select(file => $"{ModuleName.FromPath(file)} {new FileInfo(file).Length}").Order(StringComparer.Ordinal);
        await File.WriteAllLinesAsync(Path.Combine(folder, SizesFile), sizes);

        await using var output = File.Create(Path.Combine(folder, "base.cpio"), bufferSize: 1 << 20);
        using var archive = new CpioWriter(output);
        archive.Tree(tree.Folder);
        // the kernel opens it before init can mount anything
        archive.CharacterDevice("dev/console", 5, 1);
        archive.Tree(modules, Path.Combine("usr/lib/modules", release));
    }

    /// <summary>Deletes from a root's lib/modules what no guest uses.</summary>
    /// <returns>The kernel's release.</returns>
    public static string PruneModules(string root)
    {
        var modules = Directory.EnumerateDirectories(Path.Combine(root, "lib/modules")).Single();
        foreach (var path in s_pruned.Select(path => Path.Combine(modules, path)).Where(Directory.Exists))
            Directory.Delete(path, recursive: true);
        // links to the build's tree and source, and the image beside the modules
        foreach (var name in new[] { "build", "source", "vmlinuz" })
            File.Delete(Path.Combine(modules, name));
        return Path.GetFileName(modules);
    }
}
