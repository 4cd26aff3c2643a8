namespace Drover.Loading;

/// <summary>Is told, on the event loop, of what the loader does; must return soon and not throw.</summary>
public interface ILoaderObserver
{
    /// <summary>A module that has a file is on its way: it is asked for, and nobody else's asking for it is in flight.</summary>
    /// <param name="module">Normalised name.</param>
    /// <param name="needed">What it waits for before its own call: hard dependencies, direct and indirect, and softdeps "pre".</param>
    void Wanted(string module, IReadOnlyList<string> needed)
    {
        // of no interest to most
    }

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
