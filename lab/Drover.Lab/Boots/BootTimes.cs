using System.Globalization;
using System.Text.RegularExpressions;
using Drover.Lab.Reading;

namespace Drover.Lab.Boots;

/// <summary>When a whole boot came to its stations, in seconds since the kernel's start.</summary>
/// <param name="Init">The kernel executes the initramfs' /init.</param>
/// <param name="Node">The kernel makes the node of the root file system's device.</param>
/// <param name="Systemd">/init hands over to systemd in the root file system.</param>
/// <param name="MultiUser">systemd reaches multi-user.target.</param>
/// <param name="Settled">After that, udev and Drover have nothing left to do.</param>
sealed partial record BootTimes(double Init, double Node, double Systemd, double MultiUser, double Settled)
{
    /// <summary>The kernel's name of an NVDIMM's block device.</summary>
    const string RootDevice = "pmem0";

    /// <summary>For the kernel's command line: a probe named "node" where the kernel makes a device's node. A device
    /// begins with its kobject, and that with its name (struct device in include/linux/device.h).</summary>
    public const string Probe = "kprobe_event=p:lab/node,devtmpfs_create_node,name=+0(+0($arg1)):string";

    /// <param name="trace">The whole boot's, with <see cref="Probe"/> and the scheduler's sched_process_exec.</param>
    /// <param name="multiUserMicroseconds">systemd's ActiveEnterTimestampMonotonic.</param>
    /// <exception cref="FormatException">A station is missing.</exception>
    public static BootTimes Of(string trace, string multiUserMicroseconds)
    {
        double? init = null, systemd = null, node = null, settled = null;
        foreach (var item in ModuleTrace.Events(trace).Events)
        {
            switch (item.Name)
            {
                // run-init of klibc-utils and switch_root go on as pid 1, and then execute systemd
                case "sched_process_exec" when Executed.Match(item.Text) is { Success: true } executed:
                    if (executed.Groups["file"].Value == "/init")
                        init ??= item.Seconds;
                    else if (executed.Groups["file"].Value is "/sbin/init" or "/usr/lib/systemd/systemd")
                        systemd ??= item.Seconds;
                    break;
                case "node" when item.Text.Contains($"name=\"{RootDevice}\"", StringComparison.Ordinal):
                    node ??= item.Seconds;
                    break;
                case "tracing_mark_write" when item.Text.EndsWith("lab settled", StringComparison.Ordinal):
                    settled ??= item.Seconds;
                    break;
            }
        }
        var multiUser = long.Parse(multiUserMicroseconds.Trim(), NumberStyles.None, CultureInfo.InvariantCulture) / 1e6;
        if (multiUser <= 0)
            throw new FormatException("multi-user.target was not reached");
        return new(
            Found(init, "/init"), Found(node, $"the node of {RootDevice}"), Found(systemd, "systemd"), multiUser,
            Found(settled, "the end"));

        static double Found(double? seconds, string what) =>
            seconds ?? throw new FormatException($"the trace does not show {what}");
    }

    // sched_process_exec: filename=/init pid=1 old_pid=1
    [GeneratedRegex(@"filename=(?<file>\S+) pid=1 ")]
    static partial Regex Executed { get; }
}
