namespace Drover.Report;

/// <summary>Why a call was not made earlier.</summary>
enum PathReason
{
    /// <summary>Nothing that is recorded was in its way.</summary>
    Begins,

    /// <summary>It depends on the one before.</summary>
    Needs,

    /// <summary>The one before was loading the same module, and came back while this one was in the kernel.</summary>
    SameModule,

    /// <summary>Both are of one modalias, whose modules are asked for one after another.</summary>
    Order,

    /// <summary>Its worker was busy with the one before.</summary>
    Worker,
}

/// <summary>A call on the path, and why it came after the one before it on the path.</summary>
sealed class PathStep(RecordedCall call, PathReason reason)
{
    public RecordedCall Call => call;

    public PathReason Reason => reason;
}

/// <summary>What the end waited for: from the call that ended last, back through what each waited for. Stateless.</summary>
static class CriticalPath
{
    /// <summary>Each step is a look at all calls; nobody reads longer paths.</summary>
    public const int MostSteps = 500;

    /// <summary>In the order of time; each step begins later than the one before it.</summary>
    public static List<PathStep> Of(IReadOnlyList<RecordedCall> calls)
    {
        var steps = new List<PathStep>();
        RecordedCall? at = null;
        foreach (var call in calls)
        {
            if (at is null || call.EndNs > at.EndNs)
                at = call;
        }
        while (at is not null && steps.Count < MostSteps)
        {
            var before = Before(at, calls, out var reason);
            steps.Add(new PathStep(at, reason));
            at = before;
        }
        steps.Reverse();
        return steps;
    }

    /// <summary>Of all that a call waited for, what let it go last.</summary>
    static RecordedCall? Before(RecordedCall call, IReadOnlyList<RecordedCall> calls, out PathReason reason)
    {
        RecordedCall? latest = null;
        var (released, why) = (long.MinValue, PathReason.Begins);
        foreach (var other in calls)
        {
            if (other.StartNs >= call.StartNs)
                continue;
            var link = Link(call, other);
            // who depends on a module goes on once it is live, which may be before its call is back
            var release = link is PathReason.Needs or PathReason.Order ? Math.Min(other.EndNs, call.StartNs) : other.EndNs;
            if (link is not PathReason.Begins && release >= released)
                (latest, released, why) = (other, release, link);
        }
        reason = why;
        return latest;
    }

    static PathReason Link(RecordedCall call, RecordedCall earlier)
    {
        if (Contains(call.Needed, earlier.Module))
            return PathReason.Needs;
        if (earlier.Module == call.Module && earlier.EndNs > call.StartNs && earlier.EndNs <= call.EndNs)
            return PathReason.SameModule;
        if (call.Asked is not null && earlier.Asked == call.Asked && earlier.Asker == call.Asker && call.WantedNs > earlier.StartNs)
            return PathReason.Order;
        return call.Worker.Length > 0 && earlier.Worker == call.Worker && earlier.EndNs <= call.StartNs ? PathReason.Worker : PathReason.Begins;
    }

    static bool Contains(IReadOnlyList<string> names, string name)
    {
        for (var i = 0; i < names.Count; i++)
        {
            if (names[i] == name)
                return true;
        }
        return false;
    }
}
