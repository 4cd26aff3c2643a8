using Drover.Loading;
using Drover.Model;

namespace Drover.Verbs.Herd;

/// <summary>What a task did for a while.</summary>
enum SpanKind { Loading, Waiting, Failed }

/// <summary>A while of a task in a load call.</summary>
/// <param name="FromNs">Virtual time since the boot phase began.</param>
/// <param name="Outcome">How the call ended, for people; empty while it has not.</param>
readonly record struct LoadSpan(long FromNs, long ToNs, SpanKind Kind, string Module, string Outcome);

/// <summary>One task, and what it did. Changed by <see cref="HerdTimeline"/> alone.</summary>
sealed class TaskTimeline(int task)
{
    public int Task { get; } = task;

    /// <summary>What it is for: the first of its events.</summary>
    public string For { get; set; } = "";

    public int Calls { get; set; }

    public List<LoadSpan> Spans { get; } = [];

    /// <summary>The first span of the call it is in; -1: it is in none.</summary>
    public int CallAt { get; set; } = -1;
}

/// <summary>Who loaded, waited, failed, and when. Used on the thread that runs the herd, read when it has ended.</summary>
sealed class HerdTimeline : IHerdObserver
{
    readonly Dictionary<int, TaskTimeline> _tasks = [];

    /// <summary>Every task that made a call, by number.</summary>
    public IEnumerable<TaskTimeline> Tasks => _tasks.Values.Where(task => task.Calls > 0).OrderBy(task => task.Task);

    /// <summary>The last event's time, in ns.</summary>
    public long EndNs { get; private set; }

    public void Happened(in HerdEvent happened)
    {
        EndNs = happened.AtNs;
        switch (happened.Kind)
        {
            case HerdEventKind.TaskBegins:
                var begun = Of(happened.Task);
                if (begun.For.Length == 0)
                    begun.For = happened.What;
                break;
            case HerdEventKind.CallBegins:
                var caller = Of(happened.Task);
                EndCall(caller, happened.AtNs, SpanKind.Loading, "");
                caller.Calls++;
                caller.CallAt = caller.Spans.Count;
                caller.Spans.Add(new LoadSpan(happened.AtNs, happened.AtNs, SpanKind.Loading, happened.Module, ""));
                break;
            case HerdEventKind.Waits:
                Turn(Of(happened.Task), happened.AtNs, SpanKind.Waiting);
                break;
            case HerdEventKind.WaitEnds:
                Turn(Of(happened.Task), happened.AtNs, SpanKind.Loading);
                break;
            case HerdEventKind.CallEnds when happened.Error is Errno.None:
                EndCall(Of(happened.Task), happened.AtNs, SpanKind.Loading, "returns 0");
                break;
            case HerdEventKind.CallEnds:
                EndCall(Of(happened.Task), happened.AtNs, SpanKind.Failed, ErrnoText.Name(happened.Error));
                break;
            case HerdEventKind.TaskKilled:
                EndCall(Of(happened.Task), happened.AtNs, SpanKind.Failed, "killed");
                break;
            case HerdEventKind.BootEnds:
                foreach (var task in _tasks.Values)
                    EndCall(task, happened.AtNs, SpanKind.Loading, "not ended");
                break;
        }
    }

    TaskTimeline Of(int task)
    {
        if (!_tasks.TryGetValue(task, out var timeline))
            _tasks.Add(task, timeline = new TaskTimeline(task));
        return timeline;
    }

    /// <summary>In its call it does something else from now on.</summary>
    static void Turn(TaskTimeline task, long now, SpanKind kind)
    {
        // a wait outside of a load call (for a worker's turn, say) is not about a module
        if (task.CallAt < 0)
            return;
        var last = task.Spans[^1];
        task.Spans[^1] = last with { ToNs = now };
        task.Spans.Add(new LoadSpan(now, now, kind, last.Module, ""));
    }

    /// <summary>How a call ended says what its time was good for; what it waited, it waited.</summary>
    static void EndCall(TaskTimeline task, long now, SpanKind loadingIs, string outcome)
    {
        if (task.CallAt < 0)
            return;
        task.Spans[^1] = task.Spans[^1] with { ToNs = now };
        for (var i = task.CallAt; i < task.Spans.Count; i++)
        {
            var span = task.Spans[i];
            task.Spans[i] = span with { Kind = span.Kind is SpanKind.Loading ? loadingIs : span.Kind, Outcome = outcome };
        }
        task.CallAt = -1;
    }
}
