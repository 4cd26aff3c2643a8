using System.Diagnostics;
using System.Text.Json;
using Drover.Loading;
using Drover.Modules.Tree;
using Drover.Text;

namespace Drover.Control;

/// <summary>io.drover.Loader (docs/io.drover.Loader.varlink): its methods. Runs on the event loop.</summary>
sealed class LoaderInterface(ILoadService loads, ControlOptions options, Func<string> metrics) : IDisposable
{
    readonly List<ControlSession> _subscribers = [];
    IDisposable? _subscription;

    public Task InvokeAsync(string method, VarlinkResponder responder)
    {
        switch (method)
        {
            case "Load": return AnswerLoadAsync(responder);
            case "Settle": return SettleAsync(responder);
            case "Subscribe": return SubscribeAsync(responder);
            case "Reload": Reload(responder); break;
            case "Resolve": Resolve(responder); break;
            case "Status" when responder.AcceptsNoParameters():
                var unfinished = loads.Unfinished(ControlLimits.MaxListed);
                responder.Reply(json => LoaderJson.WriteStatus(json, loads.Status(), unfinished));
                break;
            case "Modules" when responder.AcceptsNoParameters():
                responder.Reply(json => json.WriteObjects(
                    "modules", loads.Modules(), module => ModuleRecordJson.Write(json, module)));
                break;
            case "Metrics" when responder.AcceptsNoParameters():
                responder.Reply(json => json.WriteString("text"u8, metrics()));
                break;
            case "Status" or "Modules" or "Metrics":
                break; // refused for its parameters
            default:
                responder.Error(VarlinkErrors.MethodNotFound, "method", method);
                break;
        }
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        _subscription?.Dispose();
        _subscription = null;
    }

    async Task AnswerLoadAsync(VarlinkResponder responder)
    {
        if (!MayChange(responder))
            return;
        var parameters = LoadBatch.ReadCall(responder.Call, responder.Peer, options, out var batch);
        if (!responder.Accepts(parameters))
            return;
        var loading = batch.Requests.Select(request => loads.LoadForClientAsync(request, responder.Disconnected));
        var outcomes = await Task.WhenAll(loading);
        responder.Reply(json => LoadBatch.WriteReply(json, outcomes));
    }

    void Resolve(VarlinkResponder responder)
    {
        var parameters = new ParameterReader(responder.Call, "name");
        var name = parameters.RequiredText("name", ControlLimits.MaxNameBytes);
        if (!responder.Accepts(parameters))
            return;
        try
        {
            var modules = loads.Resolve(name);
            responder.Reply(json => json.WriteStrings("modules", modules));
        }
        catch (Exception damage) when (ModuleTree.IsDamage(damage))
        {
            responder.Error(VarlinkErrors.DamagedIndex, "why", damage.Message);
        }
    }

    async Task SettleAsync(VarlinkResponder responder)
    {
        if (!MayChange(responder))
            return;
        var parameters = new ParameterReader(responder.Call, "target", "patienceMs");
        var (target, timeout) = (parameters.Text("target"), parameters.Milliseconds("patienceMs"));
        if (!responder.Accepts(parameters))
            return;
        var settled = await loads.SettleAsync(target, timeout, responder.Disconnected);
        var unfinished = settled ? UnfinishedWork.None : loads.Unfinished(ControlLimits.MaxListed);
        responder.Reply(json => LoaderJson.WriteSettled(json, settled, unfinished));
    }

    async Task SubscribeAsync(VarlinkResponder responder)
    {
        if (!responder.AcceptsNoParameters() || responder.Call.IsOneway)
            return;
        if (!responder.Call.WantsMore)
        {
            responder.Error(VarlinkErrors.ExpectedMore);
            return;
        }
        var client = responder.Client;
        _subscription ??= loads.Subscribe(new ServiceSubscriber(
            served => Publish(served, live: null), live => Publish(served: null, live)));
        _subscribers.Add(client);
        client.Send(VarlinkMessage.Reply(json => LoaderJson.WriteEvent(json, null, null), continues: true));
        await client.Left;
        var removed = _subscribers.Remove(client);
        Debug.Assert(removed, "a session has one call at a time");
        if (_subscribers.Count == 0)
            Dispose();
    }

    /// <summary>Writes a reply once, for all subscribers.</summary>
    void Publish(ServedOutcome? served, LiveModule? live)
    {
        var message = VarlinkMessage.Reply(json => LoaderJson.WriteEvent(json, served, live), continues: true);
        foreach (var client in _subscribers)
            client.Send(message); // a client that is disconnected for this is removed in a later turn
    }

    void Reload(VarlinkResponder responder)
    {
        if (!MayChange(responder) || !responder.AcceptsNoParameters())
            return;
        if (loads.Reload() is { } why)
            responder.Error(VarlinkErrors.ReloadFailed, "why", why);
        else
            responder.Reply();
    }

    /// <summary>True for a client that may change something; otherwise replies with the error.</summary>
    bool MayChange(VarlinkResponder responder)
    {
        if (options.MayChange(responder.Peer))
            return true;
        responder.Error(VarlinkErrors.PermissionDenied);
        return false;
    }
}

/// <summary>Writes the parameters of replies: each type as docs/io.drover.Loader.varlink declares it.</summary>
static class LoaderJson
{
    public static void WriteStatus(Utf8JsonWriter json, ServiceStatus status, UnfinishedWork unfinished)
    {
        json.WriteString("release"u8, status.Release);
        json.WriteNumber("uptimeUs"u8, Us(status.Uptime));
        json.WriteBoolean("settled"u8, status.IsSettled);
        json.WriteNumber("events"u8, status.Events);
        json.WriteNumber("seqnum"u8, status.Seqnum);
        json.WriteNumber("timesLost"u8, status.TimesLost);
        json.WriteNumber("devices"u8, status.Devices);
        json.WriteNumber("reloads"u8, status.Reloads);
        json.WriteObject("counts", () => WriteCounts(json, status.Counts));
        WriteUnfinished(json, unfinished);
    }

    public static void WriteSettled(Utf8JsonWriter json, bool settled, UnfinishedWork unfinished)
    {
        json.WriteBoolean("settled"u8, settled);
        WriteUnfinished(json, unfinished);
    }

    /// <summary>What a subscriber is sent: one of the two, or nothing yet.</summary>
    public static void WriteEvent(Utf8JsonWriter json, ServedOutcome? served, LiveModule? live)
    {
        if (served is not null)
            WriteServed(json, served);
        else
            json.WriteNull("served"u8);
        if (live is not null)
            WriteLive(json, live);
        else
            json.WriteNull("live"u8);
    }

    static void WriteServed(Utf8JsonWriter json, ServedOutcome served) => json.WriteObject("served", () =>
    {
        json.WriteString("asked"u8, served.Request.Name);
        json.WriteString("asker"u8, served.Request.Requester);
        ProcessJson.Write(json, "process"u8, served.Request.Process);
        if (served.Request.Seqnum is { } seqnum)
            json.WriteNumber("seqnum"u8, seqnum);
        else
            json.WriteNull("seqnum"u8);
        json.WriteObject("outcome", () => OutcomeJson.Write(json, served.Outcome));
        json.WriteNumber("atUs"u8, Us(served.At));
        json.WriteNumber("tookUs"u8, Us(served.Took));
    });

    static void WriteLive(Utf8JsonWriter json, LiveModule live) => json.WriteObject("live", () =>
    {
        json.WriteString("module"u8, live.Module);
        json.WriteNumber("atUs"u8, Us(live.At));
        json.WriteBoolean("own"u8, live.IsOwn);
    });

    static void WriteCounts(Utf8JsonWriter json, LoaderStatistics counts)
    {
        json.WriteNumber("requests"u8, counts.Requests);
        json.WriteNumber("asked"u8, counts.Requested);
        json.WriteNumber("calls"u8, counts.Calls);
        json.WriteStartObject("callsByErrno"u8);
        foreach (var (error, calls) in counts.CallsByErrno.OrderBy(entry => entry.Key))
            json.WriteNumber(OutcomeJson.KeyOf(error), calls);
        json.WriteEndObject();
        json.WriteNumber("attempted"u8, counts.Attempted);
        json.WriteStartObject("outcomes"u8);
        foreach (var (kind, count) in counts.Outcomes.OrderBy(entry => entry.Key))
            json.WriteNumber(OutcomeJson.NameOf(kind), count);
        json.WriteEndObject();
        json.WriteNumber("converged"u8, counts.Converged);
        json.WriteNumber("loadedFileBytes"u8, counts.LoadedFileBytes);
        json.WriteNumber("wastedFileBytes"u8, counts.WastedFileBytes);
        json.WriteNumber("peakBytesInFlight"u8, counts.PeakBytesInFlight);
        json.WriteNumber("peakCallsInFlight"u8, counts.PeakCallsInFlight);
    }

    static void WriteUnfinished(Utf8JsonWriter json, UnfinishedWork unfinished)
    {
        json.WriteObjects("running", unfinished.Running, load =>
        {
            json.WriteString("module"u8, load.Module);
            json.WriteNumber("fileBytes"u8, load.FileBytes);
            json.WriteNumber("ageUs"u8, Us(load.Age));
            json.WriteString("asker"u8, load.Requester);
        });
        json.WriteObjects("waiting", unfinished.Waiting, request =>
        {
            json.WriteString("asked"u8, request.Name);
            json.WriteString("asker"u8, request.Requester);
            json.WriteNumber("ageUs"u8, Us(request.Age));
        });
        json.WriteNumber("waitingCount"u8, unfinished.WaitingCount);
    }

    static long Us(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;
}
