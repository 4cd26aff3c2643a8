using Drover.Loading;

namespace Drover.Model;

/// <summary>Lets a plan's faults happen, each after as many events as it says, and enters in the ledger who then holds what. One owner, its run.</summary>
sealed class FaultInjector(HerdMachine machine, Ledger ledger, Coverage coverage)
{
    readonly Queue<Fault> _faults = new();
    int _events;

    public void Plan(IEnumerable<Fault> faults)
    {
        foreach (var fault in faults.OrderBy(fault => fault.AtEvent))
            _faults.Enqueue(fault);
        BeginDue();
    }

    /// <summary>An event of the trace: faults that are due begin soon.</summary>
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
        var module = ledger[fault.Module];
        var error = fault.Kind switch
        {
            FaultKind.FailedAllocation => FailNextAllocation(),
            FaultKind.KilledTask => KillOne(),
            FaultKind.Writer => Write(module, fault.Ns),
            FaultKind.Program => Execute(module, fault.Ns),
            FaultKind.Verity => Seal(module, fault.Ns),
            FaultKind.Removal => Start("rmmod", task => new DeleteModule(machine.Kernel).CallAsync(task, module.Name)),
            FaultKind.OtherLoader => Start("insmod", task => Insert(task, module.File, viaInit: fault.Ns % 2 == 0)),
            _ => Change(fault, module.File),
        };
        coverage.Count(error is Errno.None ? $"fault {fault.Kind}" : $"fault {fault.Kind} refused");
        machine.Trace.Happened(HerdEventKind.Note, null, fault.Module, $"fault: {fault.Kind}{(fault.Other.Length > 0 ? $" of {fault.Other}" : "")}", error);
    }

    Errno Change(Fault fault, ModuleOnDisk file)
    {
        switch (fault.Kind)
        {
            case FaultKind.Unreadable:
                file.IsUnreadable = true;
                break;
            case FaultKind.Rejected:
                file.IsRejected = true;
                break;
            case FaultKind.Foreign:
                file.IsForeign = true;
                break;
            case FaultKind.Requests:
                file.Requests = fault.Other;
                break;
            default:
                machine.Kernel.ModulesDisabled = true;
                break;
        }
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

    /// <summary>One of those who load; ENOENT where there is none.</summary>
    Errno KillOne()
    {
        var victims = machine.Tasks.Where(task => !task.IsKilled && task.Name is "worker" or "modprobe" or "insmod" or ModelKernelPort.ThreadName).ToList();
        if (victims.Count == 0)
            return Errno.ENOENT;
        machine.Kill(victims[machine.Simulation.Random.Next(victims.Count)], "a fault");
        return Errno.None;
    }

    Errno Write(LedgerModule module, long ns)
    {
        var error = FileWriter.TryOpen(module.File.Inode, out var writer);
        if (error is Errno.None)
        {
            module.Writers++;
            After(ns, () =>
            {
                writer!.Dispose();
                module.Writers--;
            });
        }
        return error;
    }

    Errno Execute(LedgerModule module, long ns)
    {
        var error = RunningProgram.TryExecve(module.File.Inode, out var program);
        if (error is Errno.None)
        {
            module.Deniers++;
            After(ns, () =>
            {
                program!.Dispose();
                module.Deniers--;
            });
        }
        return error;
    }

    Errno Seal(LedgerModule module, long ns)
    {
        var error = EnableVerity.TryBegin(module.File.Inode, out var verity);
        if (error is Errno.None)
        {
            module.Deniers++;
            After(ns, () =>
            {
                // now and then it is interrupted
                if (ns % 4 != 0)
                    verity!.Complete();
                verity!.Dispose();
                module.Deniers--;
            });
        }
        return error;
    }

    Errno Start(string name, Func<ModelTask, ValueTask<Errno>> body)
    {
        var task = machine.NewTask(name);
        task.IsBusy = true;
        machine.Spawn(async () =>
        {
            var error = await body(task);
            coverage.Count(error is Errno.None ? $"{name} succeeded" : $"{name} {ErrnoText.Name(error)}");
            machine.End(task);
        });
        return Errno.None;
    }

    ValueTask<Errno> Insert(ModelTask task, ModuleOnDisk file, bool viaInit) => viaInit
        ? new UserDecompression(machine).CallAsync(task, file)
        : new FinitModule(machine.Kernel).CallAsync(task, file, compressed: file.Facts.ElfBytes != file.Facts.FileBytes);

    void After(long ns, Action ends) => machine.Simulation.At(machine.Simulation.NowNs + ns, ends);
}
