namespace Drover.Model;

/// <summary>The trace of a run on its way to the observer, and its digest. One owner, the simulation.</summary>
public sealed class HerdTrace(Simulation simulation, IHerdObserver? observer)
{
    const ulong Prime = 0x100000001b3;

    /// <summary>FNV-1a over all events so far.</summary>
    public ulong Hash { get; private set; } = 0xcbf29ce484222325;

    public void Happened(HerdEventKind kind, ModelTask? task, string module = "", string what = "", Loading.Errno error = Loading.Errno.None, long bytes = 0)
    {
        var happened = new HerdEvent(simulation.NowNs, kind, task?.Id ?? 0, module, what, error, bytes);
        Add((ulong)happened.AtNs);
        Add(((ulong)kind << 48) ^ ((ulong)happened.Task << 16) ^ (ulong)error);
        Add((ulong)bytes);
        foreach (var c in module)
            Add(c);
        observer?.Happened(happened);
    }

    void Add(ulong value) => Hash = unchecked((Hash ^ value) * Prime);
}
