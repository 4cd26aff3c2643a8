using Drover.Model.Time;

namespace Drover.Model.Kernel;

public enum ModelEventKind
{
    /// <summary>A task begins; <see cref="ModelEvent.What"/> is its name.</summary>
    TaskBegins,
    TaskEnds,
    /// <summary>The OOM killer or an injected fault killed the task; What is the reason.</summary>
    TaskKilled,
    /// <summary>A load call enters the kernel; What is the system call.</summary>
    CallBegins,
    /// <summary>A load call reaches a stage; What is its name.</summary>
    Stage,
    /// <summary>The call sleeps; What says for what.</summary>
    Waits,
    WaitEnds,
    /// <summary>The call returns with <see cref="ModelEvent.Error"/>; Bytes is what it wasted.</summary>
    CallEnds,
    /// <summary>A module changes its state; What is unformed, coming, live, going or gone.</summary>
    ModuleState,
    /// <summary>A device appears; What is its path.</summary>
    Device,
    /// <summary>An allocation of <see cref="ModelEvent.Bytes"/> fails.</summary>
    OutOfMemory,
    /// <summary>The boot phase has ended, or failed.</summary>
    BootEnds,
    /// <summary>A message of the loader or of the fault injector; What is the text.</summary>
    Note,
}

/// <summary>Where a load or removal is in the kernel, in the order of kernel/module/main.c.</summary>
public enum LoadStage { None, Copy, Read, Decompress, Verify, Layout, Add, Symbols, Init, Exit }

/// <summary>What a call in the kernel sleeps for.</summary>
public enum WaitReason
{
    None,
    /// <summary>The idempotent gate: another call on the same inode.</summary>
    Gate,
    /// <summary>Another load of a module of the same name.</summary>
    SameModule,
    /// <summary>A module whose symbols it needs, and which is coming.</summary>
    Dependency,
    AsyncProbes,
}

/// <summary>One line of a trace.</summary>
/// <param name="AtNs">Virtual time since the boot phase began, in ns.</param>
/// <param name="Task">The task's number; 0 is the kernel.</param>
/// <param name="Module">Normalised name, or empty.</param>
/// <param name="What">Text for display; code reads the typed properties.</param>
public readonly record struct ModelEvent(
    long AtNs, ModelEventKind Kind, int Task, string Module = "", string What = "", Errno Error = Errno.None,
    long Bytes = 0)
{
    /// <summary>Of <see cref="ModelEventKind.TaskBegins"/>.</summary>
    public TaskRole Role { get; init; }
    /// <summary>Of <see cref="ModelEventKind.CallBegins"/>: finit_module; false: init_module.</summary>
    public bool IsFinit { get; init; }
    /// <summary>Of <see cref="ModelEventKind.Stage"/>.</summary>
    public LoadStage Stage { get; init; }
    /// <summary>Of <see cref="ModelEventKind.Waits"/>.</summary>
    public WaitReason Wait { get; init; }
    /// <summary>Of <see cref="ModelEventKind.ModuleState"/>; null: the module has left the kernel's list.</summary>
    public ModuleState? State { get; init; }
}

/// <summary>Receives every event of a run, in order, on the thread that runs it.</summary>
public interface IModelObserver
{
    void Happened(in ModelEvent happened);
}

/// <summary>Sends the events of a run to the observer and keeps their hash. Belongs to the simulation.</summary>
public sealed class ModelTrace(Simulation simulation, IModelObserver? observer)
{
    const ulong Prime = 0x100000001b3;

    static readonly string[] s_stages = [.. Enum.GetNames<LoadStage>().Select(name => name.ToLowerInvariant())];

    /// <summary>FNV-1a over times, kinds, tasks, modules, errors and bytes of all events so far.</summary>
    public ulong Hash { get; private set; } = 0xcbf29ce484222325;

    public void TaskBegins(ModelTask task) =>
        Add(new(simulation.NowNs, ModelEventKind.TaskBegins, task.Id, What: task.Name) { Role = task.Role });

    public void CallBegins(ModelTask task, ModuleOnDisk file, string call, bool isFinit)
    {
        var (now, bytes) = (simulation.NowNs, file.Facts.FileBytes);
        Add(new(now, ModelEventKind.CallBegins, task.Id, file.Name, call, Bytes: bytes) { IsFinit = isFinit });
    }

    public void Stage(ModelTask task, string module, LoadStage stage, long bytes = 0)
    {
        var name = s_stages[(int)stage];
        Add(new(simulation.NowNs, ModelEventKind.Stage, task.Id, module, name, Bytes: bytes) { Stage = stage });
    }

    /// <param name="dependency">The module that it waits for, where the reason is one.</param>
    public void Waits(ModelTask task, string module, WaitReason reason, string dependency = "")
    {
        var what = reason switch
        {
            WaitReason.Gate => "the gate",
            WaitReason.SameModule => "the same module",
            WaitReason.AsyncProbes => "asynchronous probes",
            _ => dependency,
        };
        Add(new(simulation.NowNs, ModelEventKind.Waits, task.Id, module, what) { Wait = reason });
    }

    public void StateChanges(string module, ModuleState? state)
    {
        var what = state switch
        {
            ModuleState.Unformed => "unformed",
            ModuleState.Coming => "coming",
            ModuleState.Live => "live",
            ModuleState.Going => "going",
            _ => "gone",
        };
        Add(new(simulation.NowNs, ModelEventKind.ModuleState, 0, module, what) { State = state });
    }

    /// <summary>An event without typed details.</summary>
    public void Happened(
        ModelEventKind kind, ModelTask? task, string module = "", string what = "", Errno error = Errno.None,
        long bytes = 0) => Add(new(simulation.NowNs, kind, task?.Id ?? 0, module, what, error, bytes));

    void Add(in ModelEvent happened)
    {
        Mix((ulong)happened.AtNs);
        Mix(((ulong)happened.Kind << 48) ^ ((ulong)happened.Task << 16) ^ (ulong)happened.Error);
        Mix((ulong)happened.Bytes);
        foreach (var c in happened.Module)
            Mix(c);
        observer?.Happened(happened);
    }

    void Mix(ulong value) => Hash = unchecked((Hash ^ value) * Prime);
}
