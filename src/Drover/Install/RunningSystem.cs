using System.ComponentModel;
using System.Diagnostics;
using Drover.Output;

namespace Drover.Install;

/// <summary>The machine that runs: its service manager and its initramfs are told of what was installed or taken back. Blocks; what the programs say goes where our own output goes.</summary>
sealed class RunningSystem(Terminal terminal)
{
    /// <summary>There while systemd is the service manager (sd_booted(3)).</summary>
    const string SystemdMark = "/run/systemd/system";

    /// <summary>The program of initramfs-tools.</summary>
    public const string InitramfsTools = "/usr/sbin/update-initramfs";

    const string Dracut = "/usr/bin/dracut";

    public static bool HasSystemd => Directory.Exists(SystemdMark);

    /// <summary>The service manager reads its units anew.</summary>
    /// <returns>Whether all went well; what did not is told.</returns>
    public bool Reload() => !HasSystemd || Run("systemctl", "daemon-reload");

    /// <summary>The daemon ends, and udev loads modules again.</summary>
    /// <inheritdoc cref="Reload"/>
    public bool StopDaemon() => !HasSystemd || Run("systemctl", "stop", "drover.service");

    /// <summary>The initramfs of every kernel is made anew, which takes a minute.</summary>
    /// <inheritdoc cref="Reload"/>
    public bool RebuildInitramfs()
    {
        if (File.Exists(InitramfsTools))
            return Run(InitramfsTools, "-u", "-k", "all");
        if (File.Exists(Dracut))
            return Run(Dracut, "--regenerate-all", "--force");
        terminal.Out.WriteLine("no initramfs is rebuilt: neither initramfs-tools nor dracut is here");
        return true;
    }

    bool Run(params string[] command)
    {
        var line = string.Join(' ', command);
        terminal.Out.WriteLine(line);
        terminal.Flush();
        try
        {
            using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { UseShellExecute = false })!;
            process.WaitForExit();
            if (process.ExitCode == 0)
                return true;
            terminal.Complain($"'{line}' ended with {process.ExitCode}: once what it says is put right, run that command again");
        }
        catch (Win32Exception problem)
        {
            terminal.Complain($"'{line}': {problem.Message}");
        }
        return false;
    }
}
