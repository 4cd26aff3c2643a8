namespace Drover.Model.Kernel;

/// <summary>What one call has allocated and wasted (<c>struct load_info</c>). Belongs to its call.</summary>
sealed class LoadCallState(ModelTask task, ModuleOnDisk file)
{
    public ModelTask Task { get; } = task;
    public ModuleOnDisk File { get; } = file;
    public string Name => File.Name;

    public long CopyBytes { get; set; } // the copy of the file in memory, decompressed or not; 0 when there is none
    public long CompressedBytes { get; set; } // the size of the compressed file; 0 where the kernel did not decompress
    public long WastedBytes { get; set; } // as the statistics count it

    /// <summary><c>free_copy</c>.</summary>
    public void FreeCopy(KernelModel kernel)
    {
        if (CopyBytes > 0)
            kernel.Vfree(CopyBytes);
        CopyBytes = 0;
    }
}

/// <summary><c>load_module</c>: from a copy of the file in memory to a live module, for both system calls. Tests
/// override the virtual steps to break them.</summary>
class LoadModule(KernelModel kernel)
{
    /// <summary>How long a call waits for the symbols of a coming module (<c>resolve_symbol_wait</c>).</summary>
    const long SymbolWaitNs = 30_000_000_000;

    protected KernelModel Kernel { get; } = kernel;

    /// <summary>Runs all stages; frees the copy in any case.</summary>
    public async ValueTask<Errno> RunAsync(LoadCallState call)
    {
        Debug.Assert(call.CopyBytes > 0, "the file is in memory");
        var costs = Kernel.Costs;
        Stage(call, LoadStage.Verify);
        await Kernel.Compute(call.CopyBytes * costs.VerifyNsPerByte);
        if (call.File.IsRejected || call.File.IsForeign)
            return FailBecoming(call, call.File.IsRejected ? Errno.EKEYREJECTED : Errno.ENOEXEC);
        if (Kernel.Gate is not GateKind.None && await PatientCheckExistsAsync(call) is not Errno.None and var early)
            return FailBecoming(call, CountDuplicate(call, early, DuplicateReason.Becoming));

        Stage(call, LoadStage.Layout);
        var imageBytes = Kernel.ImageBytes(call.File.Facts);
        if (!await Kernel.VmallocAsync(call.Task, imageBytes))
            return FailBecoming(call, Errno.ENOMEM);
        await Kernel.Compute(imageBytes * costs.LayoutNsPerByte);

        Stage(call, LoadStage.Add);
        if (await PatientCheckExistsAsync(call) is not Errno.None and var late)
            return FailLoad(call, imageBytes, CountDuplicate(call, late, DuplicateReason.Load));
        var module = new KernelModule(call.File);
        Kernel.Add(module);

        Stage(call, LoadStage.Symbols);
        var (used, missing) = await ResolveSymbolsAsync(call);
        if (missing is not Errno.None)
        {
            Unlink(module, used);
            return FailLoad(call, imageBytes, missing);
        }
        await Kernel.Compute((imageBytes * costs.RelocateNsPerByte) + costs.SetupNs);
        for (var turn = 0; turn < costs.SetupTurns; turn++)
            await Kernel.Compute(Kernel.Cpus.Count * costs.SetupTurnNsPerCpu, yields: true);
        module.IsInSysfs = true;
        Kernel.Change(module, ModuleState.Coming);
        call.FreeCopy(Kernel);
        return await DoInitModuleAsync(call, module, used, imageBytes);
    }

    /// <summary><c>do_init_module</c>: the module's init, then the wait for all asynchronous probes.</summary>
    async ValueTask<Errno> DoInitModuleAsync(
        LoadCallState call, KernelModule module, List<KernelModule> used, long imageBytes)
    {
        var facts = call.File.Facts;
        Stage(call, LoadStage.Init);
        await Kernel.Compute(facts.InitNs);
        if (facts.InitSleepNs > 0)
            await Kernel.Simulation.Delay(facts.InitSleepNs);
        if (call.File.Requests is { } requested && Kernel.RequestModule is { } request)
            await request(requested);
        Debug.Assert(module.State is ModuleState.Coming, "only its own load ends a module's init");
        if (facts.InitError is { } name)
        {
            // the kernel does not count this as waste
            Kernel.Change(module, ModuleState.Going);
            Unlink(module, used);
            FreeAfterFailedInit(imageBytes);
            return ErrnoText.TryParse(name, out var error) ? error : Errno.EIO;
        }
        Kernel.Change(module, ModuleState.Live);
        Kernel.Stats.Loaded(imageBytes, facts.TextBytes);
        Kernel.KeepAsLive(imageBytes);
        if (facts.AsyncProbeNs > 0)
        {
            Kernel.AsyncProbes++;
            Kernel.Simulation.At(Kernel.Simulation.NowNs + facts.AsyncProbeNs, () =>
            {
                Debug.Assert(Kernel.AsyncProbes > 0, "a probe ends once");
                Kernel.AsyncProbes--;
                WakeAfterProbe();
            });
        }
        // sent only after a successful init (38dc717e97153)
        Kernel.SendUevent($"/module/{call.Name}");
        module.IsAnnounced = true;
        Kernel.BecameLive?.Invoke(module);
        if (Kernel.AsyncProbes == 0)
            return Errno.None;
        Kernel.Trace.Waits(call.Task, call.Name, WaitReason.AsyncProbes);
        // not interruptible: a killed task still waits here
        while (Kernel.AsyncProbes > 0)
            await Kernel.AsyncDone.WaitUninterruptibly();
        WaitEnds(call);
        return Errno.None;
    }

    /// <summary><c>module_patient_check_exists</c>: looks for a module of the same name. It waits while that is coming,
    /// and returns EEXIST when it is live, EBUSY when it has failed or is going.</summary>
    protected virtual async ValueTask<Errno> PatientCheckExistsAsync(LoadCallState call)
    {
        if (Kernel.Find(call.Name) is not { } other)
            return Errno.None;
        if (other.State is ModuleState.Coming or ModuleState.Unformed)
        {
            Kernel.Trace.Waits(call.Task, call.Name, WaitReason.SameModule);
            while (Kernel.Find(call.Name) is { State: ModuleState.Coming or ModuleState.Unformed })
            {
                if (!await Kernel.FinishedLoading.Wait(call.Task))
                {
                    WaitEnds(call);
                    return Errno.EINTR;
                }
            }
            WaitEnds(call);
        }
        return Kernel.Find(call.Name) is { State: ModuleState.Live } ? Errno.EEXIST : Errno.EBUSY;
    }

    /// <summary><c>try_add_failed_module</c>; an interrupted call does not know whether it is a duplicate.</summary>
    Errno CountDuplicate(LoadCallState call, Errno error, DuplicateReason reason)
    {
        if (error is not Errno.EINTR)
            Kernel.Stats.Duplicate(call.Name, reason);
        return error;
    }

    /// <summary><c>simplify_symbols</c>: the dependencies must be live; it waits for one that is coming.</summary>
    async ValueTask<(List<KernelModule> Used, Errno Missing)> ResolveSymbolsAsync(LoadCallState call)
    {
        var used = new List<KernelModule>();
        foreach (var name in call.File.Facts.Dependencies)
        {
            if (Kernel.Find(name) is { State: ModuleState.Coming } && !await WaitForAsync(call, name))
                return (used, Errno.EBUSY);
            if (Kernel.Find(name) is not { State: ModuleState.Live } dependency)
                return (used, Errno.ENOENT);
            dependency.Users++;
            used.Add(dependency);
        }
        return (used, Errno.None);
    }

    /// <summary><c>resolve_symbol_wait</c>: false (EBUSY of strong_try_module_get) after a timeout or signal.</summary>
    async ValueTask<bool> WaitForAsync(LoadCallState call, string dependency)
    {
        var until = Kernel.Simulation.NowNs + SymbolWaitNs;
        Kernel.Simulation.At(until, () => Kernel.FinishedLoading.WakeAll());
        Kernel.Trace.Waits(call.Task, call.Name, WaitReason.Dependency, dependency);
        var continues = true;
        while (continues && Kernel.Simulation.NowNs < until && IsComing())
            continues = await Kernel.FinishedLoading.Wait(call.Task);
        WaitEnds(call);
        return continues && !IsComing();

        bool IsComing() => Kernel.Find(dependency) is { State: ModuleState.Coming };
    }

    /// <summary>Removes a module that failed from the list, and from the users of its dependencies.</summary>
    void Unlink(KernelModule module, List<KernelModule> used)
    {
        Debug.Assert(module.State is ModuleState.Unformed or ModuleState.Going, "a module that works stays");
        PutDependencies(used);
        Kernel.Remove(module);
    }

    Errno FailBecoming(LoadCallState call, Errno error)
    {
        Kernel.Stats.BecomingFailed(call.CopyBytes, call.CompressedBytes);
        call.WastedBytes += call.CopyBytes + call.CompressedBytes;
        FreeAfterEarlyFailure(call);
        return error;
    }

    Errno FailLoad(LoadCallState call, long imageBytes, Errno error)
    {
        CountLateFailure(call);
        call.WastedBytes += (2 * call.CopyBytes) + call.CompressedBytes;
        call.FreeCopy(Kernel);
        Kernel.Vfree(imageBytes);
        return error;
    }

    protected virtual void FreeAfterEarlyFailure(LoadCallState call) => call.FreeCopy(Kernel);
    protected virtual void FreeAfterFailedInit(long imageBytes) => Kernel.Vfree(imageBytes);

    protected virtual void CountLateFailure(LoadCallState call) =>
        Kernel.Stats.LoadFailed(call.CopyBytes, call.CompressedBytes);

    protected virtual void WakeAfterProbe() => Kernel.AsyncDone.WakeAll();

    protected virtual void PutDependencies(List<KernelModule> used)
    {
        foreach (var dependency in used)
            dependency.Users--;
    }

    void Stage(LoadCallState call, LoadStage stage) => Kernel.Trace.Stage(call.Task, call.Name, stage);
    void WaitEnds(LoadCallState call) => Kernel.Trace.Happened(ModelEventKind.WaitEnds, call.Task, call.Name);
}
