using Drover.Study.Recordings;

namespace Drover.Study.Report;

/// <summary>Why a call did not start earlier.</summary>
enum PathReason
{
    Begins, // the recording shows no reason
    Needs, // it depends on the previous call's module
    SameModule, // the previous call loaded the same module and returned while this call was in the kernel
    Order, // both modules belong to one modalias, whose modules are requested one after another
    Worker, // its worker was busy with the previous call
}

/// <summary>A call on the path, and why it follows the previous call on the path.</summary>
sealed record PathStep(RecordedCall Call, PathReason Reason);

/// <summary>The chain of calls that determined the end, from the last call back through each call's wait.</summary>
static class CriticalPath
{
    public const int MaxSteps = 500; // a step scans all calls; a longer path is unreadable

    /// <summary>Ascending by start; each step starts later than the previous one.</summary>
    public static List<PathStep> Of(IReadOnlyList<RecordedCall> calls)
    {
        var steps = new List<PathStep>();
        for (var call = calls.MaxBy(call => call.EndNs); call is not null && steps.Count < MaxSteps;)
        {
            var before = Before(call, calls, out var reason);
            steps.Add(new PathStep(call, reason));
            call = before;
        }
        steps.Reverse();
        return steps;
    }

    /// <summary>Of all calls that a call waited for, the one that released it last.</summary>
    static RecordedCall? Before(RecordedCall call, IReadOnlyList<RecordedCall> calls, out PathReason reason)
    {
        RecordedCall? latest = null;
        reason = PathReason.Begins;
        var released = long.MinValue;
        foreach (var other in calls)
        {
            if (other.StartNs >= call.StartNs || Link(call, other) is not (not PathReason.Begins and var link))
                continue;
            // a dependent continues once the module is live, which may be before the call returns
            var release = link is PathReason.Needs or PathReason.Order
                ? Math.Min(other.EndNs, call.StartNs)
                : other.EndNs;
            if (release >= released)
                (latest, released, reason) = (other, release, link);
        }
        return latest;
    }

    static PathReason Link(RecordedCall call, RecordedCall earlier)
    {
        if (call.Needed.Contains(earlier.Module))
            return PathReason.Needs;
        if (earlier.Module == call.Module && earlier.EndNs > call.StartNs && earlier.EndNs <= call.EndNs)
            return PathReason.SameModule;
        if (call.Request is not null && earlier.Request == call.Request && earlier.Requester == call.Requester
            && call.RequestNs > earlier.StartNs)
        {
            return PathReason.Order;
        }
        return call.Worker.Length > 0 && earlier.Worker == call.Worker && earlier.EndNs <= call.StartNs
            ? PathReason.Worker
            : PathReason.Begins;
    }
}
