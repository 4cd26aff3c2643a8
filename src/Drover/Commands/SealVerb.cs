using Drover.CommandLine;
using Drover.Control;
using Drover.Linux.ProcFs;
using Drover.Modules.Config;
using Drover.Text;

namespace Drover.Commands;

/// <summary><c>drover seal</c>: from now on, only what the policy allows <c>when booted</c> is loaded.</summary>
sealed class SealVerb : Verb
{
    public override string Name => "seal";

    public override string Summary => "until the next boot, refuse all modules but those allowed 'when booted'";

    public override string Operands => "";

    public override string Details =>
        """
        From now on until the next boot, the daemon, drover load and kmod's tools load only modules for which
        the policy has a line 'allow PATTERN when booted', and what these need. Lines 'forbid PATTERN when
        booted' apply from now on as well. Modules that are loaded stay loaded. The command returns after the
        daemon has read the seal.
        Other programs of root can still call the kernel: docs/policy.md says what closes that door.
        """;

    public override IReadOnlyList<Option> Options => [CommonOptions.Socket];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover seal", "at the end of the boot, when all modules that the machine needs are live"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        if (ProcessCgroup.UserId != 0)
            throw new CommandException("only root can seal the machine");
        Directory.CreateDirectory(Path.GetDirectoryName(ModulePolicy.SealFile)!);
        AtomicFile.WriteAllText(ModulePolicy.SealFile, "drover seal\n");
        var policy = ModuleSource.PolicyOf();
        terminal.WarnOf(policy);
        TellDaemon(arguments, terminal);
        switch (policy)
        {
            case null:
                terminal.Warn("the seal is without effect: drover.policy=off is on the kernel's command line");
                return ExitCode.Failure;
            case { IsWarnOnly: true }:
                terminal.Warn("the policy is warn-only: modules are still loaded, with a message");
                break;
        }
        return ExitCode.Ok;
    }

    static void TellDaemon(Arguments arguments, Terminal terminal)
    {
        var socket = DaemonClient.SocketOf(arguments);
        // a machine may have no daemon; a socket that was named has one
        if (!DaemonClient.IsThere(socket) && !arguments.Has(CommonOptions.Socket))
            return;
        try
        {
            _ = DaemonClient.Call("Reload", parameters: null, socket, _ => "");
        }
        catch (CommandException problem) when (problem.Refusal is VarlinkErrors.ReloadFailed)
        {
            terminal.Warn($"sealed; the daemon keeps its old indexes: {problem.Message}"); // its policy is new
        }
        catch (CommandException problem)
        {
            throw new CommandException($"sealed, but the daemon does not know it yet: {problem.Message}");
        }
    }
}
