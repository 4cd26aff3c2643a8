namespace Drover.Model;

/// <summary>A scenario that cannot be run: not JSON, not our format, or contradicting itself. Its message names file, line and field as far as they are known, and is fit to be shown.</summary>
public sealed class ScenarioException(string problem) : Exception(problem);
