namespace Drover.Modules.Depmod;

/// <summary>What depmod is asked for.</summary>
public sealed record DepmodOptions
{
    /// <summary>The kernel's release, which is the name of its module directory.</summary>
    public required string Release { get; init; }

    /// <summary>The module directory, absolute.</summary>
    public required string Directory { get; init; }

    /// <summary>Where the indexes go, absolute; made when it is not there.</summary>
    public required string OutputDirectory { get; init; }

    /// <summary>Absolute paths of the only modules to look at; null for all there are.</summary>
    public IReadOnlyList<string>? Paths { get; init; }

    /// <summary>Files and directories that take the place of all depmod.d directories; null for those.</summary>
    public IReadOnlyList<string>? ConfigPaths { get; init; }

    /// <summary>A Module.symvers of the kernel, whose symbols and versions are then known; null for none (<c>-E</c>).</summary>
    public string? SymbolVersions { get; init; }

    /// <summary>A System.map of the kernel; null for none (<c>-F</c>). Not looked at beside <see cref="SymbolVersions"/>.</summary>
    public string? SystemMap { get; init; }

    /// <summary>Tell symbols that nobody exports, and versions that differ (<c>-e</c>).</summary>
    public bool TellUnknown { get; init; }

    /// <summary>Tell aliases that a module has twice (<c>-w</c>).</summary>
    public bool TellDuplicates { get; init; }

    /// <summary>What the architecture puts before every symbol's name, or NUL (<c>-P</c>).</summary>
    public byte SymbolPrefix { get; init; }

    /// <summary>Threads that read modules and make indexes; at least 1.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Remember what was read in a file of our own beside the indexes, and take from it what has not changed.</summary>
    public bool UseCache { get; init; } = true;
}
