namespace Drover.Linux;

/// <summary>
/// The program that the kernel runs to have a module loaded (request_module; kernel/module/kmod.c: modprobe_path), set to this one for as long as this object lives. The
/// kernel calls it by a link named modprobe, so that it is modprobe: it asks the daemon, and loads by itself where a killed daemon has left the link behind.
/// One owner.
/// </summary>
public sealed class KernelModprobe : IDisposable
{
    const string Sysctl = "/proc/sys/kernel/modprobe";

    /// <summary>CONFIG_MODPROBE_PATH of every distribution.</summary>
    const string Default = "/sbin/modprobe";

    readonly string _sysctl, _link, _before;

    KernelModprobe(string sysctl, string link, string before) => (_sysctl, _link, _before) = (sysctl, link, before);

    /// <summary>Takes it over.</summary>
    /// <param name="program">Ours, absolute.</param>
    /// <param name="folder">Where the link is made, and what was set before is noted, so that it is known again after a SIGKILL; /run/drover.</param>
    /// <exception cref="IOException">It cannot be set here, or has been emptied, so that the kernel is to load nothing by itself.</exception>
    public static KernelModprobe Take(string program, string folder) => Take(program, folder, Sysctl);

    internal static KernelModprobe Take(string program, string folder, string sysctl)
    {
        var (link, note) = (Path.Combine(folder, "modprobe"), Path.Combine(folder, "modprobe.before"));
        try
        {
            var before = Read(sysctl);
            if (before == link) // of a daemon that was killed
                before = File.Exists(note) ? Read(note) : Default;
            if (before.Length == 0)
                throw new IOException($"{sysctl} is empty: the kernel has been told to load no module by itself");
            Directory.CreateDirectory(folder);
            Replace(note, part => File.WriteAllText(part, before));
            Replace(link, part => File.CreateSymbolicLink(part, program));
            File.WriteAllText(sysctl, link);
            return new KernelModprobe(sysctl, link, before);
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new IOException(denied.Message, denied);
        }
    }

    /// <summary>Gives it back, unless somebody else has set it meanwhile. The link stays: the kernel may be about to run it.</summary>
    public void Dispose()
    {
        try
        {
            if (Read(_sysctl) == _link)
                File.WriteAllText(_sysctl, _before);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // the link is still good: it loads through the gate
        }
    }

    static string Read(string path) => File.ReadAllText(path).TrimEnd('\n');

    /// <summary>In one step: the kernel runs the link at any time.</summary>
    static void Replace(string path, Action<string> make)
    {
        var part = path + ".part";
        File.Delete(part);
        make(part);
        File.Move(part, path, overwrite: true);
    }
}
