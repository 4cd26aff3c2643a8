using Drover.Loading;

namespace Drover.Model;

/// <summary>
/// The well-known one-liner: all modaliases, sorted, each once, given to one <c>modprobe -ab</c>. It gives up on a modalias at its first module that fails, and knows nothing
/// of devices that appear later.
/// </summary>
sealed class ModprobeHerd(HerdMachine machine) : Herd(machine)
{
    readonly KmodProbe _probe = new(machine);

    public override void Begin() => Machine.Spawn(RunAsync);

    async ValueTask RunAsync()
    {
        var task = Machine.NewTask("modprobe");
        task.IsBusy = true;
        var modaliases = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var device in Machine.FirstDevices())
        {
            Machine.Appear(device);
            modaliases.UnionWith(device.Modaliases);
            await Machine.Kernel.Compute(Machine.Costs.InitStateNs); // one file of sysfs read
        }
        await Machine.Kernel.Compute(Machine.Costs.StartNs);
        foreach (var modalias in modaliases)
        {
            if (task.IsKilled)
                break;
            await Machine.Kernel.Compute(Machine.Costs.LookupNs);
            foreach (var module in Machine.Resolve(modalias))
            {
                if (await _probe.InsertAsync(task, module) is not Errno.None)
                    break;
            }
        }
        Machine.End(task);
        IsDone = true;
    }
}
