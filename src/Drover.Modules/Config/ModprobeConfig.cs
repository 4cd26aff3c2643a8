namespace Drover.Modules;

/// <summary>Where a line of configuration stands; <paramref name="Line"/> counts from 1, and is 0 for the kernel's command line.</summary>
public readonly record struct ConfigSource(string File, int Line);

public sealed record AliasRule(string Pattern, string Module, ConfigSource Source);

public sealed record BlacklistRule(string Module, ConfigSource Source);

public sealed record OptionsRule(string Module, string Options, ConfigSource Source);

/// <summary>An <c>install</c> or <c>remove</c> line; <paramref name="Pattern"/> is matched with fnmatch against the module's name.</summary>
public sealed record CommandRule(string Pattern, string Command, ConfigSource Source);

public sealed record SoftDependencyRule(string Pattern, IReadOnlyList<string> Pre, IReadOnlyList<string> Post, ConfigSource Source);

public sealed record WeakDependencyRule(string Pattern, IReadOnlyList<string> Modules, ConfigSource Source);

/// <summary>All of modprobe.d, modules.softdep, modules.weakdep and the kernel's command line, in kmod's order; immutable, safe for any thread.</summary>
public sealed class ModprobeConfig
{
    public static ModprobeConfig Empty => throw new NotSupportedException();

    public IReadOnlyList<AliasRule> Aliases => throw new NotSupportedException();
    public IReadOnlyList<BlacklistRule> Blacklist => throw new NotSupportedException();
    public IReadOnlyList<OptionsRule> Options => throw new NotSupportedException();
    public IReadOnlyList<CommandRule> InstallCommands => throw new NotSupportedException();
    public IReadOnlyList<CommandRule> RemoveCommands => throw new NotSupportedException();
    public IReadOnlyList<SoftDependencyRule> SoftDependencies => throw new NotSupportedException();
    public IReadOnlyList<WeakDependencyRule> WeakDependencies => throw new NotSupportedException();

    /// <summary>Lines that were passed over, each as "file:line: why": a bad line never stops the others.</summary>
    public IReadOnlyList<string> Warnings => throw new NotSupportedException();
}
