using System.Text.Json;
using Drover.Kernel;
using Drover.Loading;
using Drover.Modules.Config;
using Drover.Text;

namespace Drover.Control;

/// <summary>Requests that one call of io.drover.Loader.Load can make: they differ in their names only. The client
/// writes the call and reads the reply, the daemon reads the call and writes the reply.</summary>
/// <param name="Names">Module names or modaliases.</param>
public sealed record LoadBatch(IReadOnlyList<string> Names)
{
    const int MaxRequesterBytes = 256;

    static readonly RequestingProcess UnknownOfKernel = new(0) { IsKernel = true };

    /// <summary>Module parameters for each module, in addition to the configured ones.</summary>
    public string Parameters { get; init; } = "";

    /// <summary>How long to wait; null: without limit. Sent in whole milliseconds, at most 24 days.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Apply the blacklist to module names as well as aliases.</summary>
    public bool ApplyBlacklist { get; init; }

    /// <summary>Ignore the install commands and softdeps of the modules.</summary>
    public bool IgnoreInstall { get; init; }

    /// <summary>The program that makes the requests, for reports; at most 256 bytes of UTF-8.</summary>
    public string? Requester { get; init; }

    /// <summary>The program that makes the requests; the daemon takes it from the connection.</summary>
    public PolicyClient? Client { get; init; }

    /// <inheritdoc cref="Client"/>
    public RequestingProcess? Process { get; init; }

    /// <summary>Load also what the policy forbids. A daemon is not asked for that.</summary>
    public bool OverridesPolicy { get; init; }

    public IEnumerable<LoadRequest> Requests => Names.Select(name =>
        new LoadRequest(name, Requester, Parameters: Parameters, Timeout: Timeout, ApplyBlacklist: ApplyBlacklist)
        {
            Scope = IgnoreInstall ? LoadScope.WithoutCommand : LoadScope.Full,
            Client = Client,
            Process = Process,
            OverridesPolicy = OverridesPolicy,
        });

    /// <summary>The call; null for one that overrides the policy, for no names, for more than
    /// <see cref="ControlLimits"/> allows, or for what JSON cannot have.</summary>
    public ReadOnlyMemory<byte>? TryWriteCall()
    {
        if (OverridesPolicy || Names.Count is 0 or > ControlLimits.MaxNames)
            return null;
        if (!Names.All(name => ByteText.IsUtf8(name)) || !ByteText.IsUtf8(Parameters))
            return null;
        var call = VarlinkMessage.Call($"{VarlinkInterfaces.Loader}.Load", json =>
        {
            json.WriteStrings("names", Names);
            if (Parameters.Length > 0)
                json.WriteString("parameters"u8, Parameters);
            if (Timeout is { } timeout)
                json.WritePatience(timeout);
            if (ApplyBlacklist)
                json.WriteBoolean("applyBlacklist"u8, true);
            if (IgnoreInstall)
                json.WriteBoolean("ignoreInstall"u8, true);
            if (Requester is not null)
                json.WriteString("asker"u8, Requester);
        });
        if (call.Length > ControlLimits.MaxMessageBytes)
            return null;
        return call;
    }

    /// <summary>The outcomes in the order of the requests; null if it is no reply to this call.</summary>
    public IReadOnlyList<RequestOutcome>? TryReadReply(JsonElement parameters)
    {
        if (!TryGetArray(parameters, "requests"u8, out var list) || list.GetArrayLength() != Names.Count)
            return null;
        var outcomes = list.EnumerateArray().Zip(Requests, TryReadOutcome).OfType<RequestOutcome>().ToList();
        return outcomes.Count == Names.Count ? outcomes : null;
    }

    static RequestOutcome? TryReadOutcome(JsonElement answer, LoadRequest request)
    {
        if (!TryGetArray(answer, "modules"u8, out var list))
            return null;
        var modules = list.EnumerateArray().Select(OutcomeJson.TryRead).OfType<ModuleOutcome>().ToList();
        var isWhole = modules.Count > 0 && modules.Count == list.GetArrayLength();
        return isWhole ? new RequestOutcome(request, modules) : null;
    }

    static bool TryGetArray(JsonElement json, ReadOnlySpan<byte> name, out JsonElement list)
    {
        list = default;
        return json.ValueKind is JsonValueKind.Object &&
            json.TryGetProperty(name, out list) && list.ValueKind is JsonValueKind.Array;
    }

    /// <summary>Reads a call; <paramref name="batch"/> is meaningful only if all parameters are valid.</summary>
    internal static ParameterReader ReadCall(
        VarlinkCall call, ControlPeer peer, ControlOptions options, out LoadBatch batch)
    {
        var reader = new ParameterReader(
            call, "names", "parameters", "patienceMs", "applyBlacklist", "ignoreInstall", "asker");
        batch = new LoadBatch(reader.RequiredTexts("names", ControlLimits.MaxNames, ControlLimits.MaxNameBytes))
        {
            Parameters = reader.Text("parameters") ?? "",
            Timeout = reader.Milliseconds("patienceMs"),
            Requester = reader.Text("asker", MaxRequesterBytes),
            ApplyBlacklist = reader.Flag("applyBlacklist"),
            IgnoreInstall = reader.Flag("ignoreInstall"),
        };
        var process = peer.Process ?? new RequestingProcess(peer.ProcessId) { UserId = peer.UserId };
        var client = process;
        if (process.IsKernel) // one name at a time (kernel: call_modprobe)
        {
            var asking = batch.Names is [var name, ..] ? options.FindKernelRequest(name) : null;
            // to the policy, a request that the kernel makes for a process is that process's
            (process, client) = (asking ?? UnknownOfKernel, asking ?? process);
        }
        batch = batch with
        {
            Requester = process.Describe(batch.Requester),
            Process = process,
            Client = new PolicyClient(client.UserId ?? peer.UserId, () => client.Cgroup),
        };
        return reader;
    }

    internal static void WriteReply(Utf8JsonWriter json, IEnumerable<RequestOutcome> outcomes) =>
        json.WriteObjects("requests", outcomes, outcome =>
        {
            json.WriteString("asked"u8, outcome.Request.Name);
            json.WriteObjects("modules", outcome.Modules, module => OutcomeJson.Write(json, module));
        });
}

/// <summary>The outcome of one module as JSON, in both directions; the same in every reply and report.</summary>
public static class OutcomeJson
{
    /// <summary>By <see cref="OutcomeKind"/>.</summary>
    static readonly string[] s_kinds =
        ["loaded", "joined", "alreadyLive", "builtIn", "blacklisted", "forbidden", "notFound", "failed", "left"];

    /// <summary>Writes the members; <c>errno</c> and <c>why</c> are null for a success.</summary>
    public static void Write(Utf8JsonWriter json, ModuleOutcome outcome)
    {
        json.WriteString("module"u8, outcome.Module);
        json.WriteString("outcome"u8, NameOf(outcome.Kind));
        json.WriteString("errno"u8, outcome.Error is Errno.None ? null : ErrnoText.Name(outcome.Error));
        json.WriteString("why"u8, outcome.Why);
        json.WriteBoolean("parametersDiffer"u8, outcome.ParametersDiffer);
    }

    /// <summary>Reads what <see cref="Write"/> writes; null for anything else.</summary>
    public static ModuleOutcome? TryRead(JsonElement json)
    {
        var kind = Array.IndexOf(s_kinds, Text(json, "outcome"u8));
        var error = Text(json, "errno"u8) is { } symbol ? ErrnoOf(symbol) : Errno.None;
        if (kind < 0 || Text(json, "module"u8) is not { } module || error is not { } errno)
            return null;
        var differ = json.TryGetProperty("parametersDiffer"u8, out var flag) && flag.ValueKind is JsonValueKind.True;
        return new(module, (OutcomeKind)kind, errno, Text(json, "why"u8), differ);
    }

    /// <summary>The name in reports and metrics.</summary>
    public static string NameOf(OutcomeKind kind) => s_kinds[(int)kind];

    /// <summary>The key of an errno in counts of calls: <c>0</c> for success.</summary>
    public static string KeyOf(Errno error) => error is Errno.None ? "0" : ErrnoText.Name(error);

    /// <summary>Reads what <see cref="KeyOf"/> returns: <c>0</c>, a symbol, or the number of an errno without one
    /// (<see cref="ErrnoText.Name"/>). Null for any other text.</summary>
    public static Errno? ErrnoOf(string name)
    {
        const string Unnamed = "errno ";
        if (name == "0")
            return Errno.None;
        if (ErrnoText.TryParse(name, out var error))
            return error;
        return name.StartsWith(Unnamed, StringComparison.Ordinal) &&
            int.TryParse(name.AsSpan(Unnamed.Length), out var number) && number > 0 ? (Errno)number : null;
    }

    static string? Text(JsonElement json, ReadOnlySpan<byte> name) =>
        json.ValueKind is JsonValueKind.Object && json.TryGetProperty(name, out var text) &&
        text.ValueKind is JsonValueKind.String ? text.GetString() : null;
}
