using Drover.Loading;

namespace Drover.Model;

/// <summary>Somebody who loads what devices ask for. One owner, the simulation.</summary>
abstract class Herd(HerdMachine machine)
{
    /// <summary>Long against what loading takes, short against a person's patience; an assumption.</summary>
    const long ModprobePatienceNs = 1_000_000_000;

    protected HerdMachine Machine { get; } = machine;

    /// <summary>All events are served.</summary>
    public bool IsDone { get; protected set; }

    /// <summary>
    /// A module's init wants another module (<c>request_module</c>): the kernel starts a modprobe of its own. One that asks for what waits for itself would wait for ever
    /// (it has happened: aes-arm-bs), until somebody kills it; here that is after <see cref="ModprobePatienceNs"/>.
    /// </summary>
    public virtual async ValueTask<Errno> RequestModuleAsync(string module)
    {
        var modprobe = Machine.NewTask("modprobe");
        modprobe.IsBusy = true;
        Machine.Simulation.At(Machine.Simulation.NowNs + ModprobePatienceNs, () =>
        {
            if (modprobe.IsBusy)
                Machine.Kill(modprobe, "it does not end");
        });
        await Machine.Kernel.Compute(Machine.Costs.StartNs + Machine.Costs.LookupNs);
        var error = await new KmodProbe(Machine).InsertAsync(modprobe, module);
        modprobe.IsBusy = false;
        Machine.End(modprobe);
        return error;
    }

    /// <summary>Begins; what follows happens in the simulation.</summary>
    public abstract void Begin();
}
