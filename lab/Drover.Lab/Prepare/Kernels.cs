namespace Drover.Lab.Prepare;

/// <summary>What a second finit_module of a file meets while the first is in flight.</summary>
enum Gate { None = 0, Exclusive = 1, Idempotent = 2 }

/// <summary>The kernels of the lab, by their names on the command line, and how each is made.</summary>
static class Kernels
{
    public const string Gates = "gates";
    const string GatesSource = "linux-source-6.12";

    public static readonly string[] All = ["6.1", "6.12", Gates];

    /// <summary>The kernel's own gate: none before 6.5, idempotent since.</summary>
    public static Gate DefaultGate(string kernel) => kernel == "6.1" ? Gate.None : Gate.Idempotent;

    public static Task<KernelImage> PrepareAsync(string kernel, LabHost host, DebianPackages debian, GuestTree tree) =>
        kernel == Gates ? PrepareGatesAsync(host, debian, tree) : PrepareDebianAsync(kernel, host, debian, tree);

    /// <summary>A kernel as Debian ships it, unpacked from its package.</summary>
    static async Task<KernelImage> PrepareDebianAsync(
        string series, LabHost host, DebianPackages debian, GuestTree tree)
    {
        var name = await debian.KernelImageAsync(series);
        var package = (await debian.FilesAsync([name]))[0];
        var key = $"{Path.GetFileNameWithoutExtension(package)}-{tree.Key}";
        return new(await host.EntryAsync("kernels", key, MakeAsync), series);

        async Task MakeAsync(string folder)
        {
            host.Log($"preparing {name} (half a minute)");
            using var work = host.Work();
            await debian.UnpackAsync(package, work.Path);
            var image = Directory.EnumerateFiles(work.File("boot"), "vmlinuz-*").Single();
            await KernelImage.MakeAsync(folder, image, work.Path, tree);
        }
    }

    /// <summary>A small kernel of the lab's own whose <see cref="Gate"/> is chosen at boot by <c>module.gate=</c>:
    /// Debian's source, tinyconfig with gates.config merged over it, and gates.patch.</summary>
    static async Task<KernelImage> PrepareGatesAsync(LabHost host, DebianPackages debian, GuestTree tree)
    {
        var built = await BuildAsync(host, debian);
        var key = $"{Path.GetFileName(built)}-{tree.Key}";
        return new(await host.EntryAsync("kernels", key, MakeAsync), Gates);

        async Task MakeAsync(string folder)
        {
            host.Log("preparing the gates kernel's initramfs");
            using var work = host.Work();
            await host.RunAsync("cp", ["-a", Path.Combine(built, "lib"), work.Path]);
            await KernelImage.MakeAsync(folder, Path.Combine(built, "bzImage"), work.Path, tree);
        }
    }

    /// <summary>Builds the gates kernel; an entry apart from the initramfs, so a new udev costs no new build.</summary>
    static async Task<string> BuildAsync(LabHost host, DebianPackages debian)
    {
        var package = (await debian.FilesAsync([GatesSource]))[0];
        var (config, patch) = (Resources.Read("gates.config"), Resources.Read("gates.patch"));
        var hash = LabHost.HashOf(config + patch)[..8];
        var key = $"gates-{Path.GetFileNameWithoutExtension(package)}-{hash}";
        return await host.EntryAsync("built", key, MakeAsync);

        async Task MakeAsync(string folder)
        {
            await HostTools.EnsureForBuildingAsync(host);
            host.Log($"building the gates kernel from {Path.GetFileName(package)} (once; ten minutes on two cores)");
            using var work = host.Work();
            await debian.UnpackAsync(package, work.Path);
            await host.RunAsync("tar", ["-xf", work.File($"usr/src/{GatesSource}.tar.xz"), "-C", work.Path]);
            var tree = work.File(GatesSource);
            await ConfigureAsync(host, tree, config, patch);
            await host.RunAsync("make", ["-s", $"-j{Environment.ProcessorCount}", "bzImage", "modules"], tree);
            await host.RunAsync("make", ["-s", "modules_install", "DEPMOD=true", $"INSTALL_MOD_PATH={folder}"], tree);
            File.Copy(Path.Combine(tree, "arch/x86/boot/bzImage"), Path.Combine(folder, "bzImage"));
        }
    }

    static async Task ConfigureAsync(LabHost host, string tree, string config, string patch)
    {
        await File.WriteAllTextAsync(Path.Combine(tree, "gates.patch"), patch);
        await File.WriteAllTextAsync(Path.Combine(tree, "gates.config"), config);
        await host.RunAsync("patch", ["-p1", "-i", "gates.patch"], tree);
        await host.RunAsync("make", ["-s", "tinyconfig"], tree);
        await host.RunAsync("/bin/sh", ["scripts/kconfig/merge_config.sh", "-m", ".config", "gates.config"], tree);
        await host.RunAsync("make", ["-s", "olddefconfig"], tree);

        // merge_config.sh drops a line without an error when another option forbids it
        var kept = (await File.ReadAllLinesAsync(Path.Combine(tree, ".config"))).ToHashSet();
        var dropped = config.Split('\n')
            .Where(line => line.StartsWith("CONFIG_", StringComparison.Ordinal) && !kept.Contains(line)).ToList();
        if (dropped.Count > 0)
            throw new LabException($"{GatesSource} drops lines of gates.config: {string.Join(", ", dropped)}");
    }
}

/// <summary>Names of enum values on the command line, in reports and in files.</summary>
static class OptionNames
{
    public static string OptionName<T>(this T value) where T : struct, Enum => value.ToString().ToLowerInvariant();
}
