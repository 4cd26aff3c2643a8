namespace Drover.Model;

/// <summary>Where something stands in a scenario: <c>cpus</c>, <c>costs.openNs</c>, <c>modules[3].dependencies[1]</c>.</summary>
/// <param name="Section">A member of the document; empty for the document itself.</param>
/// <param name="Index">Which element, where the section is a list.</param>
/// <param name="Name">A member of that.</param>
/// <param name="Item">Which element, where that is a list.</param>
public readonly record struct ScenarioField(string Section, int? Index = null, string? Name = null, int? Item = null)
{
    public override string ToString() => $"{Section}{(Index is { } index ? $"[{index}]" : "")}{(Name is null ? "" : Section.Length == 0 && Index is null ? Name : $".{Name}")}{(Item is { } item ? $"[{item}]" : "")}";
}

/// <summary>What is wrong with a scenario, and where.</summary>
/// <param name="Text">A clause without a full stop.</param>
readonly record struct ScenarioProblem(ScenarioField Field, string Text);
