using Drover.Loading;

namespace Drover.Model;

/// <summary>The way of a loader that decompresses by itself: read and decompress into memory of its own, then init_module. Stateless but for the machine.</summary>
sealed class UserDecompression(HerdMachine machine)
{
    readonly InitModule _init = new(machine.Kernel);

    /// <summary>Makes the call; ENOMEM, without one, when there is no memory to decompress into.</summary>
    public async ValueTask<Errno> CallAsync(ModelTask task, ModuleOnDisk file)
    {
        var (costs, bytes) = (machine.Costs, file.Facts.ElfBytes);
        if (!await machine.Memory.AllocateAsync(task, bytes, isVmalloc: false))
            return Errno.ENOMEM;
        task.Bytes += bytes;
        await machine.Kernel.Compute((file.Facts.FileBytes * costs.ReadNsPerByte) + (bytes * costs.DecompressNsPerByte));
        var error = await _init.CallAsync(task, file);
        task.Bytes -= bytes;
        machine.Memory.Free(bytes, isVmalloc: false);
        return error;
    }
}
