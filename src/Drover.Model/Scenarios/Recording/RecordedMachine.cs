namespace Drover.Model;

/// <summary>What a recorder cannot see in the devices and modules of a machine.</summary>
public sealed record RecordedMachine
{
    public required string Name { get; init; }

    public string Description { get; init; } = "";

    /// <summary>The kernel's release.</summary>
    public string Kernel { get; init; } = "";

    /// <summary>Its CPUs, where no devices tell.</summary>
    public required int Cpus { get; init; }

    public required long MemoryBytes { get; init; }

    /// <summary>The module whose driver has the device at a path below /sys, or null.</summary>
    public required Func<string, string?> DriverModuleOf { get; init; }
}
