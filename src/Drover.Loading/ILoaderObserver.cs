using Drover.Kernel;

namespace Drover.Loading;

/// <summary>Receives the loader's events on the event loop. Members return soon and do not throw.</summary>
public interface ILoaderObserver
{
    /// <summary>The flight of a module that has a file begins.</summary>
    /// <param name="source">The request that it is for.</param>
    /// <param name="module">Normalised name.</param>
    /// <param name="neededBy">The module that brings it along; null for one that was requested itself.</param>
    /// <param name="needed">The modules it waits for: all hard dependencies, and softdeps "pre".</param>
    void Requested(LoadRequest source, string module, string? neededBy, IReadOnlyList<string> needed)
    {
    }

    /// <summary>A call enters the kernel.</summary>
    void Calling(LoadCall call, ModuleFileFacts file)
    {
    }

    void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took)
    {
    }

    /// <summary>A load has failed for good, but for a driver without hardware (ENODEV).</summary>
    /// <param name="why">As the outcome's: the cause, what to do, the kernel's own lines.</param>
    void Failed(LoadCall call, Errno error, string why)
    {
    }

    /// <summary>The init of a module that this loader loads has ended with success; its call may not have
    /// returned.</summary>
    void BecameLive(string module)
    {
    }

    /// <summary>A module's install command is about to run.</summary>
    void CommandStarting(string module)
    {
    }

    /// <summary>An install command has ended with an exit status, or below 0 when no shell could be started.</summary>
    void CommandEnded(string module, string command, int status)
    {
    }

    /// <summary>The policy forbids a requested module, or says something about one that is loaded.</summary>
    /// <param name="source">The request.</param>
    /// <param name="module">Normalised name.</param>
    /// <param name="action">What it did.</param>
    /// <param name="why">The rest of a message that begins with the module's name.</param>
    void PolicyApplied(LoadRequest source, string module, PolicyAction action, string why)
    {
    }

    /// <summary>A message for people: a retry and its reason, a smaller budget, a request that timed out.</summary>
    void Noted(string message)
    {
    }
}
