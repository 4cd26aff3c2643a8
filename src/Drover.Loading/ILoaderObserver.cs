namespace Drover.Loading;

/// <summary>Is told, on the event loop, of what the loader does; must return soon and not throw.</summary>
public interface ILoaderObserver
{
    /// <summary>A call goes to the kernel.</summary>
    void Calling(LoadCall call, ModuleFileFacts file);

    /// <summary>The kernel has answered.</summary>
    void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took);

    /// <summary>An install command has ended; its status is 0, an exit status or, where no shell could be run, below 0.</summary>
    void CommandEnded(string module, string command, int status)
    {
        // of no interest to most
    }

    /// <summary>Something a person may want to know: a retry and why, a smaller budget, an asker that waited too long.</summary>
    void Noted(string message);
}
