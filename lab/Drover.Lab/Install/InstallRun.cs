using Drover.Lab.Guest;
using Drover.Lab.Prepare;
using Drover.Lab.Runs;

namespace Drover.Lab.Install;

/// <param name="Maker">Of the initramfs: initramfs-tools or dracut.</param>
/// <param name="Packages">Drover's Debian packages; none for <c>drover install</c>.</param>
/// <param name="Earlier">Packages of an earlier version, which Packages upgrade.</param>
/// <param name="Memories">Of the boots before, with and after Drover, or one for all.</param>
sealed record InstallParameters(
    GuestSystem System, string Maker, IReadOnlyList<string> Packages, IReadOnlyList<string> Earlier, int Cpus,
    IReadOnlyList<string> Memories);

/// <summary>Boots one disk three times: as Debian made it, after <c>drover install --watch</c> or the packages'
/// installation, and after <c>drover uninstall</c> or the packages' purge. For an upgrade, it also boots with the
/// earlier version before and after the later one.</summary>
static class InstallRun
{
    /// <summary>Boots with a memory of their own.</summary>
    public const int Memories = 3;

    public const string Header =
        "boot     load calls  by udev  by Drover  by others  EEXIST, EBUSY  ENODEV  "
        + "modules live  udev, MB  Drover, MB  initramfs, MB  seconds";

    /// <summary>The trace includes the initramfs. Calls have no names: an early kprobe has no filter.</summary>
    const string TraceArguments =
        "trace_clock=mono trace_buf_size=4M trace_event=module:module_load,module:module_request,"
        + "syscalls:sys_enter_finit_module,syscalls:sys_exit_finit_module,"
        + "syscalls:sys_enter_init_module,syscalls:sys_exit_init_module";

    public static async IAsyncEnumerable<BootReport> RunAsync(
        LabHost host, Laboratory laboratory, InstallParameters parameters, RunSettings settings)
    {
        using var work = host.Work();
        var kernel = await laboratory.PrepareAsync(parameters.System);
        var plan = DiskPlan.ForInstall(parameters.Maker);
        var tools = await Toolbox.PrepareAsync(host);
        var channel = await GuestChannel.PrepareAsync(host, tools, parameters.System.Architecture);
        var disk = await (await DebianDisk.PrepareAsync(host, plan, kernel)).CopyToAsync(work.Path, channel);
        await File.WriteAllTextAsync(work.File("boot"), Resources.Read("install-boot"));
        await disk.WriteAsync(work.File("boot"), "lab/boot");
        foreach (var package in parameters.Packages)
            await disk.WriteAsync(package, $"lab/{Path.GetFileName(package)}");
        foreach (var package in parameters.Earlier)
            await disk.WriteAsync(package, $"lab/{Path.GetFileName(package)}.earlier");
        if (parameters.Packages.Count == 0)
        {
            await disk.WriteAsync(settings.DroverFor(parameters.System), "lab/drover");
            await disk.WriteAsync(settings.StudyFor(parameters.System), "lab/drover-study");
        }
        string[] boots = parameters.Earlier.Count == 0
            ? ["before", "drover", "after"]
            : ["before", "earlier", "drover", "downgraded", "after"];
        var by = (parameters.Packages.Count, parameters.Earlier.Count) switch
        {
            (0, _) => "verb",
            (_, 0) => "package",
            _ => "upgrade",
        };
        foreach (var boot in boots)
        {
            var memory = parameters.Memories switch
            {
                [var one] => one,
                [var before, _, _] when boot == "before" => before,
                [_, _, var after] when boot == "after" => after,
                var all => all[1],
            };
            var initramfs = await disk.InitramfsAsync(work.File("initrd"));
            var run = new GuestRun(
                kernel, parameters.System.KernelGate, parameters.Cpus, GuestLoader.Drover, memory,
                settings.Timeout ?? TimeSpan.FromMinutes(15))
            {
                Console = settings.Console,
                Disk = disk.Image,
                Initramfs = initramfs,
                KernelArguments = $"root=/dev/vda rw fsck.mode=skip systemd.unit=lab.target lab.boot={boot} "
                    + $"lab.by={by} {TraceArguments}",
            };
            yield return BootReport.Read(boot, await laboratory.BootAsync(run, boot)) with
            {
                InitramfsBytes = new FileInfo(initramfs).Length,
            };
        }
    }

    public static IReadOnlyList<string> Judge(IReadOnlyList<BootReport> boots)
    {
        var (before, after) = (boots[0], boots[^1]);
        var problems = new List<string>();
        foreach (var boot in boots)
        {
            Check(boot.LostEvents == 0, $"{boot.Name}: the trace lost {boot.LostEvents} events");
            Check(boot.Status == 0, $"{boot.Name}: the change for the next boot ended with {boot.Status}");
            Check(boot.FailedUnits.Count <= before.FailedUnits.Count,
                $"{boot.Name}: units failed: {string.Join(", ", boot.FailedUnits)}");
        }
        Check(before.ByUdev > 0 && before.ByDrover == 0, "before: udev alone should load");
        foreach (var drover in boots.Skip(1).SkipLast(1))
        {
            var name = drover.Name;
            Check(drover.Active, $"{name}: its unit is not active");
            Check(drover.ByUdev == 0, $"{name}: udev made {drover.ByUdev} load calls");
            Check(drover.ByDrover > 0, $"{name}: Drover made no load call");
            Check(drover.Duplicates == 0, $"{name}: {drover.Duplicates} duplicate calls");
            Check(drover.Unrecorded is null or 0, $"{name}: the boot's recording lacks {drover.Unrecorded} calls");
            Check(!before.Live.Except(drover.Live).Any(), $"{name}: lacks {Names(before.Live.Except(drover.Live))}");
        }
        Check(after.ByUdev > 0 && after.ByDrover == 0, "after: udev alone should load");
        Check(after.Live.SequenceEqual(before.Live), "after: other modules than before: "
            + Names(after.Live.Except(before.Live).Concat(before.Live.Except(after.Live))));
        Check(before.Files is not null && before.Files == after.Files,
            $"after: /etc and /usr are not as before: {string.Join("; ", Difference(before.Files, after.Files))}");
        return problems;

        void Check(bool holds, string problem)
        {
            if (!holds)
                problems.Add(problem);
        }

        static string Names(IEnumerable<string> modules) => string.Join(", ", modules);
    }

    public static string Line(BootReport boot)
    {
        var withoutDevice = boot.Calls.Count(call => call.Result == "ENODEV");
        return $"{boot.Name,-9}{boot.Calls.Count,10}{boot.ByUdev,9}{boot.ByDrover,11}{boot.ByOthers,11}"
            + $"{boot.Duplicates,15}{withoutDevice,8}{boot.Live.Count,14}"
            + $"{Megabytes("systemd-udevd"),10}{Megabytes("drover"),12}"
            + $"{boot.InitramfsBytes / 1e6,15:0.00}{boot.Seconds,9:0.0}";

        string Megabytes(string unit) => boot.PeakBytes.TryGetValue(unit, out var bytes) ? $"{bytes / 1e6:0.0}" : "–";
    }

    static IEnumerable<string> Difference(string? before, string? after)
    {
        var (old, now) = ((before ?? "").Split('\n'), (after ?? "").Split('\n'));
        var added = now.Except(old).Select(line => $"is {line}");
        return old.Except(now).Select(line => $"was {line}").Concat(added).Take(10);
    }
}
