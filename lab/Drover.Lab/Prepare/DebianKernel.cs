namespace Drover.Lab.Prepare;

/// <summary>A kernel as Debian ships it, unpacked from its package.</summary>
static class DebianKernel
{
    public static async Task<KernelImage> PrepareAsync(string series, LabCache cache, DebianPackages debian, GuestTree tree, Action<string> say, CancellationToken stop)
    {
        var name = await debian.KernelImageAsync(series, stop);
        var package = (await debian.FilesAsync([name], stop))[0];
        var key = $"{Path.GetFileNameWithoutExtension(package)}-{tree.Key}";
        var entry = await cache.EntryAsync("kernels", key, async folder =>
        {
            say($"preparing {name} (half a minute)");
            using var work = cache.Work();
            await DebianPackages.UnpackAsync(package, work.Path, stop);
            var image = Directory.EnumerateFiles(work.File("boot"), "vmlinuz-*").Single();
            await KernelImage.MakeAsync(folder, image, work.Path, tree, stop);
        }, say, stop);
        return new KernelImage(entry, series);
    }
}
