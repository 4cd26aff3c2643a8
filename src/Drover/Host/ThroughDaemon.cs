using Drover.Control;
using Drover.Linux.Kernel;
using Drover.Linux.Sockets;
using Drover.Loading;

namespace Drover.Host;

/// <summary>Sends a request to the daemon, which joins all requests of the machine. If there is no daemon, or it
/// refuses or exits, the caller loads through the gate: modules that the daemon has loaded are live then, and a load
/// that a dying daemon left in the kernel keeps its lock, so nothing is loaded twice. Blocks.</summary>
static class ThroughDaemon
{
    /// <summary>The outcomes, or null: the caller has to load the modules.</summary>
    /// <param name="note">Takes a message if the daemon exits before it replies.</param>
    /// <param name="cancellationToken">Ends the wait: the requests are <see cref="OutcomeKind.Left"/>.</param>
    public static IReadOnlyList<RequestOutcome>? Load(
        LoadBatch batch, Action<string> note, CancellationToken cancellationToken = default)
    {
        // The daemon may be waiting for the install command that runs this process, and would not know of outer ones.
        if (InstallCommand.Running().Length > 0 || batch.TryWriteCall() is not { } call)
            return null;
        using var client = ControlClient.TryConnect(ControlSocket.DefaultPath);
        if (client is null)
            return null;
        using var abort = cancellationToken.Register(client.Abort);
        var reply = client.Call(call);
        if (reply.End is ControlEnd.Replied && batch.TryReadReply(reply.Parameters) is { } outcomes)
        {
            // its indexes may be older than ours
            var isUnknown = outcomes.Any(outcome => outcome.Modules.Any(module => module.Kind is OutcomeKind.NotFound));
            return isUnknown ? null : outcomes;
        }
        if (cancellationToken.IsCancellationRequested)
            return [.. batch.Requests.Select(Left)];
        if (reply.End is not ControlEnd.Refused) // a refusal, or another version's daemon, needs no message
            note("the daemon exited before it replied; loading without it");
        return null;
    }

    static RequestOutcome Left(LoadRequest request) =>
        new(request, [new ModuleOutcome(request.Name, OutcomeKind.Left)]);
}
