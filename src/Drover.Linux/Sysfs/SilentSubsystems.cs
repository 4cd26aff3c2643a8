using System.Collections.Frozen;

namespace Drover.Linux.Sysfs;

/// <summary>
/// Subsystems whose devices never ask for a module: they are made by the kernel's core, not by a driver's match, and none of their buses, classes and
/// device types has a uevent function that adds a MODALIAS. They are most of the devices of a large machine, many of them one a CPU or one a memory block; so a
/// look at all devices is a look at all others.
/// </summary>
static class SilentSubsystems
{
    static readonly FrozenSet<string> Names = FrozenSet.Create(
        StringComparer.Ordinal,
        "clockevents", // kernel/time/clockevents.c: two and more, and one a CPU
        "clocksource", // kernel/time/clocksource.c
        "container", // drivers/base/container.c
        "cpuid", // arch/x86/kernel/cpuid.c: one a CPU
        "edac", // drivers/edac/edac_module.c
        "event_source", // kernel/events/core.c
        "machinecheck", // arch/x86/kernel/cpu/mce/core.c: one a CPU
        "mem", // drivers/char/mem.c
        "memory", // drivers/base/memory.c: one a block of 128 MiB and more
        "memory_tiering", // mm/memory-tiers.c
        "misc", // drivers/char/misc.c
        "msr", // arch/x86/kernel/msr.c: one a CPU
        "node", // drivers/base/node.c
        "serial-base", // drivers/tty/serial/serial_base_bus.c
        "thermal", // drivers/thermal/thermal_core.c: one a CPU, as what cools it
        "tty", // drivers/tty/tty_io.c: hundreds
        "vc", // drivers/tty/vt/vc_screen.c
        "vtconsole", // drivers/tty/vt/vt.c
        "wakeup", // drivers/base/power/wakeup_stats.c
        "workqueue"); // kernel/workqueue.c

    internal static bool Contains(string subsystem) => Names.Contains(subsystem);
}
