using System.Security.Cryptography;
using System.Text;

namespace Drover.Lab.Prepare;

/// <summary>
/// A small kernel of our own whose gate, what happens to a second load of a file in flight, is chosen at boot by
/// <c>module.gate=</c>. Debian's source, tinyconfig with gates.config merged over it, and gates.patch.
/// </summary>
static class GatesKernel
{
    const string Source = "linux-source-6.12";

    public static async Task<KernelImage> PrepareAsync(LabCache cache, DebianPackages debian, GuestTree tree, Action<string> say, CancellationToken stop)
    {
        var package = (await debian.FilesAsync([Source], stop))[0];
        var made = await BuildAsync(package, cache, say, stop);
        var entry = await cache.EntryAsync("kernels", $"{Path.GetFileName(made)}-{tree.Key}", async folder =>
        {
            say("preparing the gates kernel's initramfs");
            using var work = cache.Work();
            await Command.RunAsync("cp", ["-a", Path.Combine(made, "lib"), work.Path], stop);
            await KernelImage.MakeAsync(folder, Path.Combine(made, "bzImage"), work.Path, tree, stop);
        }, say, stop);
        return new KernelImage(entry, "gates");
    }

    /// <summary>Kept apart from the initramfs: a new udev must not cost a new build.</summary>
    static async Task<string> BuildAsync(string package, LabCache cache, Action<string> say, CancellationToken stop)
    {
        var recipe = Resources.GatesConfig + Resources.GatesPatch;
        var key = $"gates-{Path.GetFileNameWithoutExtension(package)}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(recipe)))[..8]}";
        return await cache.EntryAsync("built", key, async folder =>
        {
            await HostTools.EnsureForBuildingAsync(cache, say, stop);
            say($"building the gates kernel from {Path.GetFileName(package)} (once; about ten minutes on two cores)");
            using var work = cache.Work();
            await DebianPackages.UnpackAsync(package, work.Path, stop);
            await Command.RunAsync("tar", ["-xf", work.File($"usr/src/{Source}.tar.xz"), "-C", work.Path], stop);
            var tree = work.File(Source);
            await ConfigureAsync(tree, stop);
            await Command.RunAsync("make", ["-s", $"-j{Environment.ProcessorCount}", "bzImage", "modules"], stop, tree);
            await Command.RunAsync("make", ["-s", "modules_install", "DEPMOD=true", $"INSTALL_MOD_PATH={folder}"], stop, tree);
            File.Copy(Path.Combine(tree, "arch/x86/boot/bzImage"), Path.Combine(folder, "bzImage"));
        }, say, stop);
    }

    static async Task ConfigureAsync(string tree, CancellationToken stop)
    {
        var (patch, config) = (Path.Combine(tree, "gates.patch"), Path.Combine(tree, "gates.config"));
        await File.WriteAllTextAsync(patch, Resources.GatesPatch, stop);
        await File.WriteAllTextAsync(config, Resources.GatesConfig, stop);
        await Command.RunAsync("patch", ["-p1", "-i", patch], stop, tree);
        await Command.RunAsync("make", ["-s", "tinyconfig"], stop, tree);
        await Command.RunAsync(Path.Combine(tree, "scripts/kconfig/merge_config.sh"), ["-m", ".config", config], stop, tree);
        await Command.RunAsync("make", ["-s", "olddefconfig"], stop, tree);

        // merging drops in silence what another option forbids; a kernel that lacks what it should show is not the one we mean
        var honoured = (await File.ReadAllLinesAsync(Path.Combine(tree, ".config"), stop)).ToHashSet();
        var dropped = Resources.GatesConfig.Split('\n').Where(line => line.StartsWith("CONFIG_", StringComparison.Ordinal) && !honoured.Contains(line)).ToList();
        if (dropped.Count > 0)
            throw new LabException($"{Source} does not take these lines of gates.config: {string.Join(", ", dropped)}");
    }
}
