using Drover.Devices.Control;
using Drover.Linux;
using Drover.Linux.Control;
using Drover.Loading;

namespace Drover.Verbs;

/// <summary>
/// Loads that the daemon does for us: with it everybody converges, and no index is read here. Where it is not there, may not or does not end what it began, the
/// caller loads by itself, through the gate: what the daemon has loaded meanwhile is live there, and what a dying daemon still has in the kernel keeps its lock.
/// So nothing is loaded twice. Stateless; blocks.
/// </summary>
static class ThroughDaemon
{
    /// <summary>The answers, or null: load without it.</summary>
    /// <param name="requests">They differ in what they ask for alone.</param>
    /// <param name="note">Is told when a daemon went away before it had answered.</param>
    /// <param name="stop">Whoever asks waits no longer: its requests are <see cref="OutcomeKind.Left"/>.</param>
    public static IReadOnlyList<RequestOutcome>? Load(IReadOnlyList<LoadRequest> requests, Action<string> note, CancellationToken stop = default)
    {
        // The daemon may be waiting for the very command that we are called from, and would know nothing of the others above it.
        if (InstallCommand.Running().Length > 0 || LoadMessage.TryWriteCall(requests) is not { } call)
            return null;
        using var client = ControlClient.TryConnect(ControlSocket.DefaultPath);
        if (client is null)
            return null;
        using var leaving = stop.Register(client.Abort);
        var reply = client.Call(call);
        if (reply.End is ControlEnd.Replied && LoadMessage.TryReadReply(reply.Parameters, requests) is { } answers)
        {
            // its indexes may be older than ours
            return answers.Any(answer => answer.Modules.Any(module => module.Kind is OutcomeKind.NotFound)) ? null : answers;
        }
        if (stop.IsCancellationRequested)
            return [.. requests.Select(request => new RequestOutcome(request, [new ModuleOutcome(request.Asked, OutcomeKind.Left)]))];
        if (reply.End is not ControlEnd.Refused) // not permitted, or another version's: we find out ourselves
            note("the daemon went away before it had answered; loading without it");
        return null;
    }
}
