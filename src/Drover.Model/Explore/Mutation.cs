namespace Drover.Model;

/// <summary>
/// Code of the model that is broken on purpose, in tests only: each value is asked about at one place, and the explorer must catch each. Whoever adds an invariant
/// adds a mutation that breaks it.
/// </summary>
enum Mutation
{
    None,

    /// <summary>A read that fails (EIO) does not allow writing again.</summary>
    AllowForgottenOnError,

    /// <summary>The exclusive gate is never opened again.</summary>
    GateStaysShut,

    /// <summary>The exclusive gate denies writing as everybody may.</summary>
    GateIsPlainDenial,

    /// <summary>A writer is let in while others deny writing.</summary>
    WriterIsLetIn,

    /// <summary>A module that fails wakes nobody who waits for it.</summary>
    FailureWakesNobody,

    /// <summary>Who waits at the idempotent gate is not woken.</summary>
    GateWakesNobody,

    /// <summary>The end of asynchronous probes wakes nobody.</summary>
    ProbesWakeNobody,

    /// <summary>A failed init keeps the image.</summary>
    ImageIsKept,

    /// <summary>A duplicate noticed early keeps its copy of the file.</summary>
    CopyIsKept,

    /// <summary>A module is added to the list though it is there.</summary>
    DuplicateIsAdded,

    /// <summary>A module that fails goes on using its dependencies.</summary>
    UsersStay,

    /// <summary>What a late duplicate wasted is not counted.</summary>
    WasteIsNotCounted,

    /// <summary>Whoever waited for a module that then failed is told that it is there.</summary>
    FailureIsExists,
}
