namespace Drover.Modules.Config;

public enum PolicyEffect
{
    Allow,

    /// <summary>Allow, and say so.</summary>
    Warn,

    Forbid,
}

/// <summary>One line of a policy. It applies to a load that fulfils all its conditions; null and false are
/// none.</summary>
/// <param name="Text">The line as written, without its reason.</param>
public sealed record PolicyLine(PolicyEffect Effect, string Text, ConfigSource Source)
{
    /// <summary>fnmatch(3) pattern, normalised: of the module's name, or of the alias that is requested.</summary>
    public string? Name { get; init; }

    /// <summary>Pattern of the file's path, without a leading <c>/usr</c>.</summary>
    public string? Path { get; init; }

    /// <summary>Pattern of the signer's name.</summary>
    public string? Signer { get; init; }

    public bool IsUnsigned { get; init; }

    /// <summary>The user that requests it.</summary>
    public uint? UserId { get; init; }

    /// <summary>Pattern of the requester's control group.</summary>
    public string? Cgroup { get; init; }

    /// <summary>It counts from <c>drover seal</c> on.</summary>
    public bool WhenBooted { get; init; }

    /// <summary>It is a <c>default</c> line: it applies where no other does.</summary>
    public bool IsDefault { get; init; }

    /// <summary>The text after <c>because</c>, or null.</summary>
    public string? Because { get; init; }

    /// <summary>Whether only the module's file tells if it applies.</summary>
    public bool NeedsFile => IsUnsigned || Signer is not null;

    /// <summary>It holds for some programs only.</summary>
    public bool IsOfClient => UserId is not null || Cgroup is not null;

    /// <summary>For messages: <c>file:line: because reason</c>, or the line where it has no reason.</summary>
    public override string ToString() => Because is null ? $"{Source}: {Text}" : $"{Source}: because {Because}";
}

/// <summary>A request that stands for both modules loads the first one only.</summary>
public sealed record PolicyPreference(string Preferred, string Over, ConfigSource Source);

/// <summary>A line without meaning, or a file that cannot be read.</summary>
public sealed record PolicyProblem(ConfigSource Source, string Why)
{
    public override string ToString() => $"{Source}: {Why}";
}

/// <summary>A program that requests a module; devices are no clients.</summary>
/// <param name="Cgroup">Reads its control group, such as <c>/system.slice/docker.service</c>; null if
/// unknown.</param>
public sealed record PolicyClient(uint UserId, Func<string?> Cgroup);

/// <summary>What a policy is asked about: one module of one request.</summary>
/// <param name="Module">Normalised name.</param>
/// <param name="Asked">The alias or modalias of the request, normalised; null for the module's own name.</param>
/// <param name="Path">Its file; empty for none.</param>
/// <param name="IsOwnFile">The request names the file, so its name says nothing about the module in it.</param>
public readonly record struct PolicyQuestion(
    string Module, string? Asked, string Path, PolicyClient? Client = null, bool IsOwnFile = false);

/// <param name="Line">The line that decides; null if none applies.</param>
public readonly record struct PolicyAnswer(PolicyEffect Effect, PolicyLine? Line)
{
    /// <summary>No line about the module applies: what an allowed module needs is allowed with it.</summary>
    public bool IsDefault => Line is null or { IsDefault: true };

    /// <summary>The clause of a message about a module that is not loaded.</summary>
    /// <param name="that">Stands for the module; <c>which</c> begins the clause.</param>
    public string Refusal(string that) => (IsDefault, that) switch
    {
        (false, "which") => $"which policy forbids ({Line})",
        (false, _) => $"policy forbids {that} ({Line})",
        _ => $"no line of the policy allows {that} ({Line})",
    };
}
