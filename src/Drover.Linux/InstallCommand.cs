using System.ComponentModel;
using System.Diagnostics;

namespace Drover.Linux;

/// <summary>An <c>install</c> or <c>remove</c> line of modprobe.d, run as kmod runs it: by the shell, with <c>MODPROBE_MODULE</c> set. Stateless; blocks.</summary>
public static class InstallCommand
{
    /// <summary>kmod's <c>_PATH_BSHELL</c>.</summary>
    const string Shell = "/bin/sh";

    /// <summary>Handed down from command to command; kmod's <c>MODPROBE_MODULE</c> names the innermost alone.</summary>
    const string Chain = "DROVER_COMMANDS_OF";

    /// <summary>Modules whose commands led to this process, the outermost first: each of those commands is still running.</summary>
    public static string[] Running() => (Environment.GetEnvironmentVariable(Chain) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The exit status; 128 + the signal's number when one ended it; −1 when no shell could be run.</summary>
    internal static int Run(string command, string module, IReadOnlyDictionary<string, string> environment)
    {
        // The variable is put into the child's own environment: ours is libc's no longer, and setting it here would reach no child, or all.
        var start = new ProcessStartInfo(Shell) { UseShellExecute = false, ArgumentList = { "-c", command } };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        start.Environment["MODPROBE_MODULE"] = module;
        start.Environment[Chain] = string.Join(' ', (string[])[.. Running(), module]);
        try
        {
            using var shell = Process.Start(start);
            if (shell is null)
            {
                return -1;
            }

            shell.WaitForExit();
            return shell.ExitCode;
        }
        catch (Win32Exception)
        {
            return -1;
        }
    }
}
