using Drover.Loading;

namespace Drover.Model;

/// <summary>
/// The smallest thing that threads of one process can share: what is in flight, and what was loaded or failed. It is the seed's "maybe it should use threads", without
/// a budget, without other processes, without second thoughts about failures. One owner, the simulation.
/// </summary>
sealed class SharedLoads(HerdMachine machine)
{
    readonly KmodProbe _probe = new(machine);
    readonly Dictionary<string, Errno?> _known = [];
    readonly WaitQueue _landed = new(machine.Simulation);

    public async ValueTask<Errno> LoadAsync(ModelTask task, string module)
    {
        foreach (var dependency in machine.Files[module].Facts.Dependencies)
        {
            if (await OnceAsync(task, dependency) is not Errno.None and var error)
                return error;
        }
        return await OnceAsync(task, module);
    }

    async ValueTask<Errno> OnceAsync(ModelTask task, string module)
    {
        while (_known.TryGetValue(module, out var known))
        {
            if (known is { } result)
                return result;
            if (!await _landed.Wait(task))
                return Errno.EINTR;
        }
        _known[module] = null;
        var error = await _probe.CallAsync(task, machine.Files[module]);
        _known[module] = error is Errno.EEXIST ? Errno.None : error;
        _landed.WakeAll();
        return error;
    }
}
