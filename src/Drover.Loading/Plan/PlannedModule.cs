namespace Drover.Loading;

/// <summary>A node of the plan: one module and what must or should be there before and after it. The same for everyone who asks, as long as the catalog is.</summary>
/// <param name="Name">Normalised name.</param>
/// <param name="Path">Its file; empty where there is none: a name that a command or, in the command's place, softdeps stand in for.</param>
/// <param name="HardDependencies">Modules without which it cannot be loaded, direct and indirect, in the order in which a sequential loader would load them.</param>
/// <param name="Before">Modules its softdeps want loaded before it, each once, with the alias that a softdep calls it by; their failure is no obstacle.</param>
/// <param name="After">Modules its softdeps want loaded once it is live; as above.</param>
/// <param name="InstallCommand">The shell command that stands in for loading it, or null.</param>
public sealed record PlannedModule(
    string Name,
    string Path,
    IReadOnlyList<string> HardDependencies,
    IReadOnlyList<FoundModule> Before,
    IReadOnlyList<FoundModule> After,
    string? InstallCommand);
