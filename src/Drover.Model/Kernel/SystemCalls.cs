namespace Drover.Model.Kernel;

/// <summary>finit_module(2), divided as in commit 9828ed3f695a: checks, gate, and the load inside the gate.</summary>
public sealed class FinitModule(KernelModel kernel)
{
    const string Name = "finit_module";

    /// <param name="file">Opened for reading.</param>
    /// <param name="compressed">MODULE_INIT_COMPRESSED_FILE.</param>
    public async ValueTask<Errno> CallAsync(ModelTask task, ModuleOnDisk file, bool compressed = false)
    {
        kernel.CallBegins(task, file, Name, isFinit: true);
        var call = new LoadCallState(task, file);
        await kernel.Compute(kernel.Costs.SyscallNs);
        var error = kernel.ModulesDisabled ? Errno.EPERM : await ThroughGateAsync(call, compressed);
        kernel.CallEnds(call, Name, error);
        return error;
    }

    /// <summary><c>idempotent_init_module</c>, or its predecessor in the kernel of that gate.</summary>
    async ValueTask<Errno> ThroughGateAsync(LoadCallState call, bool compressed)
    {
        var inode = call.File.Inode;
        switch (kernel.Gate)
        {
            case GateKind.Exclusive:
                if (inode.ExclusiveDenyWriteAccess() is not Errno.None and var error)
                    return error;
                try
                {
                    return await FromFileAsync(call, compressed);
                }
                finally
                {
                    inode.AllowWriteAccess();
                }

            case GateKind.Idempotent:
                if (kernel.Idempotent.TryEnter(inode, out var first))
                {
                    var result = await FromFileAsync(call, compressed);
                    kernel.Idempotent.Complete(inode, first, result);
                    return result;
                }
                kernel.Trace.Waits(call.Task, call.Name, WaitReason.Gate);
                var awaited = await first.WaitAsync(call.Task);
                kernel.Trace.Happened(ModelEventKind.WaitEnds, call.Task, call.Name);
                return awaited;

            default:
                return await FromFileAsync(call, compressed);
        }
    }

    /// <summary><c>init_module_from_file</c>.</summary>
    async ValueTask<Errno> FromFileAsync(LoadCallState call, bool compressed)
    {
        if (await KernelReadFileAsync(call) is not Errno.None and var error)
        {
            kernel.Stats.KreadFailed(0);
            return error;
        }
        if (compressed && await DecompressAsync(call) is not Errno.None and var bad)
            return bad;
        return await kernel.LoadModule.RunAsync(call);
    }

    /// <summary><c>kernel_read_file</c>: denies writing, which nests in the exclusive gate's denial.</summary>
    async ValueTask<Errno> KernelReadFileAsync(LoadCallState call)
    {
        var inode = call.File.Inode;
        if (inode.DenyWriteAccess() is not Errno.None and var busy)
            return busy;
        try
        {
            var bytes = call.File.Facts.FileBytes;
            kernel.Trace.Stage(call.Task, call.Name, LoadStage.Read, bytes);
            if (!await kernel.VmallocAsync(call.Task, bytes))
                return Errno.ENOMEM;
            Debug.Assert(call.CopyBytes == 0, "a call reads its file once");
            call.CopyBytes = bytes;
            await kernel.Compute(bytes * kernel.Costs.ReadNsPerByte);
            if (!call.File.IsUnreadable)
                return Errno.None;
            call.FreeCopy(kernel);
            return Errno.EIO;
        }
        finally
        {
            inode.AllowWriteAccess();
        }
    }

    /// <summary><c>module_decompress</c>: into another allocation; the compressed copy is freed afterwards.</summary>
    async ValueTask<Errno> DecompressAsync(LoadCallState call)
    {
        kernel.Trace.Stage(call.Task, call.Name, LoadStage.Decompress);
        var compressed = call.CopyBytes;
        var error = !kernel.Decompresses ? Errno.EOPNOTSUPP : call.File.IsForeign ? Errno.EINVAL : Errno.None;
        if (error is Errno.None && !await kernel.VmallocAsync(call.Task, call.File.Facts.ElfBytes))
            error = Errno.ENOMEM;
        if (error is not Errno.None)
        {
            call.FreeCopy(kernel);
            kernel.Stats.DecompressFailed(compressed);
            call.WastedBytes += compressed;
            return error;
        }
        await kernel.Compute(call.File.Facts.ElfBytes * kernel.Costs.DecompressNsPerByte);
        kernel.Vfree(compressed);
        call.CopyBytes = call.File.Facts.ElfBytes;
        call.CompressedBytes = compressed;
        return Errno.None;
    }
}

/// <summary>init_module(2): the bytes come from user space, so there is no file and no gate.</summary>
public sealed class InitModule(KernelModel kernel)
{
    const string Name = "init_module";

    public async ValueTask<Errno> CallAsync(ModelTask task, ModuleOnDisk file)
    {
        kernel.CallBegins(task, file, Name, isFinit: false);
        var call = new LoadCallState(task, file);
        await kernel.Compute(kernel.Costs.SyscallNs);
        var error = kernel.ModulesDisabled ? Errno.EPERM : await CopyModuleFromUserAsync(call);
        if (error is Errno.None)
            error = await kernel.LoadModule.RunAsync(call);
        kernel.CallEnds(call, Name, error);
        return error;
    }

    async ValueTask<Errno> CopyModuleFromUserAsync(LoadCallState call)
    {
        var bytes = call.File.Facts.ElfBytes;
        kernel.Trace.Stage(call.Task, call.Name, LoadStage.Copy, bytes);
        if (!await kernel.VmallocAsync(call.Task, bytes))
            return Errno.ENOMEM;
        Debug.Assert(call.CopyBytes == 0, "a call copies its module once");
        call.CopyBytes = bytes;
        await kernel.Compute(bytes * kernel.Costs.CopyNsPerByte);
        return Errno.None;
    }
}

/// <summary>delete_module(2) with O_NONBLOCK: ENOENT, EAGAIN while other modules use it, EBUSY unless live.</summary>
public sealed class DeleteModule(KernelModel kernel)
{
    public async ValueTask<Errno> CallAsync(ModelTask task, string name)
    {
        await kernel.Compute(kernel.Costs.SyscallNs);
        if (kernel.ModulesDisabled)
            return Errno.EPERM;
        if (kernel.Find(name) is not { } module)
            return Errno.ENOENT;
        if (module.Users > 0)
            return Errno.EAGAIN;
        if (module.State is not ModuleState.Live)
            return Errno.EBUSY;
        kernel.Trace.Stage(task, name, LoadStage.Exit);
        kernel.Change(module, ModuleState.Going);
        await kernel.Compute(kernel.Costs.SetupNs);
        Debug.Assert(module is { Users: 0, State: ModuleState.Going }, "a module that is going gets no new users");
        foreach (var dependency in module.File.Facts.Dependencies)
        {
            if (kernel.Find(dependency) is { } used)
                used.Users--;
        }
        kernel.Remove(module);
        kernel.FreeLive(kernel.ImageBytes(module.File.Facts));
        return Errno.None;
    }
}
