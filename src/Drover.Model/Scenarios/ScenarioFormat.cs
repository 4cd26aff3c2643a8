namespace Drover.Model;

/// <summary>The names in a scenario's file, in the order in which they are written; of each object the first ones are required. docs/scenario.md tells what they mean.</summary>
static class ScenarioFormat
{
    public const string Format = "drover-scenario";

    public const int Version = 1;

    /// <summary>Stands in a path for a CPU's number.</summary>
    public const string CpuMark = "{cpu}";

    public static readonly ObjectFormat Document = new(8, "format", "version", "name", "cpus", "memoryBytes", "modules", "aliases", "devices", "description", "kernel", "compression", "costs");

    public static readonly ObjectFormat Module = new(
        4, "name", "fileBytes", "elfBytes", "imageBytes", "textBytes", "dependencies", "softdepsBefore", "softdepsAfter", "initNs", "initSleepNs", "asyncProbeNs", "initError", "isMeasured");

    public static readonly ObjectFormat Alias = new(2, "modalias", "modules");

    public static readonly ObjectFormat Device = new(1, "path", "subsystem", "modaliases", "isPerCpu", "appearsWith");

    /// <summary>How a compression is written; by the number of <see cref="Modules.ModuleCompression"/>.</summary>
    public static readonly string[] Compressions = ["none", "gzip", "xz", "zstd"];
}

/// <summary>The members an object may have.</summary>
/// <param name="Required">How many of the first must be there.</param>
sealed record ObjectFormat(int Required, params string[] Members);
