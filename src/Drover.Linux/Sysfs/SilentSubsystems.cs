namespace Drover.Linux.Sysfs;

/// <summary>
/// Subsystems whose devices never ask for a module: they are made by the kernel's core, not by a driver's match, and none of their buses, classes and
/// device types has a uevent function that adds a MODALIAS. They are most of the devices of a large machine, many of them one a CPU or one a memory block; so a
/// look at all devices is a look at all others.
/// </summary>
static class SilentSubsystems
{
    internal static bool Contains(string subsystem) => subsystem is
        "clockevents" // kernel/time/clockevents.c: two and more, and one a CPU
        or "clocksource" // kernel/time/clocksource.c
        or "container" // drivers/base/container.c
        or "cpuid" // arch/x86/kernel/cpuid.c: one a CPU
        or "edac" // drivers/edac/edac_module.c
        or "event_source" // kernel/events/core.c
        or "machinecheck" // arch/x86/kernel/cpu/mce/core.c: one a CPU
        or "mem" // drivers/char/mem.c
        or "memory" // drivers/base/memory.c: one a block of 128 MiB and more
        or "memory_tiering" // mm/memory-tiers.c
        or "misc" // drivers/char/misc.c
        or "msr" // arch/x86/kernel/msr.c: one a CPU
        or "node" // drivers/base/node.c
        or "serial-base" // drivers/tty/serial/serial_base_bus.c
        or "thermal" // drivers/thermal/thermal_core.c: one a CPU, as what cools it
        or "tty" // drivers/tty/tty_io.c: hundreds
        or "vc" // drivers/tty/vt/vc_screen.c
        or "vtconsole" // drivers/tty/vt/vt.c
        or "wakeup" // drivers/base/power/wakeup_stats.c
        or "workqueue"; // kernel/workqueue.c
}
