using Drover.Loading;

namespace Drover.Model;

/// <summary>init_module(2): the bytes come from user space, so there is no file, and no gate at all.</summary>
public sealed class InitModule(KernelModel kernel)
{
    const string Name = "init_module";

    readonly LoadModule _load = new(kernel);

    /// <summary>The system call, from user space and back.</summary>
    public async ValueTask<Errno> CallAsync(ModelTask task, ModuleOnDisk file)
    {
        kernel.CallBegins(task, file, Name);
        var call = new LoadCallState(task, file);
        await kernel.Compute(kernel.Costs.SyscallNs);
        var error = kernel.ModulesDisabled ? Errno.EPERM : await CopyModuleFromUserAsync(call);
        if (error is Errno.None)
            error = await _load.RunAsync(call);
        kernel.CallEnds(task, file, Name, error, call.WastedBytes);
        return error;
    }

    async ValueTask<Errno> CopyModuleFromUserAsync(LoadCallState call)
    {
        kernel.Trace.Happened(HerdEventKind.Stage, call.Task, call.Name, "copy", bytes: call.File.Facts.ElfBytes);
        if (!await kernel.VmallocAsync(call.Task, call.File.Facts.ElfBytes))
            return Errno.ENOMEM;
        call.CopyBytes = call.File.Facts.ElfBytes;
        await kernel.Compute(call.CopyBytes * kernel.Costs.CopyNsPerByte);
        return Errno.None;
    }
}
