using Drover.Text;

namespace Drover.Linux.Kernel;

/// <summary>Makes Drover the program that the kernel runs to load a module (request_module;
/// kernel/module/kmod.c: modprobe_path) for the lifetime of this object. The kernel runs it through a link named
/// modprobe, so that it acts as modprobe: it asks the daemon, and loads the module itself if a killed daemon
/// left the link behind. One owner.</summary>
public sealed class KernelModprobe : IDisposable
{
    const string Sysctl = "/proc/sys/kernel/modprobe";
    const string Default = "/sbin/modprobe"; // CONFIG_MODPROBE_PATH in every distribution

    readonly string _sysctl, _link, _before;

    KernelModprobe(string sysctl, string link, string before) => (_sysctl, _link, _before) = (sysctl, link, before);

    /// <summary>Sets kernel.modprobe to a link to this program.</summary>
    /// <param name="folder">Has the link, and the previous value for a daemon started after a SIGKILL.</param>
    /// <exception cref="IOException">kernel.modprobe cannot be set, or is empty.</exception>
    public static KernelModprobe Take(string program, string folder) => Take(program, folder, Sysctl);

    internal static KernelModprobe Take(string program, string folder, string sysctl)
    {
        var (link, note) = (Path.Combine(folder, "modprobe"), Path.Combine(folder, "modprobe.before"));
        try
        {
            var before = Read(sysctl);
            if (before == link) // left by a killed daemon
                before = File.Exists(note) ? Read(note) : Default;
            if (before.Length == 0)
                throw new IOException($"{sysctl} is empty: the kernel loads no module by itself");
            Directory.CreateDirectory(folder);
            AtomicFile.WriteAllText(note, before);
            AtomicFile.Replace(link, temporary => File.CreateSymbolicLink(temporary, program));
            File.WriteAllText(sysctl, link);
            return new KernelModprobe(sysctl, link, before);
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new IOException(denied.Message, denied);
        }
    }

    /// <summary>Restores the previous value if its own is set. The link stays: the kernel may just run it.</summary>
    public void Dispose()
    {
        try
        {
            if (Read(_sysctl) == _link)
                File.WriteAllText(_sysctl, _before);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // the link still works: it loads by itself, with the same locks
        }
    }

    static string Read(string path) => File.ReadAllText(path).TrimEnd('\n');
}
