namespace Drover.Modules;

/// <summary>In what way a file is none that was wanted; kmod's tools tell these apart.</summary>
public enum DataFault
{
    /// <summary>Truncated, corrupt or hostile (kmod: <c>EINVAL</c>).</summary>
    Corrupt,

    /// <summary>Not of its format at all (kmod: <c>ENOEXEC</c>).</summary>
    OtherFormat,

    /// <summary>Sound, but without the part that was asked for (kmod: <c>ENOENT</c>).</summary>
    NoSuchPart,
}

/// <summary>A file that says what it cannot mean: truncated, corrupt or hostile. Never thrown for a file that merely is not there.</summary>
public sealed class ModuleDataException : Exception
{
    public ModuleDataException(string file, long offset, string problem, Exception? inner = null)
        : base($"{file}: offset {offset}: {problem}", inner)
    {
        File = file;
        Offset = offset;
        Problem = problem;
    }

    /// <summary>The file as it was named by whoever opened it.</summary>
    public string File { get; }

    /// <summary>Where in the file, in bytes from its beginning; of a compressed file, in the decompressed bytes when the damage lies there.</summary>
    public long Offset { get; }

    public DataFault Fault { get; init; }

    /// <summary>What is wrong there, a clause without the file's name.</summary>
    public string Problem { get; }
}
