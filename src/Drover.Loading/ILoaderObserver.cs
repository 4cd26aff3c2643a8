namespace Drover.Loading;

/// <summary>Is told, on the event loop, of what the loader does; must return soon and not throw.</summary>
public interface ILoaderObserver
{
    /// <summary>A call goes to the kernel.</summary>
    void Calling(LoadCall call, ModuleFileFacts file);

    /// <summary>The kernel has answered.</summary>
    void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took);

    /// <summary>Something a person may want to know: a retry and why, a smaller budget, an asker that waited too long.</summary>
    void Noted(string message);
}
