namespace Drover.Loading;

/// <summary>The kernel as who removes modules sees it. As <see cref="IKernel"/>: called on the event loop, tasks complete on it, nothing is thrown.</summary>
public interface IModuleRemovals
{
    /// <summary>
    /// Takes a module out (delete_module with O_NONBLOCK): EAGAIN or EBUSY while it is in use, ENOENT when it is not there. As with a load, the call is never
    /// cancelled.
    /// </summary>
    /// <param name="module">Normalised name.</param>
    /// <param name="force">O_TRUNC: even while in use, where the kernel allows it (CONFIG_MODULE_FORCE_UNLOAD).</param>
    Task<LoadReply> DeleteAsync(string module, bool force);

    /// <summary>How many hold the module (<c>refcnt</c>), or null where the kernel does not tell: it is not there, or cannot be unloaded.</summary>
    int? ReferencesTo(string module);

    /// <summary>Modules that use the module (<c>holders</c>), or null where the kernel does not tell.</summary>
    IReadOnlyList<string>? HoldersOf(string module);
}
