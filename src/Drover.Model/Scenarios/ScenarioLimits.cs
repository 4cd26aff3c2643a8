using Drover.Modules;

namespace Drover.Model;

/// <summary>How much a scenario may hold. Beyond any machine there is, and small enough that whatever is within can be read, checked and run.</summary>
static class ScenarioLimits
{
    /// <summary>Of a scenario's file, in bytes: fifty times what a large server's takes.</summary>
    public const int FileBytes = 16 << 20;

    /// <summary>Twice the modules of a Debian kernel.</summary>
    public const int Modules = 8192;

    /// <summary>Hard dependencies, direct and indirect, of one module: four times what any of Debian 6.12 has.</summary>
    public const int Dependencies = 128;

    /// <summary>What one modalias stands for, or one device has.</summary>
    public const int Modaliases = 64;

    public const int Aliases = 1 << 16;

    public const int Devices = 1 << 16;

    /// <summary>Kinds of devices of which there is one for each CPU; x86 has a dozen.</summary>
    public const int Templates = 256;

    /// <summary>kernel: the largest CONFIG_NR_CPUS.</summary>
    public const int Cpus = 8192;

    /// <summary>4 PiB: physical addresses of x86 have 52 bits.</summary>
    public const long MemoryBytes = 1L << 52;

    public const long ModuleBytes = ModuleFile.MaxImageBytes;

    /// <summary>An hour: whoever waits so long for a module's init has given up long ago.</summary>
    public const long TimeNs = 3_600_000_000_000;

    /// <summary>Of a cost of whatever unit.</summary>
    public const double Cost = 1e15;

    /// <summary>A module's name without its NUL (kernel: MODULE_NAME_LEN on 64 bits).</summary>
    public const int NameLength = 55;

    /// <summary>A quarter of what a key of an index can have: each character may have to be escaped.</summary>
    public const int ModaliasLength = 1023;

    /// <summary>PATH_MAX; of any other text, too.</summary>
    public const int TextLength = 4096;
}
