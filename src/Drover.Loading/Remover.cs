using Drover.Kernel;

namespace Drover.Loading;

/// <summary>Takes modules out of the kernel, through the same locks as loads: no removal gets between another loader's
/// check of a module and its call. One owner, the event loop.</summary>
public sealed class Remover(EventLoop loop, IModuleRemovals kernel, IModuleLocks locks)
{
    /// <summary>Before a module in use is tried again; doubled up to <see cref="LongestPause"/>.</summary>
    static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(1);

    static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(100);

    /// <summary>Removes one module; what it depends on stays.</summary>
    /// <param name="module">Normalised name.</param>
    /// <param name="force">Even while in use, where the kernel allows it.</param>
    /// <param name="wait">How long to try again while it is in use (EAGAIN).</param>
    /// <returns>The kernel's errno: ENOENT when the module is not there.</returns>
    public async Task<Errno> RemoveAsync(string module, bool force, TimeSpan wait)
    {
        var started = loop.Time.GetTimestamp();
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            // not held during the pause: the module's user may need a load to finish
            LoadReply reply;
            using (await locks.EnterAsync(module, CancellationToken.None))
                reply = await kernel.DeleteAsync(module, force);
            var left = wait - loop.Time.GetElapsedTime(started);
            if (reply.Error is Errno.EINTR)
                continue;
            if (reply.Error is not Errno.EAGAIN || left <= TimeSpan.Zero)
                return reply.Error;
            await loop.Delay(pause < left ? pause : left);
        }
    }
}
