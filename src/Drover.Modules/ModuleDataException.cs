namespace Drover.Modules;

/// <summary>Why a file is rejected; kmod's tools report these differently.</summary>
public enum DataFault
{
    /// <summary>Truncated, corrupt or malicious (kmod: <c>EINVAL</c>).</summary>
    Corrupt,

    /// <summary>Of another format (kmod: <c>ENOEXEC</c>).</summary>
    OtherFormat,

    /// <summary>Valid, and only a library that is missing reads it (kmod: <c>ENOSYS</c>).</summary>
    NeedsLibrary,

    /// <summary>Valid, but without the requested part (kmod: <c>ENOENT</c>).</summary>
    NoSuchPart,
}

/// <summary>A truncated, corrupt or malicious file. Never thrown for a missing file.</summary>
public sealed class ModuleDataException : Exception
{
    public ModuleDataException(string file, long offset, string problem, Exception? inner = null)
        : base($"{file}: offset {offset}: {problem}", inner)
    {
        File = file;
        Offset = offset;
        Problem = problem;
    }

    /// <summary>The file name that the caller used.</summary>
    public string File { get; }

    /// <summary>Offset in the file in bytes; for an error inside compressed data, in the decompressed bytes.</summary>
    public long Offset { get; }

    public DataFault Fault { get; init; }

    /// <summary>The message without file name and offset.</summary>
    public string Problem { get; }
}

/// <summary>Bounds the memory that a malicious module file can make us allocate.</summary>
public static class ModuleLimits
{
    /// <summary>Maximum size of a module in bytes, as a file and decompressed.</summary>
    public const long MaxImageBytes = 512L << 20;
}
