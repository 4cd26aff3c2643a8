namespace Drover.Lab.Prepare;

/// <summary>How the kernel of each system is made.</summary>
static class Kernels
{
    /// <summary>Where a kernel's packages have the image; since 7.x it is beside the modules.</summary>
    static readonly string[] s_images = ["boot/vmlinuz-*", "usr/lib/modules/*/vmlinuz"];

    public static async Task<KernelImage> PrepareAsync(LabHost host, GuestSystem system)
    {
        var tree = await GuestTree.PrepareAsync(host, system);
        return system.IsGates
            ? await PrepareGatesAsync(host, system, tree)
            : await PrepareDebianAsync(host, system, tree);
    }

    /// <summary>A kernel as Debian ships it, unpacked from its packages.</summary>
    static async Task<KernelImage> PrepareDebianAsync(LabHost host, GuestSystem system, GuestTree tree)
    {
        var archive = new DebianArchive(host, system.Release, system.Architecture);
        var packages = await archive.FilesAsync(await archive.KernelPackagesAsync(system.KernelSeries));
        var key = $"{Path.GetFileNameWithoutExtension(packages[0])}-{tree.Key}";
        return new(await host.EntryAsync("kernels", key, MakeAsync), system);

        async Task MakeAsync(string folder)
        {
            host.Log($"preparing {Path.GetFileName(packages[0])} (half a minute)");
            using var work = host.Work();
            GuestTree.MergeUsr(work.Path);
            foreach (var package in packages)
                await archive.UnpackAsync(package, work.Path);
            var image = s_images.SelectMany(pattern => Glob(work.Path, pattern)).FirstOrDefault()
                ?? throw new LabException($"{string.Join(", ", packages)} have no kernel image");
            await KernelImage.MakeAsync(folder, image, work.Path, tree);
        }
    }

    /// <summary>A small kernel of the lab's own whose <see cref="Gate"/> is chosen at boot by <c>module.gate=</c>:
    /// Debian's newest source, tinyconfig with <see cref="GuestSystem.KernelConfigs"/> merged over it, and
    /// gates.patch.</summary>
    static async Task<KernelImage> PrepareGatesAsync(LabHost host, GuestSystem system, GuestTree tree)
    {
        var built = await BuildAsync(host, system);
        var key = $"{Path.GetFileName(built)}-{tree.Key}";
        return new(await host.EntryAsync("kernels", key, MakeAsync), system);

        async Task MakeAsync(string folder)
        {
            host.Log("preparing the gates kernel's initramfs");
            using var work = host.Work();
            GuestTree.MergeUsr(work.Path);
            await host.RunAsync("cp", ["-a", Path.Combine(built, "lib/modules"), work.File("usr/lib")]);
            await KernelImage.MakeAsync(folder, Path.Combine(built, "vmlinuz"), work.Path, tree);
        }
    }

    /// <summary>Builds the gates kernel; an entry apart from the initramfs, so a new udev costs no new build.</summary>
    static async Task<string> BuildAsync(LabHost host, GuestSystem system)
    {
        var architecture = system.Architecture;
        var archive = new DebianArchive(host, DebianRelease.Sid, GuestSystem.HostArchitecture);
        var source = await archive.KernelSourceAsync();
        var package = (await archive.FilesAsync([source]))[0];
        var config = string.Concat(system.KernelConfigs.Select(Resources.Read));
        var patch = Resources.Read("gates.patch");
        var version = Path.GetFileNameWithoutExtension(package);
        var key = $"{system.FileName}-{version}-{LabHost.HashOf(config + patch)[..8]}";
        return await host.EntryAsync("built", key, MakeAsync);

        async Task MakeAsync(string folder)
        {
            await HostTools.EnsureForBuildingAsync(host, architecture);
            host.Log($"building the kernel of {system} from {Path.GetFileName(package)} (once; some minutes)");
            using var work = host.Work();
            await archive.UnpackAsync(package, work.Path);
            await host.RunAsync("tar", ["-xf", work.File($"usr/src/{source}.tar.xz"), "-C", work.Path]);
            var tree = work.File(source);
            string[] make = ["-s", $"ARCH={architecture.KernelName}", .. CrossCompile(architecture)];
            await ConfigureAsync(host, tree, make, config, patch);
            await host.RunAsync("make", [.. make, $"-j{Environment.ProcessorCount}"], tree);
            await host.RunAsync(
                "make", [.. make, "modules_install", "DEPMOD=true", $"INSTALL_MOD_PATH={folder}"], tree);
            var image = architecture == Architecture.Amd64 ? "arch/x86/boot/bzImage" : "arch/arm64/boot/Image";
            File.Copy(Path.Combine(tree, image), Path.Combine(folder, "vmlinuz"));
        }
    }

    static string[] CrossCompile(Architecture architecture) => architecture == GuestSystem.HostArchitecture
        ? []
        : [$"CROSS_COMPILE={architecture.Tuple}-"];

    static async Task ConfigureAsync(LabHost host, string tree, string[] make, string config, string patch)
    {
        await File.WriteAllTextAsync(Path.Combine(tree, "gates.patch"), patch);
        await File.WriteAllTextAsync(Path.Combine(tree, "gates.config"), config);
        await host.RunAsync("patch", ["-p1", "-i", "gates.patch"], tree);
        await host.RunAsync("make", [.. make, "tinyconfig"], tree);
        await host.RunAsync("/bin/sh", ["scripts/kconfig/merge_config.sh", "-m", ".config", "gates.config"], tree);
        await host.RunAsync("make", [.. make, "olddefconfig"], tree);

        // merge_config.sh drops a line without an error when another option forbids it
        var kept = (await File.ReadAllLinesAsync(Path.Combine(tree, ".config"))).ToHashSet();
        var dropped = config.Split('\n')
            .Where(line => line.StartsWith("CONFIG_", StringComparison.Ordinal) && !kept.Contains(line)).ToList();
        if (dropped.Count > 0)
            throw new LabException($"the kernel's source drops lines of gates.config: {string.Join(", ", dropped)}");
    }

    /// <summary>The files below a folder that a path with "*" for whole or part names matches.</summary>
    static IEnumerable<string> Glob(string folder, string pattern)
    {
        var parts = pattern.Split('/', 2);
        if (!Directory.Exists(folder))
            return [];
        return parts is [var directory, var rest]
            ? Directory.EnumerateDirectories(folder, directory).SelectMany(found => Glob(found, rest))
            : Directory.EnumerateFiles(folder, pattern);
    }
}
