using System.Text.Json;
using Drover.Loading;

namespace Drover.Devices.Control;

/// <summary>io.drover.Loader.Load, as the client writes and reads it and as the daemon does. Stateless.</summary>
public static class LoadMessage
{
    const int MaxAskerBytes = 256;

    /// <summary>What a client sends for requests that differ in what they ask for alone.</summary>
    /// <returns>Null for what a daemon cannot be asked for: a file, the module alone, nothing, or more than fits.</returns>
    public static ReadOnlyMemory<byte>? TryWriteCall(IReadOnlyList<LoadRequest> requests)
    {
        if (requests is not [var first, ..] || first.File is not null || first.Scope is LoadScope.Alone || requests.Count > ControlLimits.MaxNames)
            return null;
        var call = ControlMessage.Call($"{InterfaceText.Loader}.Load", json =>
        {
            ReplyJson.WriteTexts(json, "names", requests.Select(request => request.Asked));
            if (first.Parameters.Length > 0)
                json.WriteString("parameters"u8, first.Parameters);
            if (first.Patience is { } patience)
                json.WriteNumber("patienceMs"u8, (int)Math.Clamp(patience.TotalMilliseconds, 0, int.MaxValue));
            if (first.ApplyBlacklist)
                json.WriteBoolean("applyBlacklist"u8, true);
            if (first.Scope is LoadScope.WithoutCommand)
                json.WriteBoolean("ignoreInstall"u8, true);
            if (first.Asker is { } asker)
                json.WriteString("asker"u8, asker);
        });
        return call.Length <= ControlLimits.MaxMessageBytes ? call : null;
    }

    /// <summary>The answers to a call; null where they are not answers to these requests.</summary>
    public static IReadOnlyList<RequestOutcome>? TryReadReply(JsonElement parameters, IReadOnlyList<LoadRequest> requests)
    {
        if (parameters.ValueKind is not JsonValueKind.Object || !parameters.TryGetProperty("requests"u8, out var list) ||
            list.ValueKind is not JsonValueKind.Array || list.GetArrayLength() != requests.Count)
            return null;
        var answers = new List<RequestOutcome>(requests.Count);
        foreach (var answer in list.EnumerateArray())
        {
            if (answer.ValueKind is not JsonValueKind.Object || !answer.TryGetProperty("modules"u8, out var modules) || modules.ValueKind is not JsonValueKind.Array)
                return null;
            var outcomes = new List<ModuleOutcome>(modules.GetArrayLength());
            foreach (var module in modules.EnumerateArray())
            {
                if (OutcomeJson.TryRead(module) is not { } outcome)
                    return null;
                outcomes.Add(outcome);
            }
            answers.Add(new RequestOutcome(requests[answers.Count], outcomes));
        }
        return answers;
    }

    /// <summary>The requests of a client's call; of no meaning where the reader says that something is wrong.</summary>
    internal static ParameterReader ReadParameters(ControlCall call, ControlPeer peer, out IReadOnlyList<LoadRequest> requests)
    {
        var reader = new ParameterReader(call, "names", "parameters", "patienceMs", "applyBlacklist", "ignoreInstall", "asker");
        var names = reader.RequiredTexts("names", ControlLimits.MaxNames, ControlLimits.MaxNameBytes);
        var (parameters, patience, asker) = (reader.Text("parameters") ?? "", reader.Milliseconds("patienceMs"), reader.Text("asker", MaxAskerBytes));
        var (applyBlacklist, ignoreInstall) = (reader.Flag("applyBlacklist"), reader.Flag("ignoreInstall"));
        var who = string.IsNullOrEmpty(asker) ? $"pid {peer.ProcessId}" : $"{asker} (pid {peer.ProcessId})";
        requests = [.. names.Select(name => new LoadRequest(name, who, Parameters: parameters, Patience: patience, ApplyBlacklist: applyBlacklist)
        {
            Scope = ignoreInstall ? LoadScope.WithoutCommand : LoadScope.Full,
        })];
        return reader;
    }

    internal static void WriteReply(Utf8JsonWriter json, IEnumerable<RequestOutcome> answers) => ReplyJson.WriteObjects(json, "requests", answers, answer =>
    {
        json.WriteString("asked"u8, answer.Request.Asked);
        ReplyJson.WriteObjects(json, "modules", answer.Modules, outcome => OutcomeJson.Write(json, outcome));
    });
}
