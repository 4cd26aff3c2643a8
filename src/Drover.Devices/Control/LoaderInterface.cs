using Drover.Modules;

namespace Drover.Devices.Control;

/// <summary>io.drover.Loader (docs/io.drover.Loader.varlink): each method, in the text's order. One owner, the event loop.</summary>
internal sealed class LoaderInterface(ILoadService loads, ControlOptions options, Func<string> metrics) : IDisposable
{
    readonly Subscribers _subscribers = new(loads);

    public Task AnswerAsync(string method, ControlAnswer answer) => method switch
    {
        "Load" => LoadAsync(answer),
        "Resolve" => Done(Resolve, answer),
        "Status" => Done(Status, answer),
        "Modules" => Done(Modules, answer),
        "Settle" => SettleAsync(answer),
        "Subscribe" => SubscribeAsync(answer),
        "Metrics" => Done(Metrics, answer),
        "Reload" => Done(Reload, answer),
        _ => Done(unknown => unknown.Error(ControlErrors.MethodNotFound, "method", method), answer),
    };

    public void Dispose() => _subscribers.Dispose();

    static Task Done(Action<ControlAnswer> method, ControlAnswer answer)
    {
        method(answer);
        return Task.CompletedTask;
    }

    async Task LoadAsync(ControlAnswer answer)
    {
        if (!MayChange(answer))
            return;
        var parameters = LoadMessage.ReadParameters(answer.Call, answer.Peer, out var requests);
        if (!answer.IsWell(parameters))
            return;
        var outcomes = await Task.WhenAll(requests.Select(request => loads.LoadAsync(request, answer.Leave)));
        answer.Reply(json => LoadMessage.WriteReply(json, outcomes));
    }

    void Resolve(ControlAnswer answer)
    {
        var parameters = new ParameterReader(answer.Call, "name");
        var name = parameters.RequiredText("name", ControlLimits.MaxNameBytes);
        if (!answer.IsWell(parameters))
            return;
        try
        {
            var modules = loads.Resolve(name);
            answer.Reply(json => ReplyJson.WriteTexts(json, "modules", modules));
        }
        catch (ModuleDataException damage)
        {
            answer.Error(ControlErrors.DamagedIndex, "why", damage.Message);
        }
    }

    void Status(ControlAnswer answer)
    {
        if (answer.IsWell(new ParameterReader(answer.Call)))
            answer.Reply(json => ReplyJson.WriteStatus(json, loads.Status()));
    }

    void Modules(ControlAnswer answer)
    {
        if (answer.IsWell(new ParameterReader(answer.Call)))
            answer.Reply(json => ReplyJson.WriteModules(json, loads.Modules()));
    }

    async Task SettleAsync(ControlAnswer answer)
    {
        if (!MayChange(answer))
            return;
        var parameters = new ParameterReader(answer.Call, "target", "patienceMs");
        var (target, patience) = (parameters.Text("target"), parameters.Milliseconds("patienceMs"));
        if (!answer.IsWell(parameters))
            return;
        var outcome = await loads.SettleAsync(target, patience, answer.Leave);
        answer.Reply(json => ReplyJson.WriteSettled(json, outcome));
    }

    async Task SubscribeAsync(ControlAnswer answer)
    {
        if (!answer.IsWell(new ParameterReader(answer.Call)))
            return;
        if (answer.Call.IsOneway)
            return; // there is nothing to do for who wants no answer
        if (!answer.Call.WantsMore)
        {
            answer.Error(ControlErrors.ExpectedMore);
            return;
        }
        _subscribers.Add(answer.Client);
        await answer.Client.Left;
        _subscribers.Remove(answer.Client);
    }

    void Metrics(ControlAnswer answer)
    {
        if (!answer.IsWell(new ParameterReader(answer.Call)))
            return;
        answer.Reply(json => json.WriteString("text"u8, metrics()));
    }

    void Reload(ControlAnswer answer)
    {
        if (!MayChange(answer) || !answer.IsWell(new ParameterReader(answer.Call)))
            return;
        if (loads.Reload() is { } why)
            answer.Error(ControlErrors.ReloadFailed, "why", why);
        else
            answer.Reply();
    }

    /// <summary>True for who may; else that is the answer.</summary>
    bool MayChange(ControlAnswer answer)
    {
        if (options.MayChange(answer.Peer))
            return true;
        answer.Error(ControlErrors.PermissionDenied);
        return false;
    }
}
