using Drover.Loading;

namespace Drover.Model;

/// <summary>finit_module(2), split as the seed's commit splits it: the checks, the gate, and what happens inside it.</summary>
public sealed class FinitModule(KernelModel kernel)
{
    /// <summary>In traces.</summary>
    internal const string Name = "finit_module";

    readonly LoadModule _load = new(kernel);

    /// <summary>The system call, from user space and back.</summary>
    /// <param name="task">Who calls.</param>
    /// <param name="file">Opened for reading.</param>
    /// <param name="compressed">MODULE_INIT_COMPRESSED_FILE.</param>
    public async ValueTask<Errno> CallAsync(ModelTask task, ModuleOnDisk file, bool compressed = false)
    {
        kernel.CallBegins(task, file, Name);
        var call = new LoadCallState(task, file);
        await kernel.Compute(kernel.Costs.SyscallNs);
        var error = kernel.ModulesDisabled ? Errno.EPERM : await ThroughGateAsync(call, compressed);
        kernel.CallEnds(task, file, Name, error, call.WastedBytes);
        return error;
    }

    /// <summary><c>idempotent_init_module</c>, or what stood in its place at the time.</summary>
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
                    if (kernel.Mutation is not Mutation.GateStaysShut)
                        inode.AllowWriteAccess();
                }

            case GateKind.Idempotent:
                if (kernel.Idempotent.TryEnter(inode, out var pass))
                {
                    var result = await FromFileAsync(call, compressed);
                    kernel.Idempotent.Complete(inode, pass, result);
                    return result;
                }
                kernel.Trace.Happened(HerdEventKind.Waits, call.Task, call.Name, "the gate");
                var awaited = await pass.WaitAsync(call.Task);
                kernel.Trace.Happened(HerdEventKind.WaitEnds, call.Task, call.Name);
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
        return await _load.RunAsync(call);
    }

    /// <summary><c>kernel_read_file</c>: denies writing while it reads, which nests in the exclusive gate's own denial.</summary>
    async ValueTask<Errno> KernelReadFileAsync(LoadCallState call)
    {
        var inode = call.File.Inode;
        if (inode.DenyWriteAccess() is not Errno.None and var busy)
            return busy;
        try
        {
            kernel.Trace.Happened(HerdEventKind.Stage, call.Task, call.Name, "read", bytes: call.File.Facts.FileBytes);
            if (!await kernel.VmallocAsync(call.Task, call.File.Facts.FileBytes))
                return Errno.ENOMEM;
            call.CopyBytes = call.File.Facts.FileBytes;
            await kernel.Compute(call.CopyBytes * kernel.Costs.ReadNsPerByte);
            if (!call.File.IsUnreadable)
                return Errno.None;
            call.FreeCopy(kernel);
            return Errno.EIO;
        }
        finally
        {
            if (kernel.Mutation is not Mutation.AllowForgottenOnError || !call.File.IsUnreadable)
                inode.AllowWriteAccess();
        }
    }

    /// <summary><c>module_decompress</c>: into an allocation of its own; the compressed copy is freed afterwards.</summary>
    async ValueTask<Errno> DecompressAsync(LoadCallState call)
    {
        kernel.Trace.Happened(HerdEventKind.Stage, call.Task, call.Name, "decompress");
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
