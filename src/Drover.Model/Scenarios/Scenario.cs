using Drover.Modules;

namespace Drover.Model;

/// <summary>What a herd is about: a machine's devices, the modules they ask for, and what loading those costs. Recorded from a real machine; immutable.</summary>
public sealed record Scenario
{
    /// <summary>Of what machine, for a person.</summary>
    public required string Name { get; init; }

    /// <summary>How and where it was recorded, and what was measured rather than estimated.</summary>
    public string Description { get; init; } = "";

    /// <summary>The kernel's release on the machine.</summary>
    public string Kernel { get; init; } = "";

    /// <summary>CPUs of the machine it was recorded on; a run may have any number.</summary>
    public required int Cpus { get; init; }

    /// <summary>Memory of that machine, in bytes.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>How its module files are compressed.</summary>
    public ModuleCompression Compression { get; init; }

    /// <summary>Every module that some device asks for, and all that those depend on; a module's dependencies come before it.</summary>
    public required IReadOnlyList<ScenarioModule> Modules { get; init; }

    /// <summary>What each modalias stands for, in kmod's order. A modalias that no module has is not listed.</summary>
    public required IReadOnlyList<ScenarioAlias> Aliases { get; init; }

    /// <summary>Devices in the order in which their events come.</summary>
    public required IReadOnlyList<ScenarioDevice> Devices { get; init; }

    /// <summary>Costs that differ from <see cref="CostModel"/>'s defaults on that machine, by the name of its property in camelCase; times in ns.</summary>
    public IReadOnlyDictionary<string, double> Costs { get; init; } = new Dictionary<string, double>();
}

/// <summary>A module of a scenario.</summary>
public sealed record ScenarioModule
{
    /// <summary>Normalised.</summary>
    public required string Name { get; init; }

    /// <summary>Bytes on disk.</summary>
    public required long FileBytes { get; init; }

    /// <summary>Bytes of the ELF file, decompressed; equal to <see cref="FileBytes"/> where it is not compressed.</summary>
    public required long ElfBytes { get; init; }

    /// <summary>Bytes once laid out in the kernel, init sections included.</summary>
    public required long ImageBytes { get; init; }

    /// <summary>Bytes of its text, of those.</summary>
    public long TextBytes { get; init; }

    /// <summary>Hard dependencies, direct and indirect, in the order in which they are loaded.</summary>
    public IReadOnlyList<string> Dependencies { get; init; } = [];

    /// <summary>Softdeps before and after.</summary>
    public IReadOnlyList<string> SoftdepsBefore { get; init; } = [];

    /// <inheritdoc cref="SoftdepsBefore"/>
    public IReadOnlyList<string> SoftdepsAfter { get; init; } = [];

    /// <summary>What its init function computes, in ns of one CPU of the recorded machine.</summary>
    public long InitNs { get; init; }

    /// <summary>What its init waits without computing (hardware that answers late), in ns.</summary>
    public long InitSleepNs { get; init; }

    /// <summary>How long its asynchronous probes go on after it is live, in ns; its call, and every other, does not return before.</summary>
    public long AsyncProbeNs { get; init; }

    /// <summary>The errno of its init: <c>ENODEV</c> for a driver without hardware; null where it succeeds.</summary>
    public string? InitError { get; init; }

    /// <summary>The times were measured on the machine; otherwise they are an estimate.</summary>
    public bool IsMeasured { get; init; }
}

/// <summary>A modalias and what it stands for, in kmod's order; a module comes twice where two of its patterns match.</summary>
public sealed record ScenarioAlias(string Modalias, IReadOnlyList<string> Modules);

/// <summary>A device, or one for each CPU.</summary>
public sealed record ScenarioDevice
{
    /// <summary>Path below /sys; of a device of each CPU, with <c>{cpu}</c> where the number stands.</summary>
    public required string Path { get; init; }

    /// <summary>Its subsystem, or empty.</summary>
    public string Subsystem { get; init; } = "";

    /// <summary>None, one or two.</summary>
    public IReadOnlyList<string> Modaliases { get; init; } = [];

    /// <summary>There is one for each CPU: these make the herd.</summary>
    public bool IsPerCpu { get; init; }

    /// <summary>The module whose init makes the device appear, or null where it is there from the beginning.</summary>
    public string? AppearsWith { get; init; }
}
