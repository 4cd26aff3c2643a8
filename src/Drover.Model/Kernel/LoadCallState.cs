namespace Drover.Model;

/// <summary>What one call has allocated and wasted (<c>struct load_info</c>). One owner, its call.</summary>
sealed class LoadCallState(ModelTask task, ModuleOnDisk file)
{
    public ModelTask Task { get; } = task;

    public ModuleOnDisk File { get; } = file;

    public string Name => File.Facts.Name;

    /// <summary>The copy of the file in memory, decompressed or not; 0 when there is none.</summary>
    public long CopyBytes { get; set; }

    /// <summary>What that was decompressed from; 0 where it was not.</summary>
    public long CompressedBytes { get; set; }

    /// <summary>As the statistics count it.</summary>
    public long WastedBytes { get; set; }

    /// <summary><c>free_copy</c>.</summary>
    public void FreeCopy(KernelModel kernel)
    {
        if (CopyBytes > 0)
            kernel.Vfree(CopyBytes);
        CopyBytes = 0;
    }
}
