using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Drover.Kernel;

namespace Drover.Loading;

/// <summary>Identifies a flight: equal requests meet there.</summary>
/// <param name="Module">Normalised name.</param>
/// <param name="IgnoresCommand">It loads a module despite its install command, perhaps from that command.</param>
readonly record struct FlightKey(string Module, bool IgnoresCommand = false);

/// <summary>One load and the requests that wait for it, from the first request for a module that is neither live nor in
/// flight to the kernel's final reply. Table, budget and live watch keep their state of a load here. When its last
/// waiter leaves before the call, the flight is abandoned (design rule 9). Owned by the event loop.</summary>
/// <remarks>Stages: waiting (for dependencies, file, budget, lock; not <see cref="InKernel"/>) → in the kernel → usable
/// (live, the call may not have returned) → ended. A failure goes from any stage to ended.</remarks>
#pragma warning disable CA1001 // a cancellation source without a timer has nothing to dispose
sealed class Flight(EventLoop loop, FlightKey key, PlannedModule plan, in ModuleRequest first, string parameters)
#pragma warning restore CA1001
{
    readonly TaskCompletionSource _usable = new();
    readonly TaskCompletionSource _ended = new();
    readonly CancellationTokenSource _abandoned = new();
    ModuleOutcome? _outcome;
    int _waiters;

    public FlightKey Key { get; } = key;

    public string Module => Key.Module;

    public PlannedModule Plan { get; } = plan;

    /// <summary>The request that started it; the policy judges the load by it.</summary>
    public ModuleRequest First { get; } = first;

    /// <summary>When the first request was made: a failure that became known later answers it.</summary>
    public RequestTime MadeAt { get; } = first.MadeAt;

    /// <summary>The first place of all requests: flights enter the kernel in this order.</summary>
    public LoadOrder Order { get; set; } = first.Order;

    /// <summary>The parameters of the load: the configured ones and the first requester's.</summary>
    public string Parameters { get; } = parameters;

    /// <summary>The first requester has parameters of its own.</summary>
    public bool HasOwnParameters { get; } = first.Parameters.Length > 0;

    /// <summary>What the policy says about the load that it lets pass; else null.</summary>
    public string? Warning { get; set; }

    /// <summary>The flight's own requests: for its dependencies and, once it has ended, for its softdeps "post". A
    /// caller's request waits for all of them; the flight never waits for those that come after it.</summary>
    public List<Task<(ModuleOutcome Outcome, Flight? Flight)>> Requests { get; } = [];

    /// <summary>A request of its own, for a module that it brings along.</summary>
    public ModuleRequest RequestFor(FoundModule module) => new(First.Source, module, MadeAt, Order)
    {
        NeededBy = this,
    };

    /// <summary>A load call or install command is running; the flight cannot be abandoned now.</summary>
    public bool InKernel { get; private set; }

    /// <summary>The module may have been removed during its call: the flight answers no new requests.</summary>
    public bool IsStale { get; set; }

    /// <summary>The kernel may be waiting for this flight (design rule 11): it does not queue for the budget.</summary>
    public bool HasPriority { get; set; } = first.HasPriority;

    /// <summary>Cancelled when nothing waits for the flight before the kernel was called.</summary>
    public CancellationToken Abandoned => _abandoned.Token;

    public bool IsAbandoned => _abandoned.IsCancellationRequested;

    /// <summary>The module was live at some time of its call, or the flight has ended.</summary>
    public bool IsUsable => _usable.Task.IsCompleted;

    /// <summary>It has ended or is abandoned: it is out of the loader's table, and no request joins it.</summary>
    public bool IsOver => IsAbandoned || _ended.Task.IsCompleted;

    public required Action<Flight> OnAbandoned { get; init; }

    /// <summary>The budget's: what the load costs in bytes, file size + 2 × image size, 3 × for init_module.
    /// </summary>
    public long Cost { get; set; }

    /// <summary>The budget's: set while the flight waits for a share; false when it was abandoned meanwhile.</summary>
    public TaskCompletionSource<bool>? Admission { get; set; }

    /// <summary>The budget's: set while the load keeps the next one from starting.</summary>
    public ITimer? Stagger { get; set; }

    /// <summary>Polls for the module's being live while its call is in the kernel; else null.</summary>
    public LiveWatch? LiveWatch { get; set; }

    public ModuleOutcome Outcome(OutcomeKind kind, Errno error = Errno.None, string? why = null) =>
        new(Module, kind, error, why);

    /// <summary>Waits until the module is usable or has failed; null on timeout or cancellation.</summary>
    public Task<ModuleOutcome?> WaitUntilUsableAsync(ModuleRequest request) => WaitAsync(_usable.Task, request);

    /// <summary>Waits for the kernel's reply, when the drivers' devices exist; null as above.</summary>
    public Task<ModuleOutcome?> WaitUntilEndedAsync(ModuleRequest request) => WaitAsync(_ended.Task, request);

    /// <summary>The module is live, though its call has not returned.</summary>
    public void BecomeUsable()
    {
        Debug.Assert(InKernel && !IsUsable, "a module becomes live once, during its call");
        Debug.Assert(!IsOver && _outcome is null, "a module becomes live before its flight has an outcome");
        _outcome = Outcome(OutcomeKind.Loaded);
        _usable.SetResult();
    }

    public void EnterKernel()
    {
        Debug.Assert(!InKernel && !IsOver, "one call at a time, and only while a request waits for it");
        Debug.Assert(Admission is null, "a flight in the kernel does not queue for the budget");
        InKernel = true;
    }

    public void LeaveKernel()
    {
        Debug.Assert(InKernel, "paired with EnterKernel");
        Debug.Assert(LiveWatch is null && !IsAbandoned, "the watch ends with the call; a call is never dropped");
        InKernel = false;
        AbandonIfUnwanted();
    }

    /// <summary>Completes all waiters. The loader's table no longer has the flight: no request joins it.</summary>
    public void End(ModuleOutcome outcome)
    {
        Debug.Assert(!InKernel && !_ended.Task.IsCompleted, "a flight ends once, after its call");
        Debug.Assert(outcome.Module == Module && Admission is null, "the outcome is its own; it queues no more");
        _outcome = outcome;
        _usable.TrySetResult();
        _ended.SetResult();
    }

    /// <summary>Ends the flight with a fault of the loader or a port: its waiters throw it, or else the loop.</summary>
    public void Fail(Exception fault)
    {
        Debug.Assert(!_ended.Task.IsCompleted, "a flight ends once");
        Debug.Assert(!InKernel, "a call that throws has returned");
        if (_waiters == 0)
            loop.Post(() => ExceptionDispatchInfo.Throw(fault));
        _usable.TrySetException(fault);
        _ended.SetException(fault);
    }

    async Task<ModuleOutcome?> WaitAsync(Task stage, ModuleRequest request)
    {
        _waiters++;
        var isInTime = await loop.WaitAsync(stage, request.TimeLeft(loop.Time), request.CancellationToken);
        _waiters--;
        Debug.Assert(_waiters >= 0, "every waiter leaves once");
        if (!isInTime)
        {
            AbandonIfUnwanted();
            return null;
        }
        await stage; // throws a fault
        Debug.Assert(_outcome is not null, "a completed stage has an outcome");
        return _outcome;
    }

    void AbandonIfUnwanted()
    {
        if (_waiters > 0 || InKernel || IsAbandoned || _ended.Task.IsCompleted)
            return;
        OnAbandoned(this);
        Debug.Assert(_waiters == 0 && !InKernel, "only an unwanted flight outside the kernel is abandoned");
        Debug.Assert(Admission is null, "an abandoned flight leaves the queue");
        _abandoned.Cancel();
    }
}
