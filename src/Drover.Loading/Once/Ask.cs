namespace Drover.Loading;

/// <summary>What a request, or a flight on behalf of its own askers, brings along when it asks for a module.</summary>
/// <param name="MadeAt">When: a failure known after that answers it.</param>
/// <param name="Order">The number of the request behind it.</param>
/// <param name="OwnParameters">Beside the configured ones.</param>
/// <param name="Alias">Through which the module was found (<see cref="FoundModule.Alias"/>), or null.</param>
/// <param name="Patience">How long the asker can wait, for all modules of its request together; null: as long as it takes.</param>
readonly record struct Ask(Moment MadeAt, long Order, string OwnParameters = "", string? Alias = null, TimeSpan? Patience = null)
{
    /// <summary>The kernel may be waiting for it, in a load that has its share of the budget (design rule 11).</summary>
    public bool IsUrgent { get; init; }

    public LoadScope Scope { get; init; }

    /// <summary>The very file, whatever the index says; or null.</summary>
    public string? File { get; init; }

    /// <summary>The asker no longer waits.</summary>
    public CancellationToken Leave { get; init; }

    /// <summary>What is left of the patience, never below zero.</summary>
    public TimeSpan? PatienceLeft(TimeProvider time) =>
        Patience is not { } patience ? null
        : patience - time.GetElapsedTime(MadeAt.Timestamp) is var left && left > TimeSpan.Zero ? left
        : TimeSpan.Zero;

    /// <summary>Whether an answer is a failure that was known before this was asked: then it is none, and the module is tried once more (design rule 4).</summary>
    public bool IsPast(in Answer answer) => answer.Old is { } known && !answer.Outcome.IsAvailable && !MadeAt.IsAnsweredBy(known);
}
