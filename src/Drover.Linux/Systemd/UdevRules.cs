using Drover.Text;

namespace Drover.Linux.Systemd;

/// <summary>Takes the rules by which udev loads modules (<c>80-drivers.rules</c>) from it for the lifetime of this
/// object: a link in /run hides the rules of that name (udev(7)), and udevd reads its rules again by itself. One
/// owner.</summary>
public sealed class UdevRules : IDisposable
{
    const string Folder = "/run/udev/rules.d", Empty = "/usr/lib/drover/80-drivers.rules";

    readonly string _link;

    UdevRules(string link) => _link = link;

    /// <exception cref="IOException">The link cannot be made.</exception>
    public static UdevRules Take() => Take(Folder, Empty);

    /// <param name="empty">The rules that udev gets instead.</param>
    internal static UdevRules Take(string folder, string empty)
    {
        var link = Path.Combine(folder, Path.GetFileName(empty));
        try
        {
            Directory.CreateDirectory(folder);
            AtomicFile.Replace(link, temporary => File.CreateSymbolicLink(temporary, empty));
            return new UdevRules(link);
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new IOException(denied.Message, denied);
        }
    }

    /// <summary>Removes the link: udev loads modules again.</summary>
    public void Dispose()
    {
        try
        {
            File.Delete(_link);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // drover.service and the initramfs remove it for a daemon that was killed
        }
    }
}
