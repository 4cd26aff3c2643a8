using Drover.Loading;
using Drover.Model;
using Drover.Report;

namespace Drover.Verbs.Herd;

/// <summary>Who loaded, waited, failed, and when. Used on the thread that runs the herd, read when it has ended.</summary>
sealed class HerdTimeline : IHerdObserver
{
    readonly Dictionary<int, TaskTimeline> _tasks = [];

    /// <summary>A row for every task that made a call.</summary>
    public List<Row> Rows()
    {
        var rows = new List<Row>(_tasks.Count);
        foreach (var task in _tasks.Values)
        {
            if (task.Calls > 0)
                rows.Add(new Row(task.For.Length > 0 ? $"task {task.Task}: {task.For}" : $"task {task.Task}") { Calls = task.Calls, Bars = task.Bars });
        }
        return rows;
    }

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
                EndCall(caller, happened.AtNs, BarKind.Loading, "");
                caller.Calls++;
                caller.CallAt = caller.Bars.Count;
                caller.Bars.Add(new Bar(happened.AtNs, happened.AtNs, BarKind.Loading, happened.Module, ""));
                break;
            case HerdEventKind.Waits:
                Turn(Of(happened.Task), happened.AtNs, BarKind.Waiting);
                break;
            case HerdEventKind.WaitEnds:
                Turn(Of(happened.Task), happened.AtNs, BarKind.Loading);
                break;
            case HerdEventKind.CallEnds when happened.Error is Errno.None:
                EndCall(Of(happened.Task), happened.AtNs, BarKind.Loading, "returns 0");
                break;
            case HerdEventKind.CallEnds:
                EndCall(Of(happened.Task), happened.AtNs, BarKind.Failed, ErrnoText.Name(happened.Error));
                break;
            case HerdEventKind.TaskKilled:
                EndCall(Of(happened.Task), happened.AtNs, BarKind.Failed, "killed");
                break;
            case HerdEventKind.BootEnds:
                foreach (var task in _tasks.Values)
                    EndCall(task, happened.AtNs, BarKind.Loading, "not ended");
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
    static void Turn(TaskTimeline task, long now, BarKind kind)
    {
        // a wait outside of a load call (for a worker's turn, say) is not about a module
        if (task.CallAt < 0)
            return;
        var last = task.Bars[^1];
        task.Bars[^1] = last with { ToNs = now };
        task.Bars.Add(new Bar(now, now, kind, last.Module, ""));
    }

    /// <summary>How a call ended says what its time was good for; what it waited, it waited.</summary>
    static void EndCall(TaskTimeline task, long now, BarKind loadingIs, string outcome)
    {
        if (task.CallAt < 0)
            return;
        task.Bars[^1] = task.Bars[^1] with { ToNs = now };
        for (var i = task.CallAt; i < task.Bars.Count; i++)
        {
            var bar = task.Bars[i];
            task.Bars[i] = bar with { Kind = bar.Kind is BarKind.Loading ? loadingIs : bar.Kind, Outcome = outcome };
        }
        task.CallAt = -1;
    }

    /// <summary>One task, and what it did.</summary>
    sealed class TaskTimeline(int task)
    {
        public int Task { get; } = task;

        /// <summary>What it is for: the first of its events.</summary>
        public string For { get; set; } = "";

        public int Calls { get; set; }

        public List<Bar> Bars { get; } = [];

        /// <summary>The first bar of the call it is in; -1: it is in none.</summary>
        public int CallAt { get; set; } = -1;
    }
}
