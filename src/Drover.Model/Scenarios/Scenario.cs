using System.Text.Json.Serialization;

namespace Drover.Model.Scenarios;

// Members stand in the order in which a file has them. The source generator sets optional members that a file lacks to
// null, hence "value ?? field".

/// <summary>A real machine's devices, the modules that they request, and the costs of loading these.</summary>
public sealed record Scenario
{
    /// <summary>In the path of a device of each CPU: the CPU's number.</summary>
    public const string CpuMark = "{cpu}";

    [JsonInclude, JsonRequired]
    internal string Format { get; init; } = ScenarioFile.Format;

    [JsonInclude, JsonRequired]
    internal int Version { get; init; } = ScenarioFile.Version;
    public required string Name { get; init; }
    /// <summary>How and where it was recorded, and which times were measured.</summary>
    public string Description { get; init => field = value ?? field; } = "";
    public string Kernel { get; init => field = value ?? field; } = "";
    /// <summary>CPUs of the recorded machine; a run may have any number.</summary>
    public required int Cpus { get; init; }
    public required long MemoryBytes { get; init; }

    [JsonConverter(typeof(CompressionConverter))]
    public ModuleCompression Compression { get; init; }

    /// <summary>Costs other than the defaults of <see cref="CostModel"/>, by property name in camelCase.</summary>
    public IReadOnlyDictionary<string, double> Costs { get; init => field = value ?? field; } =
        new Dictionary<string, double>();

    /// <summary>The modules that devices request and all dependencies, which precede their dependents.</summary>
    public required IReadOnlyList<ScenarioModule> Modules { get; init; }
    /// <summary>The modules of each modalias, in kmod's order. A modalias without modules is not listed.</summary>
    public required IReadOnlyList<ScenarioAlias> Aliases { get; init; }
    /// <summary>Devices in the order of their events.</summary>
    public required IReadOnlyList<ScenarioDevice> Devices { get; init; }
}

public sealed record ScenarioModule
{
    /// <summary>Normalised.</summary>
    public required string Name { get; init; }
    /// <summary>Bytes on disk.</summary>
    public required long FileBytes { get; init; }
    /// <summary>Bytes of the decompressed ELF file; <see cref="FileBytes"/> where it is not compressed.</summary>
    public required long ElfBytes { get; init; }
    /// <summary>Bytes laid out in the kernel, init sections included.</summary>
    public required long ImageBytes { get; init; }
    /// <summary>Bytes of its text, a part of the image.</summary>
    public long TextBytes { get; init; }
    /// <summary>Hard dependencies, direct and indirect, in the order in which they are loaded.</summary>
    public IReadOnlyList<string> Dependencies { get; init => field = value ?? field; } = [];
    public IReadOnlyList<string> SoftdepsBefore { get; init => field = value ?? field; } = [];
    public IReadOnlyList<string> SoftdepsAfter { get; init => field = value ?? field; } = [];
    /// <summary>CPU time of its init function on the recorded machine, in ns.</summary>
    public long InitNs { get; init; }
    /// <summary>How long its init sleeps (slow hardware), in ns.</summary>
    public long InitSleepNs { get; init; }
    /// <summary>How long its asynchronous probes run once it is live, in ns; every load call waits for them.</summary>
    public long AsyncProbeNs { get; init; }
    /// <summary>The errno of its init, such as <c>ENODEV</c> for a driver without hardware; null for success.</summary>
    public string? InitError { get; init; }
    /// <summary>The times were measured on the machine; otherwise they are estimates.</summary>
    public bool IsMeasured { get; init; }
}

/// <summary>A modalias and its modules, in kmod's order; twice where two patterns of a module match.</summary>
public sealed record ScenarioAlias(string Modalias, IReadOnlyList<string> Modules);

/// <summary>A device, or one for each CPU.</summary>
public sealed record ScenarioDevice
{
    /// <summary>Path below /sys; with <see cref="Scenario.CpuMark"/> for a device of each CPU.</summary>
    public required string Path { get; init; }
    public string Subsystem { get; init => field = value ?? field; } = "";
    /// <summary>None, one or two.</summary>
    public IReadOnlyList<string> Modaliases { get; init => field = value ?? field; } = [];
    /// <summary>Each CPU has one: these make the herd.</summary>
    public bool IsPerCpu { get; init; }
    /// <summary>The module whose init makes the device appear; null: it exists from the beginning.</summary>
    public string? AppearsWith { get; init; }
}
