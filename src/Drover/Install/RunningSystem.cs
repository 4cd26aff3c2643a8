using Drover.CommandLine;
using Drover.Kernel;
using Drover.Linux.Files;
using Drover.Linux.ProcFs;
using Drover.Linux.Runtime;

namespace Drover.Install;

/// <summary>Runs the service manager and the initramfs generator of this machine after an installation.
/// Blocks; the programs write to this process's output. Each method returns whether its program succeeded, and
/// reports a failure.</summary>
/// <param name="root">Of its initramfs and of the program that makes it; tests have their own.</param>
sealed class RunningSystem(Terminal terminal, string root = "/")
{
    /// <summary>Exists while systemd is the service manager (sd_booted(3)).</summary>
    const string SystemdMark = "/run/systemd/system";

    public const string InitramfsTools = "/usr/sbin/update-initramfs";

    const string Dracut = "/usr/bin/dracut";

    /// <summary>Whether systemd is in a root file system; its package has the program in either place.</summary>
    public static bool IsInstalled(string root) =>
        File.Exists(Path.Join(root, "usr/lib/systemd/systemd")) || File.Exists(Path.Join(root, "lib/systemd/systemd"));

    public static bool HasSystemd => Directory.Exists(SystemdMark);

    public bool ReloadUnits() => !HasSystemd || Run("systemctl", "daemon-reload");

    /// <summary>Stops the daemon; udev loads modules again.</summary>
    public bool StopDaemon() => !HasSystemd || Run("systemctl", "stop", "drover.service");

    /// <summary>Rebuilds the initramfs of every kernel, which takes a minute.</summary>
    public bool RebuildInitramfs()
    {
        if (Path.Join(root, InitramfsTools) is var initramfsTools && File.Exists(initramfsTools))
        {
            var release = Machine.KernelRelease();
            var image = Path.Join(root, $"boot/initrd.img-{release}");
            var before = LinuxPath.VersionOf(image);
            if (!Run(initramfsTools, "-u", "-k", "all"))
                return false;
            // "all" are the kernels that have a /boot/vmlinuz-*
            if (before is null || LinuxPath.VersionOf(image) != before)
                return true;
            terminal.Warn($"{image} was not rebuilt and lacks the change: run '{initramfsTools} -c -k {release}'");
            return false;
        }
        if (File.Exists(Dracut))
            return Run(Dracut, "--regenerate-all", "--force");
        terminal.Out.WriteLine("no initramfs rebuilt: found neither initramfs-tools nor dracut");
        return true;
    }

    bool Run(params string[] command)
    {
        var line = string.Join(' ', command);
        terminal.Out.WriteLine(line);
        terminal.Flush();
        var error = ChildProcess.Run(command, new Dictionary<string, string>(), out var status);
        if (error is Errno.None && status == 0)
            return true;
        terminal.Warn(error is Errno.None
            ? $"'{line}' failed with exit status {status}: fix what it reports, then run it again"
            : $"'{line}' could not be run: {ErrnoText.Describe(error)}");
        return false;
    }
}
