using System.Text.Json;
using Drover.Cli;
using Drover.Devices.Control;
using Drover.Linux.Control;

namespace Drover.Verbs;

/// <summary>One call to the daemon of this machine, for the verbs that make no sense without one. Stateless; blocks.</summary>
static class DaemonClient
{
    /// <summary>Where the daemon is.</summary>
    public static string SocketOf(Arguments arguments) => arguments.Text(CommonOptions.Socket) ?? ControlSocket.DefaultPath;

    /// <summary>The parameters of the reply.</summary>
    /// <param name="method">Of io.drover.Loader.</param>
    /// <param name="parameters">Writes those of the call; null for none.</param>
    /// <param name="path">Of the socket.</param>
    /// <param name="stop">The caller waits no longer.</param>
    /// <exception cref="CannotException">There is no daemon, or it does not do this for us.</exception>
    public static JsonElement Call(string method, Action<Utf8JsonWriter>? parameters, string path, CancellationToken stop = default)
    {
        using var client = ControlClient.TryConnect(path)
            ?? throw new CannotException($"no daemon answers at {path}: start one with 'drover daemon'");
        using var leaving = stop.Register(client.Abort);
        var reply = client.Call(ControlMessage.Call($"{InterfaceText.Loader}.{method}", parameters));
        return reply.End switch
        {
            ControlEnd.Replied => reply.Parameters.Clone(),
            ControlEnd.Refused when reply.Error == "org.varlink.service.PermissionDenied" => throw new CannotException("only root may ask the daemon for that: run this with sudo"),
            ControlEnd.Refused => throw new CannotException($"the daemon refuses: {reply.Error} {reply.Parameters}"),
            _ when stop.IsCancellationRequested => throw new CannotException("interrupted"),
            _ => throw new CannotException("the daemon went away before it had answered"),
        };
    }
}
