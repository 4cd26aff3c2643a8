using Drover.Loading;

namespace Drover.Model;

/// <summary>delete_module(2) with O_NONBLOCK: ENOENT, EWOULDBLOCK (EAGAIN) while others use it, EBUSY unless it is live.</summary>
public sealed class DeleteModule(KernelModel kernel)
{
    /// <summary>The system call.</summary>
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
        kernel.Trace.Happened(HerdEventKind.Stage, task, name, "exit");
        kernel.Change(module, ModuleState.Going);
        await kernel.Compute(kernel.Costs.SetupNs);
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
