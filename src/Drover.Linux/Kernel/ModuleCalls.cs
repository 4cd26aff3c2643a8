using System.Diagnostics.CodeAnalysis;
using Drover.Kernel;
using Drover.Linux.Files;
using Drover.Linux.ProcFs;
using Drover.Linux.Syscalls;
using Drover.Modules;
using Drover.Modules.Image;

namespace Drover.Linux.Kernel;

/// <summary>The blocking system calls that load and remove modules. Nothing here throws.</summary>
static class ModuleCalls
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

    /// <summary>Reads a module file; a failure has the errno of finit_module, EBADMSG for a corrupt file.</summary>
    internal static LoadReply Read<T>(string path, Func<T> read, out T? result)
    {
        try
        {
            result = read();
            return new(Errno.None);
        }
        catch (ModuleDataException e)
        {
            result = default;
            return new(Errno.EBADMSG, e.Message);
        }
        catch (Exception e) when (ErrnoOf(e) is { } error)
        {
            result = default;
            return new(error, $"{path}: {e.Message}");
        }
    }

    [SuppressMessage("Usage", "CA2201", Justification = "OutOfMemoryException is recognised, not thrown")]
    static Errno? ErrnoOf(Exception e) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException => Errno.ENOENT,
        UnauthorizedAccessException => Errno.EACCES,
        OutOfMemoryException => Errno.ENOMEM,
        IOException => Errno.EIO,
        _ => null,
    };

    // The file is opened here and not earlier: a tracer sees its name and the load on one thread, one after the other.
    static LoadReply FInit(LoadCall call, int flags)
    {
        var fd = SmallFile.Open(call.Path, out var error);
        if (fd < 0)
            return new(error, $"{call.Path}: open: {ErrnoText.Describe(error)}");
        error = Libc.FInitModule(Libc.ModuleCalls.FInit, fd, call.Parameters, flags) < 0 ? Libc.LastError : Errno.None;
        _ = Libc.Close(fd);
        return new(error, error is Errno.ETXTBSY ? FileWriters.Describe(call.Path) : null);
    }

    static LoadReply Init(LoadCall call)
    {
        var reply = Read(call.Path, () => ModuleFile.ReadImage(call.Path), out var image);
        if (image is not { Length: > 0 })
            return reply.Error is Errno.None ? new(Errno.ENOEXEC, $"{call.Path}: the file is empty") : reply;
        // init_module has no flags; the kernel does not check what the image lacks
        if (call.Ignored is not IgnoredChecks.None)
        {
            var hidden = Read(call.Path, () => Hide(image, call), out _);
            if (hidden.Error is not Errno.None)
                return hidden;
        }
        return Libc.InitModule(Libc.ModuleCalls.Init, ref image[0], image.Length, call.Parameters) < 0
            ? new(Libc.LastError)
            : new(Errno.None);
    }

    static bool Hide(byte[] image, LoadCall call)
    {
        if (call.Ignored.HasFlag(IgnoredChecks.Modversions))
            ModuleChecks.HideModversions(image, call.Path);
        if (call.Ignored.HasFlag(IgnoredChecks.Vermagic))
            ModuleChecks.HideVermagic(image, call.Path);
        return true;
    }
}
