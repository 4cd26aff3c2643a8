using Drover.Lab.Guest;

namespace Drover.Lab;

/// <summary>The kernels of the lab, by their names on the command line.</summary>
static class Kernels
{
    public const string Gates = "gates";

    public static readonly string[] All = ["6.1", "6.12", Gates];

    /// <summary>What the kernel has of itself: nothing before 6.5, the idempotent gate since.</summary>
    public static Gate DefaultGate(string kernel) => kernel == "6.1" ? Gate.None : Gate.Idempotent;
}
