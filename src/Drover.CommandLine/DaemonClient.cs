using System.Text.Json;
using Drover.Control;
using Drover.Linux.Sockets;
using Drover.Modules;

namespace Drover.CommandLine;

/// <summary>Calls to this machine's daemon, for verbs that need one. Blocks.</summary>
public static class DaemonClient
{
    const string Unit = "/usr/lib/systemd/system/drover.service";

    /// <summary>How long a daemon on a busy machine may take for a reply that needs no load.</summary>
    public static TimeSpan ReplyLimit { get; } = TimeSpan.FromSeconds(10);

    public static string SocketOf(Arguments arguments) =>
        arguments.Text(CommonOptions.Socket) ?? ControlSocket.DefaultPath;

    /// <summary>Whether a daemon answers, for verbs that do without one too.</summary>
    public static bool IsThere(string socket)
    {
        using var client = ControlClient.TryConnect(socket);
        return client is not null;
    }

    /// <summary>What starts a daemon on this machine.</summary>
    static string StartCommand =>
        SystemFiles.Current.IsFile(Unit) ? "systemctl start drover" : "drover daemon";

    /// <summary>Calls a method of io.drover.Loader and returns what <paramref name="read"/> makes of the parameters of
    /// its reply.</summary>
    /// <param name="parameters">Writes the parameters of the call; null for none.</param>
    /// <param name="read">May throw what JsonElement throws for a member that is missing or of another type.</param>
    /// <param name="limit">How long to wait for the reply; null for <see cref="ReplyLimit"/>.</param>
    /// <exception cref="CommandException">There is no daemon, it refuses or does not reply, its reply is of another
    /// form, or the call was cancelled.</exception>
    public static T Call<T>(
        string method, Action<Utf8JsonWriter>? parameters, string socket, Func<JsonElement, T> read,
        TimeSpan? limit = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        using var client = ControlClient.TryConnect(socket)
            ?? throw new CommandException($"no daemon answers at {socket}: start one with '{StartCommand}'");
        using var abort = cancellationToken.Register(client.Abort);
        var most = limit ?? ReplyLimit;
        var reply = client.Call(VarlinkMessage.Call($"{VarlinkInterfaces.Loader}.{method}", parameters), most);
        switch (reply.End)
        {
            case ControlEnd.Refused when reply.Error == VarlinkErrors.PermissionDenied:
                throw new CommandException("permission denied by the daemon: run this as root");
            case ControlEnd.Refused:
                throw new CommandException($"the daemon refused: {reply.Error} {reply.Parameters}")
                {
                    Refusal = reply.Error,
                };
            case ControlEnd.Gone or ControlEnd.TimedOut when cancellationToken.IsCancellationRequested:
                throw new CommandException("interrupted");
            case ControlEnd.TimedOut:
                throw new CommandException($"the daemon does not reply: it is stopped, or has been busy for "
                    + $"{most.TotalSeconds:0} s");
            case ControlEnd.Gone:
                throw new CommandException("the daemon closed the connection before it replied");
        }
        try
        {
            if (reply.End is ControlEnd.Replied)
                return read(reply.Parameters);
        }
        catch (Exception problem) when (problem is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            // reported below
        }
        throw new CommandException($"the daemon's reply to {method} is not understood: is it of another version?");
    }

    /// <summary>A member that is a text.</summary>
    /// <exception cref="InvalidOperationException">It is another value.</exception>
    /// <exception cref="KeyNotFoundException">It is missing.</exception>
    public static string TextOf(JsonElement of, string name) =>
        of.GetProperty(name).GetString() ?? throw new InvalidOperationException($"{name} is null");
}
