namespace Drover.Model;

/// <summary>Somebody who loads what devices ask for. One owner, the simulation.</summary>
abstract class Herd(HerdMachine machine)
{
    protected HerdMachine Machine { get; } = machine;

    /// <summary>All events are served.</summary>
    public bool IsDone { get; protected set; }

    /// <summary>Begins; what follows happens in the simulation.</summary>
    public abstract void Begin();
}
