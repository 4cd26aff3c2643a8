using Drover.Modules;
using Drover.Modules.Config;

namespace Drover.Study.Audit;

/// <summary>Compares the policy with its copy in the initramfs, by the times of the files.</summary>
static class InitramfsPolicy
{
    /// <summary>What initramfs-tools, dracut and mkinitcpio call the image of a kernel.</summary>
    static readonly string[] s_images = ["boot/initrd.img-{0}", "boot/initramfs-{0}.img", "boot/initrd-{0}"];

    /// <summary>The image of a kernel; null if none of the usual names is there.</summary>
    /// <param name="release">The kernel version.</param>
    public static FileInfo? ImageOf(string root, string release) =>
        s_images.Select(name => new FileInfo(Path.Join(root, string.Format(null, name, release))))
            .FirstOrDefault(file => file.Exists);

    /// <summary>A sentence, if a file of the policy is newer than the image; else null.</summary>
    /// <param name="release">The kernel version.</param>
    public static string? IsOld(string root, string release)
    {
        if (ImageOf(root, release) is not { } image)
            return null;
        var newest = ModulePolicy.DirectoriesBelow(root).Where(SystemFiles.Current.IsDirectory)
            .Where(directory => !directory.Contains("/run/", StringComparison.Ordinal))
            .SelectMany(directory => Directory.EnumerateFileSystemEntries(directory).Append(directory))
            .MaxBy(File.GetLastWriteTimeUtc);
        return newest is not null && File.GetLastWriteTimeUtc(newest) > image.LastWriteTimeUtc
            ? $"The initramfs {image.FullName} is older than {newest}: it has another policy until it is built again."
            : null;
    }
}
