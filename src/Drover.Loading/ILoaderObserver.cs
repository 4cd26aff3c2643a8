using Drover.Kernel;

namespace Drover.Loading;

/// <summary>Receives the loader's events on the event loop. Members return soon and do not throw.</summary>
public interface ILoaderObserver
{
    /// <summary>The flight of a module that has a file begins.</summary>
    /// <param name="module">Normalised name.</param>
    /// <param name="needed">The modules it waits for: all hard dependencies, and softdeps "pre".</param>
    void Requested(string module, IReadOnlyList<string> needed)
    {
    }

    /// <summary>A call enters the kernel.</summary>
    void Calling(LoadCall call, ModuleFileFacts file)
    {
    }

    void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took)
    {
    }

    /// <summary>An install command has ended with an exit status, or below 0 when no shell could be started.</summary>
    void CommandEnded(string module, string command, int status)
    {
    }

    /// <summary>A message for people: a retry and its reason, a smaller budget, a request that timed out.</summary>
    void Noted(string message)
    {
    }
}
