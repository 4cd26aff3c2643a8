using Drover.Model.Herds;
using Drover.Model.Kernel;

namespace Drover.Model.Explore;

/// <summary>Injects a plan's faults, each after its number of events, and enters them in the ledger.</summary>
sealed class FaultInjector(ModelMachine machine, Ledger ledger, Coverage coverage)
{
    readonly Queue<Fault> _faults = new();
    int _events;

    public void Plan(IEnumerable<Fault> faults)
    {
        foreach (var fault in faults.OrderBy(fault => fault.AtEvent))
            _faults.Enqueue(fault);
        BeginDue();
    }

    /// <summary>Counts an event of the trace; faults that are due begin soon.</summary>
    public void Happened()
    {
        _events++;
        BeginDue();
    }

    void BeginDue()
    {
        while (_faults.TryPeek(out var fault) && fault.AtEvent <= _events)
        {
            _faults.Dequeue();
            machine.Simulation.Soon(() => Begin(fault));
        }
    }

    void Begin(Fault fault)
    {
        var (module, viaInit) = (ledger[fault.Module], fault.Ns % 2 == 0);
        var error = fault.Kind switch
        {
            FaultKind.FailedAllocation => FailNextAllocation(),
            FaultKind.KilledTask => KillOne(),
            FaultKind.Writer => Write(module, fault.Ns),
            FaultKind.Program => Execute(module, fault.Ns),
            FaultKind.Verity => Seal(module, fault.Ns),
            FaultKind.Removal => Start("rmmod", TaskRole.Other, task => Remove(task, module.Name)),
            FaultKind.OtherLoader => Start("insmod", TaskRole.Loads, task => Insert(task, module.File, viaInit)),
            _ => Change(fault, module.File),
        };
        coverage.Count(error is Errno.None ? $"fault {fault.Kind}" : $"fault {fault.Kind} refused");
        var other = fault.Other.Length > 0 ? $" of {fault.Other}" : "";
        machine.Trace.Happened(ModelEventKind.Note, null, fault.Module, $"fault: {fault.Kind}{other}", error);
    }

    Errno Change(Fault fault, ModuleOnDisk file)
    {
        file.IsUnreadable |= fault.Kind is FaultKind.Unreadable;
        file.IsRejected |= fault.Kind is FaultKind.Rejected;
        file.IsForeign |= fault.Kind is FaultKind.Foreign;
        file.Requests = fault.Kind is FaultKind.Requests ? fault.Other : file.Requests;
        machine.Kernel.ModulesDisabled |= fault.Kind is FaultKind.ModulesDisabled;
        return Errno.None;
    }

    Errno FailNextAllocation()
    {
        machine.Memory.Refuses = () =>
        {
            machine.Memory.Refuses = null;
            return true;
        };
        return Errno.None;
    }

    /// <summary>Kills a task that loads modules; ENOENT where there is none.</summary>
    Errno KillOne()
    {
        var victims = machine.Tasks.Where(task => task is { IsKilled: false, Role: not TaskRole.Other }).ToList();
        if (victims.Count == 0)
            return Errno.ENOENT;
        machine.Kill(victims[machine.Simulation.Random.Next(victims.Count)], "a fault");
        return Errno.None;
    }

    Errno Write(LedgerModule module, long ns)
    {
        var error = FileWriter.TryOpen(module.File.Inode, out var writer);
        if (error is not Errno.None)
            return error;
        module.Writers++;
        After(ns, () =>
        {
            writer!.Dispose();
            module.Writers--;
        });
        return error;
    }

    Errno Execute(LedgerModule module, long ns)
    {
        var error = RunningProgram.TryExecve(module.File.Inode, out var program);
        return error is Errno.None ? Deny(module, ns, program!.Dispose) : error;
    }

    Errno Seal(LedgerModule module, long ns)
    {
        var error = EnableVerity.TryBegin(module.File.Inode, out var verity);
        return error is not Errno.None ? error : Deny(module, ns, () =>
        {
            // a quarter of them is interrupted
            if (ns % 4 != 0)
                verity!.Complete();
            verity!.Dispose();
        });
    }

    Errno Deny(LedgerModule module, long ns, Action end)
    {
        module.Deniers++;
        After(ns, () =>
        {
            end();
            Debug.Assert(module.Deniers > 0, "a denier was counted when it began");
            module.Deniers--;
        });
        return Errno.None;
    }

    Errno Start(string name, TaskRole role, Func<ModelTask, ValueTask<Errno>> body)
    {
        var task = machine.NewTask(name, role);
        task.IsBusy = true;
        machine.Spawn(async () =>
        {
            var error = await body(task);
            coverage.Count(error is Errno.None ? $"{name} succeeded" : $"{name} {ErrnoText.Name(error)}");
            machine.End(task);
        });
        return Errno.None;
    }

    ValueTask<Errno> Remove(ModelTask task, string module) => new DeleteModule(machine.Kernel).CallAsync(task, module);

    ValueTask<Errno> Insert(ModelTask task, ModuleOnDisk file, bool viaInit) => viaInit
        ? new UserDecompression(machine).CallAsync(task, file)
        : new FinitModule(machine.Kernel).CallAsync(task, file, file.Facts.ElfBytes != file.Facts.FileBytes);

    void After(long ns, Action ends) => machine.Simulation.At(machine.Simulation.NowNs + ns, ends);
}
