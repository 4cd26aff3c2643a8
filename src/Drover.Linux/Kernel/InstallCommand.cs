using Drover.Kernel;
using Drover.Linux.Runtime;

namespace Drover.Linux.Kernel;

/// <summary>Runs an <c>install</c> or <c>remove</c> line by the shell, with <c>MODPROBE_MODULE</c>. Blocks.</summary>
public static class InstallCommand
{
    const string Shell = "/bin/sh"; // kmod: _PATH_BSHELL

    /// <summary>Passed from command to command; kmod's <c>MODPROBE_MODULE</c> has only the innermost module.</summary>
    const string Chain = "DROVER_COMMANDS_OF";

    /// <summary>Modules whose running commands led to this process, the outermost first; those of remove commands begin
    /// with a dash.</summary>
    public static string[] Running() =>
        (ProcessText.Variable(Chain) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Whether a module's running command led to this process.</summary>
    public static bool IsRunning(string module, bool isRemove) => Running().Contains(LinkOf(module, isRemove));

    /// <summary>The exit status; 128 + the signal that ended the command; or a <see cref="CommandStatus"/>.</summary>
    internal static int Run(
        string command, string module, IReadOnlyDictionary<string, string> environment, bool isRemove = false)
    {
        // kmod would go on for ever
        if (IsRunning(module, isRemove))
            return CommandStatus.Loop;
        var variables = new Dictionary<string, string>(environment)
        {
            ["MODPROBE_MODULE"] = module,
            [Chain] = string.Join(' ', (string[])[.. Running(), LinkOf(module, isRemove)]),
        };
        for (var tries = 1; ; tries++)
        {
            var error = ChildProcess.Run([Shell, "-c", command], variables, out var status);
            if (error is not (Errno.EAGAIN or Errno.ENOMEM) || tries == Shortage.Tries)
                return error is Errno.None ? status : CommandStatus.NoShell;
            Thread.Sleep(Shortage.PauseAfter(tries));
        }
    }

    static string LinkOf(string module, bool isRemove) => isRemove ? $"-{module}" : module;
}
