using System.Text.Json;

namespace Drover.Devices.Control;

/// <summary>Where the answer to a call goes: nowhere for a oneway call. One owner, the event loop.</summary>
internal readonly struct ControlAnswer(ControlSession client, ControlCall call)
{
    public ControlPeer Peer => client.Peer;

    public ControlCall Call => call;

    public ControlSession Client => client;

    /// <summary>Cancelled once there is nobody to answer; a oneway call has nobody who could leave.</summary>
    public CancellationToken Leave => call.IsOneway ? CancellationToken.None : client.Leave;

    public void Reply(Action<Utf8JsonWriter>? parameters = null) => Send(ControlMessage.Reply(parameters));

    public void Error(string error, string? parameter = null, string? value = null) => Send(ControlMessage.Error(error, parameter, value));

    /// <summary>True where nothing is wrong with the parameters; else that is the answer.</summary>
    public bool IsWell(in ParameterReader parameters)
    {
        if (parameters.Wrong is { } wrong)
            Error(ControlErrors.InvalidParameter, "parameter", wrong);
        return parameters.Wrong is null;
    }

    void Send(ReadOnlyMemory<byte> message)
    {
        if (!call.IsOneway)
            client.Send(message);
    }
}
