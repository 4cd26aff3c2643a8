using Drover.Loading;

namespace Drover.Model;

/// <summary>What happened.</summary>
public enum HerdEventKind
{
    /// <summary>A task (worker, process, thread of a call) begins; <see cref="HerdEvent.What"/> names what for.</summary>
    TaskBegins,

    TaskEnds,

    /// <summary>The OOM killer, or a fault, took the task.</summary>
    TaskKilled,

    /// <summary>A load call enters the kernel; What is the system call.</summary>
    CallBegins,

    /// <summary>A load call in the kernel comes to a stage; What is its name.</summary>
    Stage,

    /// <summary>The call sleeps for another one; What says for what (the gate, the same module, a dependency).</summary>
    Waits,

    /// <summary>It goes on.</summary>
    WaitEnds,

    /// <summary>The call returns, with <see cref="HerdEvent.Error"/>; Bytes are what it wasted.</summary>
    CallEnds,

    /// <summary>The module changes its state; What is unformed, coming, live, going, gone.</summary>
    ModuleState,

    /// <summary>A device appears, or its event is there from the beginning; What is its path.</summary>
    Device,

    /// <summary>An allocation fails; Bytes are what was asked for.</summary>
    OutOfMemory,

    /// <summary>All events are done, or the boot has failed.</summary>
    BootEnds,

    /// <summary>Something the loader or a worker says; What is the text.</summary>
    Note,
}

/// <summary>One line of a trace.</summary>
/// <param name="AtNs">Virtual time since the boot phase began, in ns.</param>
/// <param name="Task">Its number; 0 for the kernel itself.</param>
/// <param name="Module">Normalised name, or empty.</param>
public readonly record struct HerdEvent(long AtNs, HerdEventKind Kind, int Task, string Module = "", string What = "", Errno Error = Errno.None, long Bytes = 0);

/// <summary>Is told of every event of a run, in order, on the thread that runs it.</summary>
public interface IHerdObserver
{
    void Happened(in HerdEvent happened);
}
