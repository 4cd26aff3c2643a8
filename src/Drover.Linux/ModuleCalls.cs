using Drover.Linux.Syscalls;
using Drover.Loading;
using Drover.Modules;

namespace Drover.Linux;

/// <summary>The blocking calls that carry a module into the kernel and out of it, for the thread they are made on. Stateless; they throw nothing.</summary>
internal static class ModuleCalls
{
    internal static LoadReply Load(LoadCall call) => call.Via switch
    {
        LoadVia.FinitModule => FInit(call, (int)call.Ignored),
        LoadVia.FinitModuleCompressed => FInit(call, Libc.MODULE_INIT_COMPRESSED_FILE | (int)call.Ignored),
        LoadVia.InitModule => Init(call),
        _ => throw new ArgumentOutOfRangeException(nameof(call)),
    };

    internal static LoadReply Delete(string module, int flags) =>
        Libc.DeleteModule(Libc.ModuleCalls.Delete, module, flags) < 0 ? new(Libc.LastError) : new(Errno.None);

    // Opened here and not earlier: whoever traces the calls sees the file's name and the load on one thread, one after the other.
    static LoadReply FInit(LoadCall call, int flags)
    {
        var fd = SmallFile.Open(call.Path, out var error);
        if (fd < 0)
        {
            return new(error, $"{call.Path}: open: {ErrnoText.Describe(error)}");
        }

        error = Libc.FInitModule(Libc.ModuleCalls.FInit, fd, call.Parameters, flags) < 0 ? Libc.LastError : Errno.None;
        _ = Libc.Close(fd);
        return new(error, error is Errno.ETXTBSY ? FileWriters.Describe(call.Path) : null);
    }

    static LoadReply Init(LoadCall call)
    {
        var reply = FileErrors.Guard(call.Path, () => ModuleFile.ReadImage(call.Path), out var image);
        if (image is not { Length: > 0 })
        {
            return reply.Error is Errno.None ? new(Errno.ENOEXEC, $"{call.Path}: the file is empty") : reply;
        }

        // this call has no flags: what is not there is not checked
        if (call.Ignored is not IgnoredChecks.None)
        {
            var hidden = FileErrors.Guard(call.Path, () => Hide(image, call), out _);
            if (hidden.Error is not Errno.None)
            {
                return hidden;
            }
        }

        return Libc.InitModule(Libc.ModuleCalls.Init, ref image[0], image.Length, call.Parameters) < 0 ? new(Libc.LastError) : new(Errno.None);
    }

    static bool Hide(byte[] image, LoadCall call)
    {
        if (call.Ignored.HasFlag(IgnoredChecks.Modversions))
        {
            ModuleChecks.HideModversions(image, call.Path);
        }

        if (call.Ignored.HasFlag(IgnoredChecks.Vermagic))
        {
            ModuleChecks.HideVermagic(image, call.Path);
        }

        return true;
    }
}
