using System.Globalization;
using System.Runtime.CompilerServices;
using Drover.Lab.Guest;

namespace Drover.Lab.Install;

/// <summary>One disk, booted three times: as Debian made it, after <c>drover install --watch</c> or its package's, after <c>drover uninstall</c> or the package's purge.</summary>
static class InstallRun
{
    static readonly string[] s_boots = ["before", "drover", "after"];

    /// <summary>The trace runs from before init: what the initramfs loads is in it. No kprobe, which could not be filtered this early: calls have no names.</summary>
    const string TraceArguments =
        "trace_clock=mono trace_buf_size=4M trace_event=module:module_load,module:module_request,syscalls:sys_enter_finit_module,syscalls:sys_exit_finit_module,syscalls:sys_enter_init_module,syscalls:sys_exit_init_module";

    /// <param name="maker">Of the initramfs: initramfs-tools or dracut.</param>
    /// <param name="package">Drover's package, or null where the program installs itself.</param>
    /// <param name="memories">Of the boots, or one for all.</param>
    public static async IAsyncEnumerable<BootReport> RunAsync(
        Laboratory laboratory, string kernel, string maker, string? package, int cpus, IReadOnlyList<string> memories, RunSettings settings,
        [EnumeratorCancellation] CancellationToken stop)
    {
        using var work = laboratory.Work();
        var disk = await laboratory.DiskAsync(kernel, maker, work.Path, stop);
        await File.WriteAllTextAsync(work.File("boot"), Resources.InstallBoot, stop);
        await disk.WriteAsync(work.File("boot"), "lab/boot", stop);
        await disk.WriteAsync(package ?? settings.Binary, package is null ? "lab/drover" : "lab/drover.deb", stop);
        var guest = new GuestRun(await laboratory.PrepareAsync(kernel, stop), Kernels.DefaultGate(kernel), cpus, Loader.Drover, settings.Memory, settings.Timeout ?? TimeSpan.FromMinutes(15))
        {
            Console = settings.Console,
            Devices = settings.Devices,
            Disk = disk.Image,
        };
        foreach (var (boot, memory) in s_boots.Zip(memories.Count == 1 ? Enumerable.Repeat(memories[0], s_boots.Length) : memories))
        {
            var run = guest with
            {
                Memory = memory,
                Initramfs = await disk.InitramfsAsync(work.File("initrd"), stop),
                KernelArguments = $"root=/dev/vda rw fsck.mode=skip systemd.unit=lab.target lab.boot={boot} lab.by={(package is null ? "verb" : "package")} {TraceArguments}",
            };
            yield return BootReport.Read(boot, await laboratory.BootAsync(run, boot, stop));
        }
    }

    /// <summary>What is not as it should be; nothing where all is.</summary>
    public static IReadOnlyList<string> Judge(IReadOnlyList<BootReport> boots)
    {
        var (before, drover, after) = (boots[0], boots[1], boots[2]);
        var problems = new List<string>();
        foreach (var boot in boots)
        {
            Check(boot.LostEvents == 0, $"{boot.Name}: the trace lost {boot.LostEvents} events");
            Check(boot.Status == 0, $"{boot.Name}: what changes the next boot ended with {boot.Status}");
            Check(boot.FailedUnits.Count <= before.FailedUnits.Count, $"{boot.Name}: units failed: {string.Join(", ", boot.FailedUnits)}");
        }
        Check(before.ByUdev > 0 && before.ByDrover == 0, "before: udev alone should load");
        Check(drover.Active, "drover: its unit is not active");
        Check(drover.ByUdev == 0, $"drover: udev made {drover.ByUdev} load calls");
        Check(drover.ByDrover > 0, "drover: it made no load call");
        Check(drover.Duplicates == 0, $"drover: {drover.Duplicates} calls were one too many");
        Check(drover.Unrecorded is null or 0, $"drover: the boot's recording lacks {drover.Unrecorded} calls");
        Check(!before.Live.Except(drover.Live).Any(), $"drover: lacks {string.Join(", ", before.Live.Except(drover.Live))}");
        Check(after.ByUdev > 0 && after.ByDrover == 0, "after: udev alone should load");
        Check(after.Live.SequenceEqual(before.Live), $"after: other modules than before: {string.Join(", ", after.Live.Except(before.Live).Concat(before.Live.Except(after.Live)))}");
        Check(before.Files is not null && before.Files == after.Files, $"after: /etc and /usr are not as before: {string.Join("; ", Difference(before.Files, after.Files))}");
        return problems;

        void Check(bool holds, string problem)
        {
            if (!holds)
                problems.Add(problem);
        }
    }

    /// <summary>What stands above the lines of boots.</summary>
    public const string Header = "boot     load calls  by udev  by Drover  by others  EEXIST, EBUSY  ENODEV  modules live  udev, MB  Drover, MB  seconds";

    /// <summary>A boot's line in the table.</summary>
    public static string Line(BootReport boot)
    {
        return string.Create(CultureInfo.InvariantCulture,
            $"{boot.Name,-9}{boot.Calls.Count,10}{boot.ByUdev,9}{boot.ByDrover,11}{boot.ByOthers,11}{boot.Duplicates,15}{boot.Calls.Count(call => call.Result == "ENODEV"),8}{boot.Live.Count,14}{Megabytes("systemd-udevd"),10}{Megabytes("drover"),12}{boot.Seconds,9:0.0}");

        string Megabytes(string unit) => boot.PeakBytes.TryGetValue(unit, out var bytes) ? $"{bytes / 1e6:0.0}" : "–";
    }

    static IEnumerable<string> Difference(string? before, string? after)
    {
        var (old, now) = ((before ?? "").Split('\n'), (after ?? "").Split('\n'));
        return old.Except(now).Select(line => $"was {line}").Concat(now.Except(old).Select(line => $"is {line}")).Take(10);
    }
}
