namespace Drover.Model;

/// <summary>Runs a herd on the model, in virtual time. One seed is one trace, under the JIT and in the native binary alike. For one thread at a time; runs side by side share nothing.</summary>
public static class HerdRun
{
    /// <summary>From the first event to the last one's end, or to the end of memory.</summary>
    /// <exception cref="ScenarioException">The scenario contradicts itself.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled; looked at every few thousand steps.</exception>
    public static HerdResult Run(HerdOptions options, IHerdObserver? observer = null, CancellationToken stop = default) => throw new NotSupportedException("not there yet");
}
