using Drover.Loading;

namespace Drover.Model;

/// <summary><c>load_module</c>: from a copy of the file in memory to a live module. Both system calls end here.</summary>
sealed class LoadModule(KernelModel kernel)
{
    /// <summary>How long a symbol of a module that is still coming is waited for (<c>resolve_symbol_wait</c>).</summary>
    const long SymbolWaitNs = 30_000_000_000;

    /// <summary>Runs all stages; the copy is freed in any case.</summary>
    public async ValueTask<Errno> RunAsync(LoadCallState call)
    {
        var costs = kernel.Costs;
        Stage(call, "verify");
        await kernel.Compute(call.CopyBytes * costs.VerifyNsPerByte);
        if (call.File.IsRejected || call.File.IsForeign)
            return FailBecoming(call, call.File.IsRejected ? Errno.EKEYREJECTED : Errno.ENOEXEC);
        if (kernel.Gate is not GateKind.None && await PatientCheckExistsAsync(call) is not Errno.None and var early)
            return FailBecoming(call, Noticed(call, early, DuplicateReason.Becoming));

        Stage(call, "layout");
        var imageBytes = kernel.ImageBytes(call.File.Facts);
        if (!await kernel.VmallocAsync(call.Task, imageBytes))
            return FailBecoming(call, Errno.ENOMEM);
        await kernel.Compute(imageBytes * costs.LayoutNsPerByte);

        Stage(call, "add");
        if (await PatientCheckExistsAsync(call) is not Errno.None and var late)
            return FailLoad(call, imageBytes, Noticed(call, late, DuplicateReason.Load));
        var module = new KernelModule(call.File);
        kernel.Add(module);

        Stage(call, "symbols");
        var (used, missing) = await ResolveSymbolsAsync(call);
        if (missing is not Errno.None)
        {
            Forget(module, used);
            return FailLoad(call, imageBytes, missing);
        }
        await kernel.Compute((imageBytes * costs.RelocateNsPerByte) + costs.SetupNs);
        for (var turn = 0; turn < costs.SetupTurns; turn++)
            await kernel.Compute(kernel.Cpus.Count * costs.SetupTurnNsPerCpu, yields: true);
        module.IsInSysfs = true;
        kernel.Change(module, ModuleState.Coming);
        call.FreeCopy(kernel);
        return await DoInitModuleAsync(call, module, used, imageBytes);
    }

    /// <summary><c>do_init_module</c>: the module's own init, and then the wait for everybody's asynchronous probes.</summary>
    async ValueTask<Errno> DoInitModuleAsync(LoadCallState call, KernelModule module, List<KernelModule> used, long imageBytes)
    {
        var facts = call.File.Facts;
        Stage(call, "init");
        await kernel.Compute(facts.InitNs);
        if (facts.InitSleepNs > 0)
            await kernel.Simulation.Delay(facts.InitSleepNs);
        if (call.File.Requests is { } wanted && kernel.RequestModule is { } request)
            await request(wanted);
        if (facts.InitError is { } name)
        {
            // nobody counts this as waste: the module was set up as it should be
            kernel.Change(module, ModuleState.Going);
            Forget(module, used);
            if (kernel.Mutation is not Mutation.ImageIsKept)
                kernel.Vfree(imageBytes);
            return ErrnoText.TryParse(name, out var error) ? error : Errno.EIO;
        }
        kernel.Change(module, ModuleState.Live);
        kernel.Stats.Loaded(imageBytes, facts.TextBytes);
        kernel.KeepAsLive(imageBytes);
        if (facts.AsyncProbeNs > 0)
        {
            kernel.AsyncProbes++;
            kernel.Simulation.At(kernel.Simulation.NowNs + facts.AsyncProbeNs, () =>
            {
                kernel.AsyncProbes--;
                if (kernel.Mutation is not Mutation.ProbesWakeNobody)
                    kernel.AsyncDone.WakeAll();
            });
        }
        // not before its init has succeeded (38dc717e97153)
        kernel.SendUevent($"/module/{call.Name}");
        module.IsAnnounced = true;
        kernel.BecameLive?.Invoke(module);
        if (kernel.AsyncProbes == 0)
            return Errno.None;
        Waits(call, "asynchronous probes");
        // not interruptible: who is killed here still waits
        while (kernel.AsyncProbes > 0)
            await kernel.AsyncDone.WaitUninterruptibly();
        WaitEnds(call);
        return Errno.None;
    }

    /// <summary>
    /// <c>module_patient_check_exists</c>: goes by name. A module that is on its way is waited for, and is then EEXIST, or, where it failed, EBUSY: not again right
    /// now. With no such module in the list the way is free.
    /// </summary>
    async ValueTask<Errno> PatientCheckExistsAsync(LoadCallState call)
    {
        if (kernel.Find(call.Name) is not { } there || kernel.Mutation is Mutation.DuplicateIsAdded)
            return Errno.None;
        if (there.State is ModuleState.Coming or ModuleState.Unformed)
        {
            Waits(call, "the same module");
            while (kernel.Find(call.Name) is { State: ModuleState.Coming or ModuleState.Unformed })
            {
                if (!await kernel.FinishedLoading.Wait(call.Task))
                {
                    WaitEnds(call);
                    return Errno.EINTR;
                }
            }
            WaitEnds(call);
        }
        if (kernel.Mutation is Mutation.FailureIsExists)
            return Errno.EEXIST;
        return kernel.Find(call.Name) is { State: ModuleState.Live } ? Errno.EEXIST : Errno.EBUSY;
    }

    /// <summary><c>try_add_failed_module</c>; a call that was interrupted while it waited has not learnt whether it is a duplicate.</summary>
    Errno Noticed(LoadCallState call, Errno error, DuplicateReason reason)
    {
        if (error is not Errno.EINTR)
            kernel.Stats.Duplicate(call.Name, reason);
        return error;
    }

    /// <summary><c>simplify_symbols</c>: the dependencies must be live; one that is coming is waited for.</summary>
    async ValueTask<(List<KernelModule> Used, Errno Missing)> ResolveSymbolsAsync(LoadCallState call)
    {
        var used = new List<KernelModule>();
        foreach (var name in call.File.Facts.Dependencies)
        {
            if (kernel.Find(name) is { State: ModuleState.Coming } && !await WaitForAsync(call, name))
                return (used, Errno.EBUSY);
            if (kernel.Find(name) is not { State: ModuleState.Live } dependency)
                return (used, Errno.ENOENT);
            dependency.Users++;
            used.Add(dependency);
        }
        return (used, Errno.None);
    }

    /// <summary><c>resolve_symbol_wait</c>: false when it gave up, whether after its time or because of a signal; what strong_try_module_get said, EBUSY, is then the result.</summary>
    async ValueTask<bool> WaitForAsync(LoadCallState call, string dependency)
    {
        var until = kernel.Simulation.NowNs + SymbolWaitNs;
        kernel.Simulation.At(until, () => kernel.FinishedLoading.WakeAll());
        Waits(call, dependency);
        var goesOn = true;
        while (goesOn && kernel.Simulation.NowNs < until && kernel.Find(dependency) is { State: ModuleState.Coming })
            goesOn = await kernel.FinishedLoading.Wait(call.Task);
        WaitEnds(call);
        return goesOn && kernel.Find(dependency) is not { State: ModuleState.Coming };
    }

    void Forget(KernelModule module, List<KernelModule> used)
    {
        foreach (var dependency in used.Where(_ => kernel.Mutation is not Mutation.UsersStay))
            dependency.Users--;
        kernel.Remove(module);
    }

    Errno FailBecoming(LoadCallState call, Errno error)
    {
        kernel.Stats.BecomingFailed(call.CopyBytes, call.CompressedBytes);
        call.WastedBytes += call.CopyBytes + call.CompressedBytes;
        if (kernel.Mutation is not Mutation.CopyIsKept)
            call.FreeCopy(kernel);
        return error;
    }

    Errno FailLoad(LoadCallState call, long imageBytes, Errno error)
    {
        if (kernel.Mutation is not Mutation.WasteIsNotCounted)
            kernel.Stats.LoadFailed(call.CopyBytes, call.CompressedBytes);
        call.WastedBytes += (2 * call.CopyBytes) + call.CompressedBytes;
        call.FreeCopy(kernel);
        kernel.Vfree(imageBytes);
        return error;
    }

    void Stage(LoadCallState call, string stage) => kernel.Trace.Happened(HerdEventKind.Stage, call.Task, call.Name, stage);

    void Waits(LoadCallState call, string what) => kernel.Trace.Happened(HerdEventKind.Waits, call.Task, call.Name, what);

    void WaitEnds(LoadCallState call) => kernel.Trace.Happened(HerdEventKind.WaitEnds, call.Task, call.Name);
}
