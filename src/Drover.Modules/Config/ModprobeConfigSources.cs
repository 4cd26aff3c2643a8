namespace Drover.Modules;

/// <summary>Where a configuration is read from.</summary>
public sealed record ModprobeConfigSources
{
    /// <summary>The root under which the modprobe.d directories are looked for; <c>/</c> is this machine's.</summary>
    public string Root { get; init; } = "/";

    /// <summary>The directory whose modules.softdep and modules.weakdep belong to the configuration; null for none.</summary>
    public string? ModuleDirectory { get; init; }

    /// <summary>The kernel's command line, as /proc/cmdline has it; null for none.</summary>
    public string? CommandLine { get; init; }

    /// <summary>Files and directories that take the place of all modprobe.d directories, as with modprobe's <c>-C</c>; null to look under <see cref="Root"/>.</summary>
    public IReadOnlyList<string>? ExplicitPaths { get; init; }
}
