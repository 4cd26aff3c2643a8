using Drover.Model.Kernel;

namespace Drover.Model.Herds;

/// <summary>A program that loads the modules of devices. Belongs to the simulation.</summary>
abstract class SimulatedLoader(ModelMachine machine)
{
    const long ModprobeTimeoutNs = 1_000_000_000; // longer than any load takes; an assumption

    protected ModelMachine Machine { get; } = machine;
    public bool IsDone { get; protected set; } // all events are handled

    /// <summary>Begins; the rest happens in the simulation.</summary>
    public abstract void Begin();

    /// <summary>A module's init requests another module (<c>request_module</c>): the kernel starts a modprobe. A
    /// request that waits for its own requester never ends (this has happened: aes-arm-bs); the modprobe is killed
    /// after a timeout.</summary>
    public virtual async ValueTask<Errno> RequestModuleAsync(string module)
    {
        var modprobe = Machine.NewTask("modprobe", TaskRole.Loads);
        modprobe.IsBusy = true;
        Machine.Simulation.At(Machine.Simulation.NowNs + ModprobeTimeoutNs, () =>
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
}

/// <summary><c>modprobe -ab</c> with all modaliases, sorted, each once. It skips the rest of a modalias after the first
/// module that fails, and does not see devices that appear later.</summary>
sealed class ModprobeLoader(ModelMachine machine) : SimulatedLoader(machine)
{
    readonly KmodProbe _probe = new(machine);

    public override void Begin() => Machine.Spawn(RunAsync);

    async ValueTask RunAsync()
    {
        var task = Machine.NewTask("modprobe", TaskRole.Loads);
        task.IsBusy = true;
        var modaliases = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var device in Machine.FirstDevices())
        {
            Machine.Appear(device);
            modaliases.UnionWith(device.Modaliases);
            await Machine.Kernel.Compute(Machine.Costs.InitStateNs); // reads one sysfs file
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

/// <summary>systemd-modules-load since systemd 259, with every module of a device in its configuration. Threads take
/// the next name from one queue; each has a libkmod context of its own, so that it sees the loads of the others only
/// in sysfs. It does not see devices that appear later.</summary>
sealed class ModulesLoadLoader(ModelMachine machine) : SimulatedLoader(machine)
{
    const int MaxThreads = 16; // systemd 262; by default as many as CPUs

    readonly KmodProbe _probe = new(machine);
    readonly Queue<string> _names = new();
    int _threads;

    public override void Begin()
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var device in Machine.FirstDevices())
        {
            Machine.Appear(device);
            names.UnionWith(device.Modaliases.SelectMany(Machine.Resolve));
        }
        foreach (var name in names)
            _names.Enqueue(name);
        _threads = Math.Max(1, Math.Min(_names.Count, Math.Min(Machine.Cpus.Count, MaxThreads)));
        for (var thread = _threads; thread > 0; thread--)
            Machine.Spawn(WorkAsync);
    }

    async ValueTask WorkAsync()
    {
        var task = Machine.NewTask("thread", TaskRole.Loads);
        task.IsBusy = true;
        await Machine.Kernel.Compute(Machine.Costs.StartNs); // opens the indexes
        while (!task.IsKilled && _names.TryDequeue(out var name))
        {
            await Machine.Kernel.Compute(Machine.Costs.LookupNs);
            await _probe.InsertAsync(task, name);
        }
        Machine.End(task);
        _threads--;
        Debug.Assert(_threads >= 0, "a thread ends once");
        IsDone = _threads == 0;
    }
}

/// <summary>Reads and decompresses a file in user space, then calls init_module.</summary>
sealed class UserDecompression(ModelMachine machine)
{
    readonly InitModule _init = new(machine.Kernel);

    /// <summary>The result of the call; ENOMEM, without a call, when there is no memory to decompress into.</summary>
    public async ValueTask<Errno> CallAsync(ModelTask task, ModuleOnDisk file)
    {
        var (costs, bytes) = (machine.Costs, file.Facts.ElfBytes);
        if (!await machine.Memory.AllocateAsync(task, bytes, isVmalloc: false))
            return Errno.ENOMEM;
        task.Bytes += bytes;
        var readNs = file.Facts.FileBytes * costs.ReadNsPerByte;
        await machine.Kernel.Compute(readNs + (bytes * costs.DecompressNsPerByte));
        var error = await _init.CallAsync(task, file);
        task.Bytes -= bytes;
        machine.Memory.Free(bytes, isVmalloc: false);
        return error;
    }
}
