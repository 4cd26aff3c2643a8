using System.Diagnostics;
using Drover.Model.Kernel;
using Drover.Study.Drawing;
using Drover.Study.Recordings;

namespace Drover.Study.Herd;

/// <summary>Collects the load calls of a run as a Gantt chart, a row a task. For the thread of the run.</summary>
sealed class HerdTimeline : IModelObserver
{
    readonly Dictionary<int, TaskTimeline> _tasks = [];

    public List<GanttRow> Rows() => [.. _tasks.Values.Where(task => task.Calls > 0).Select(task => task.ToRow())];
    public long EndNs { get; private set; }

    public void Happened(in ModelEvent happened)
    {
        Debug.Assert(happened.AtNs >= EndNs, "events come in the order of time");
        EndNs = happened.AtNs;
        switch (happened.Kind)
        {
            case ModelEventKind.TaskBegins:
                var task = TaskOf(happened);
                if (task.Purpose.Length == 0)
                    task.Purpose = happened.What;
                break;
            case ModelEventKind.CallBegins:
                TaskOf(happened).BeginCall(happened.AtNs, happened.Module);
                break;
            case ModelEventKind.Waits:
                TaskOf(happened).ChangeState(happened.AtNs, CallState.Waiting);
                break;
            case ModelEventKind.WaitEnds:
                TaskOf(happened).ChangeState(happened.AtNs, CallState.Loading);
                break;
            case ModelEventKind.CallEnds:
                var (state, outcome) = happened.Error is Errno.None
                    ? (CallState.Loading, "returns 0")
                    : (CallState.Failed, ErrnoText.Name(happened.Error));
                TaskOf(happened).EndCall(happened.AtNs, state, outcome);
                break;
            case ModelEventKind.TaskKilled:
                TaskOf(happened).EndCall(happened.AtNs, CallState.Failed, "killed");
                break;
            case ModelEventKind.BootEnds:
                foreach (var unfinished in _tasks.Values)
                    unfinished.EndCall(happened.AtNs, CallState.Loading, "not ended");
                break;
        }
    }

    TaskTimeline TaskOf(in ModelEvent happened)
    {
        if (!_tasks.TryGetValue(happened.Task, out var timeline))
            _tasks.Add(happened.Task, timeline = new TaskTimeline(happened.Task));
        return timeline;
    }

    sealed class TaskTimeline(int task)
    {
        readonly List<GanttBar> _bars = [];
        int _callAt = -1; // the first bar of the current call; -1 between calls

        public string Purpose { get; set; } = ""; // from the first event of the task
        public int Calls { get; private set; }

        public GanttRow ToRow() => new(Purpose.Length > 0 ? $"task {task}: {Purpose}" : $"task {task}")
        {
            Calls = Calls,
            Bars = _bars,
        };

        public void BeginCall(long nowNs, string module)
        {
            EndCall(nowNs, CallState.Loading, "");
            Calls++;
            _callAt = _bars.Count;
            _bars.Add(new GanttBar(nowNs, nowNs, CallState.Loading, module, ""));
            Debug.Assert(Calls <= _bars.Count, "every call has a bar");
        }

        public void ChangeState(long nowNs, CallState state)
        {
            // a wait outside of a load call, such as for a worker's turn, does not concern a module
            if (_callAt < 0)
                return;
            Debug.Assert(_bars[^1].FromNs <= nowNs, "bars are in the order of time");
            var last = _bars[^1];
            _bars[^1] = last with { ToNs = nowNs };
            _bars.Add(new GanttBar(nowNs, nowNs, state, last.Module, "") { Part = GanttPart.SameCall });
        }

        /// <summary>Only now it is known whether the loading parts of the call succeeded.</summary>
        public void EndCall(long nowNs, CallState loadingState, string outcome)
        {
            if (_callAt < 0)
                return;
            _bars[^1] = _bars[^1] with { ToNs = nowNs };
            for (var i = _callAt; i < _bars.Count; i++)
            {
                var state = _bars[i].State is CallState.Loading ? loadingState : _bars[i].State;
                _bars[i] = _bars[i] with { State = state, Outcome = outcome };
            }
            _callAt = -1;
        }
    }
}
