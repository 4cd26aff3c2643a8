using Drover.Loading;

namespace Drover.Linux.Gate;

/// <summary>The gate where there can be none: everybody enters at once. Loads of one process still converge; those of several do not. Immutable.</summary>
/// <param name="reason">Why there is none, for a person.</param>
public sealed class NoGate(string reason) : IModuleGate
{
    static readonly Task<IModuleGatePass?> Entered = Task.FromResult<IModuleGatePass?>(OpenPass.Instance);

    /// <summary>Why there is no gate.</summary>
    public string Reason { get; } = reason;

    /// <inheritdoc/>
    public Task<IModuleGatePass?> EnterAsync(string module, CancellationToken leave) => Entered;

    /// <inheritdoc/>
    public IModuleGatePass? TryEnter(string module) => OpenPass.Instance;
}

/// <summary>A pass that holds nothing.</summary>
sealed class OpenPass : IModuleGatePass
{
    internal static readonly OpenPass Instance = new();

    public KnownResult? LastFailure => null;

    public void Leave(KnownResult? failure)
    {
        // nobody waits behind it
    }

    public void Dispose()
    {
        // it holds nothing
    }
}
