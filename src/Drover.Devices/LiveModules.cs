using Drover.Control;
using Drover.Kernel;
using Drover.Loading;

namespace Drover.Devices;

/// <summary>Notices when the init of a module has ended with success, of any loader: for the loader's own loads as
/// soon as it knows, for others by the module's event. Since 5.12 (38dc717e9715) that event comes after the init;
/// before, the state in sysfs is polled until it is live. Runs on the event loop.</summary>
sealed class LiveModules(EventLoop loop, IKernel kernel, Action<LiveModule> publish)
{
    static readonly TimeSpan s_minPoll = TimeSpan.FromMilliseconds(5);

    readonly HashSet<string> _live = [];
    readonly HashSet<string> _polled = [];

    /// <summary>Ends the polls.</summary>
    public CancellationToken Stopping { get; set; }

    /// <summary>A load of ours has made it live.</summary>
    public void Loaded(string module) => Publish(module, isOwn: true);

    /// <summary>The kernel has sent a module's <c>add</c> event.</summary>
    public void Added(string module)
    {
        if (!_live.Contains(module) && _polled.Add(module))
            loop.Detach(PollAsync(module));
    }

    /// <summary>The kernel has sent a module's <c>remove</c> event.</summary>
    public void Removed(string module) => _live.Remove(module);

    /// <summary>Removals may be among the lost events.</summary>
    public void EventsLost() => _live.Clear();

    async Task PollAsync(string module)
    {
        var interval = new PollInterval(s_minPoll);
        while (kernel.InitStateOf(module) is InitState.Coming && !Stopping.IsCancellationRequested)
            await loop.Delay(interval.Next(), Stopping);
        _polled.Remove(module);
        if (kernel.InitStateOf(module) is InitState.Live)
            Publish(module, isOwn: false);
    }

    void Publish(string module, bool isOwn)
    {
        if (_live.Add(module))
            publish(new LiveModule(module, loop.Time.GetElapsedTime(0), isOwn));
    }
}
