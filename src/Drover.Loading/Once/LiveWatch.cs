namespace Drover.Loading;

/// <summary>
/// Looks, while a call is in the kernel, whether its module is live already. Being live comes before the call's return: <c>do_init_module</c> then waits until all
/// probes that run asynchronously have ended, of whichever driver (<c>async_synchronize_full</c>): while one disk spins up, every load takes as long. Since 5.12
/// (38dc717e9715) the kernel sends the module's <c>add</c> event between the two; who hears it says so. For all others this looks, and most calls return
/// before the first time. One owner, the event loop.
/// </summary>
sealed class LiveWatch : IDisposable
{
    /// <summary>As long as a load keeps its headway: what returns before costs no look. Looking every 5 ms was measured, too, in the lab: more looks, later ends.</summary>
    static readonly TimeSpan ShortestLook = TimeSpan.FromMilliseconds(50);

    readonly IKernel _kernel;
    readonly string _module;
    readonly Action _isLive;
    readonly ITimer _timer;
    bool _isOver;
    Looks _looks = new(ShortestLook);

    /// <param name="loop">Whose time it goes by.</param>
    /// <param name="kernel">Is looked at.</param>
    /// <param name="module">Normalised name.</param>
    /// <param name="isLive">Called once, unless the watch is disposed of before.</param>
    public LiveWatch(EventLoop loop, IKernel kernel, string module, Action isLive)
    {
        (_kernel, _module, _isLive) = (kernel, module, isLive);
        _timer = loop.Time.CreateTimer(_ => Look(), null, _looks.NextPause(), Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        _isOver = true;
        _timer.Dispose();
    }

    /// <summary>Looks now: the module may have become live.</summary>
    public void Look()
    {
        if (_isOver)
            return;
        if (_kernel.InitStateOf(_module) is InitState.Live)
        {
            Dispose();
            _isLive();
        }
        else
        {
            _timer.Change(_looks.NextPause(), Timeout.InfiniteTimeSpan);
        }
    }
}
