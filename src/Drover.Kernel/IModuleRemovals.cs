namespace Drover.Kernel;

/// <summary>Port: removals of modules. Called on the event loop, where its tasks complete; throws nothing.</summary>
public interface IModuleRemovals
{
    /// <summary>Removes a module (delete_module with O_NONBLOCK): EAGAIN or EBUSY while it is in use, ENOENT when it is
    /// not loaded. A call in the kernel is never cancelled.</summary>
    /// <param name="module">Normalised name.</param>
    /// <param name="force">O_TRUNC: even while in use, where the kernel has CONFIG_MODULE_FORCE_UNLOAD.</param>
    Task<LoadReply> DeleteAsync(string module, bool force);

    /// <summary>The reference count (<c>refcnt</c>); null when the module is not loaded or cannot be
    /// unloaded.</summary>
    int? ReferencesTo(string module);

    /// <summary>The modules that use it (<c>holders</c>), or null as above.</summary>
    IReadOnlyList<string>? HoldersOf(string module);
}
