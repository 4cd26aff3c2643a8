using System.Text.Json;
using Drover.Control;
using Drover.Linux.Sockets;

namespace Drover.CommandLine;

/// <summary>Calls to this machine's daemon, for verbs that need one. Blocks.</summary>
public static class DaemonClient
{
    public static string SocketOf(Arguments arguments) =>
        arguments.Text(CommonOptions.Socket) ?? ControlSocket.DefaultPath;

    /// <summary>Calls a method of io.drover.Loader and returns the parameters of its reply.</summary>
    /// <param name="parameters">Writes the parameters of the call; null for none.</param>
    /// <exception cref="CommandException">There is no daemon, it refuses, or the call was cancelled.</exception>
    public static JsonElement Call(
        string method, Action<Utf8JsonWriter>? parameters, string socket, CancellationToken cancellationToken = default)
    {
        using var client = ControlClient.TryConnect(socket)
            ?? throw new CommandException($"no daemon answers at {socket}: start one with 'drover daemon'");
        using var abort = cancellationToken.Register(client.Abort);
        var reply = client.Call(VarlinkMessage.Call($"{VarlinkInterfaces.Loader}.{method}", parameters));
        return reply.End switch
        {
            ControlEnd.Replied => reply.Parameters.Clone(),
            ControlEnd.Refused when reply.Error == "org.varlink.service.PermissionDenied" =>
                throw new CommandException("permission denied by the daemon: run this as root"),
            ControlEnd.Refused => throw new CommandException($"the daemon refused: {reply.Error} {reply.Parameters}"),
            _ when cancellationToken.IsCancellationRequested => throw new CommandException("interrupted"),
            _ => throw new CommandException("the daemon closed the connection before it replied"),
        };
    }
}
