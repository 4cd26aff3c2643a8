namespace Drover.Model;

/// <summary>The counters of CONFIG_MODULE_STATS (kernel/module/stats.c), and their text in /sys/kernel/debug/modules/stats.</summary>
public sealed record ModuleStats
{
    /// <summary>"Mods ever loaded".</summary>
    public long EverLoaded { get; init; }
}
