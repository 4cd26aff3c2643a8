namespace Drover.Report;

/// <summary>What somebody did for a while. The later of two is drawn where there is room for one only.</summary>
enum BarKind { Loading, Waiting, Failed }

/// <summary>A while on the way of a module into the kernel.</summary>
/// <param name="FromNs">Since the beginning of what is drawn.</param>
/// <param name="Outcome">How it ended, for people; empty while it has not.</param>
readonly record struct Bar(long FromNs, long ToNs, BarKind Kind, string Module, string Outcome);

/// <summary>A line of a Gantt chart: a worker, a task or a module, and what it did. Changed by whoever makes it, until it is drawn.</summary>
/// <param name="name">Of whom it tells; as it came from outside.</param>
sealed class Row(string name)
{
    public string Name => name;

    public long Calls { get; set; }

    /// <summary>Ascending by their beginning.</summary>
    public List<Bar> Bars { get; init; } = [];

    /// <summary>Of these, what the critical path goes through.</summary>
    public List<Bar> Path { get; init; } = [];
}
