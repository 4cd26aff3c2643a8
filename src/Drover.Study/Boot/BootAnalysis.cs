using Drover.Study.Recordings;
using Drover.Study.Report;

namespace Drover.Study.Boot;

/// <summary>A part of a boot. Times are µs since the kernel's start.</summary>
sealed record BootPhase(string Name, long FromUs, long ToUs)
{
    public long TookUs => ToUs - FromUs;
}

/// <summary>A load call on the machine's own clock.</summary>
sealed record BootLoad(RecordedCall Call, long FromUs, long ToUs)
{
    public long TookUs => ToUs - FromUs;

    /// <summary>From the first request to the call; null if the recording lacks requests.</summary>
    public long? WaitedUs { get; init; }
}

/// <summary>A unit that could not start, or went on starting, while a module was being loaded.</summary>
/// <param name="Device">The device unit that it waited for; null for one that loaded the module itself.</param>
/// <param name="Load">The load in its way; null if none is known.</param>
/// <param name="IsProven">The load was requested by a parent of the device; else it was only at the same time.</param>
sealed record UnitWait(BootUnit Unit, BootUnit? Device, long FromUs, long ToUs, BootLoad? Load, bool IsProven)
{
    public long TookUs => ToUs - FromUs;
}

/// <summary>A unit on the path to the end of the boot: its start, or, of a device, the wait for it.</summary>
/// <param name="Before">The last of the units that it comes after; null of the first.</param>
/// <param name="Load">As of <see cref="UnitWait"/>.</param>
sealed record UnitStep(BootUnit Unit, BootUnit? Before, long FromUs, BootLoad? Load, bool IsProven)
{
    public long TookUs => Unit.ActiveUs - FromUs;
}

/// <summary>Time in which no module was being loaded.</summary>
/// <param name="Device">The device unit whose appearance ended it; null if there was none.</param>
/// <param name="Why">What went on instead, as far as systemd's times tell.</param>
sealed record BootGap(long FromUs, long ToUs, string? Device, string Why);

/// <summary>A remedy, and what it would save at most.</summary>
sealed record Remedy(long SavesUs, string Why, string Command);

/// <summary>Why a boot took its time, from systemd's times and a record of the loads on the same clock.</summary>
sealed class BootAnalysis
{
    /// <summary>Shorter waits of units are no reason for a slow boot.</summary>
    const long MinWaitUs = 50_000;

    const long MinGapUs = 100_000;

    /// <summary>Shorter starts on the path are left out.</summary>
    const long MinStepUs = 10_000;

    const string Dracut = "/usr/bin/dracut";

    readonly bool _hasDracut;

    /// <summary>What a remedy must save to be worth the change.</summary>
    const long MinRemedyUs = 50_000;

    /// <param name="recording">The loads; null if nothing recorded them.</param>
    /// <param name="systemd">Null without systemd.</param>
    /// <param name="hasDracut">dracut makes the initramfs; null: if it is installed here.</param>
    public BootAnalysis(Recording? recording, SystemdBoot? systemd, bool? hasDracut = null)
    {
        _hasDracut = hasDracut ?? File.Exists(Dracut);
        Recording = recording;
        Systemd = systemd;
        var start = (recording?.ClockStartNs ?? 0) / 1000;
        var loads = (recording?.Calls ?? []).Select(call => new BootLoad(
            call, start + (call.StartNs / 1000), start + (call.EndNs / 1000))
        {
            WaitedUs = (call.StartNs - call.RequestNs) / 1000,
        });
        EndUs = systemd is { FinishUs: > 0 and var finish } ? finish : long.MaxValue;
        Loads = [.. loads.Where(load => load.FromUs <= EndUs)];
        if (EndUs == long.MaxValue)
            EndUs = Loads.Select(load => load.ToUs).DefaultIfEmpty().Max();
        Phases = PhasesOf(systemd, EndUs);
        Waits = systemd is null ? [] : WaitsOf(systemd);
        Gaps = GapsOf();
        Path = CriticalPath.Of([.. Loads.Where(load => systemd is null || load.ToUs <= systemd.UserUs)
            .Select(load => load.Call)]);
        UnitPath = systemd is null ? [] : UnitPathOf(systemd);
        Remedies = RemediesOf();
    }

    public Recording? Recording { get; }
    public SystemdBoot? Systemd { get; }
    public long EndUs { get; }
    public IReadOnlyList<BootPhase> Phases { get; }

    /// <summary>Ascending by start, up to the end of the boot.</summary>
    public IReadOnlyList<BootLoad> Loads { get; }

    /// <summary>The longest first.</summary>
    public IReadOnlyList<UnitWait> Waits { get; }
    public IReadOnlyList<BootGap> Gaps { get; }

    /// <summary>The loads that determined the end: of the initramfs where systemd's times are known.</summary>
    public IReadOnlyList<PathStep> Path { get; }

    /// <summary>The units that determined the end of the boot, ascending.</summary>
    public IReadOnlyList<UnitStep> UnitPath { get; }

    /// <summary>What saves most first.</summary>
    public IReadOnlyList<Remedy> Remedies { get; }

    static List<BootPhase> PhasesOf(SystemdBoot? systemd, long endUs)
    {
        if (systemd is null)
            return [];
        // each station with the phase that begins there; those that are not known have no time
        var switched = systemd.Units.Where(unit => unit.Name == "initrd-switch-root.service")
            .Select(unit => unit.StartUs).FirstOrDefault();
        var init = systemd.InitrdUs > 0 ? systemd.InitrdUs : systemd.InitUs;
        List<(string Name, long FromUs)> stations =
        [
            (init > 0 ? "kernel" : "kernel and initramfs", 0), ("initramfs", init),
            ("switch root", switched > init && switched < systemd.UserUs ? switched : 0),
            (systemd.UnitsLoadedUs > 0 ? "systemd's own start" : "user space", systemd.UserUs),
            ("units", systemd.UnitsLoadedUs),
        ];
        // from several sources, whose clocks may differ
        for (var i = stations.Count - 1; i > 0; i--)
        {
            if (stations[i].FromUs == 0 || stations[..i].Exists(station => station.FromUs > stations[i].FromUs))
                stations.RemoveAt(i);
        }
        var phases = stations.Select((station, i) => new BootPhase(
            station.Name, station.FromUs, i + 1 < stations.Count ? stations[i + 1].FromUs : endUs)).ToList();
        if (systemd.LoaderUs > 0)
            phases.Insert(0, new("boot loader", -systemd.LoaderUs, 0));
        if (systemd.FirmwareUs > systemd.LoaderUs)
            phases.Insert(0, new("firmware", -systemd.FirmwareUs, -systemd.LoaderUs));
        return phases;
    }

    List<UnitWait> WaitsOf(SystemdBoot systemd)
    {
        var units = systemd.Units.ToDictionary(unit => unit.Name, StringComparer.Ordinal);
        var waits = new List<UnitWait>();
        foreach (var unit in systemd.Units.Where(unit => unit.IsWork && unit.StartUs > 0 && unit.StartUs <= EndUs))
        {
            var before = Before(unit, units).ToList();
            var device = before.Where(other => other.IsDevice).MaxBy(other => other.ActiveUs);
            if (device is not null)
            {
                var ready = before.Where(other => other != device).Select(other => other.ActiveUs)
                    .Append(systemd.UserUs).Max();
                Add(unit, device, ready, device.ActiveUs);
            }
            Add(unit, null, unit.StartUs, Math.Min(unit.ActiveUs, EndUs));
        }
        return [.. waits.OrderByDescending(wait => wait.TookUs)];

        void Add(BootUnit unit, BootUnit? device, long from, long to)
        {
            if (to - from < MinWaitUs)
                return;
            var (load, isProven) = device is null ? LoadOf(unit, from, to) : LoadFor(device, from, to);
            // a unit that takes its time without a load is no matter of modules
            if (device is not null || load is not null)
                waits.Add(new UnitWait(unit, device, from, to, load, isProven));
        }
    }

    static IEnumerable<BootUnit> Before(BootUnit unit, Dictionary<string, BootUnit> units) =>
        unit.After.Select(name => units.GetValueOrDefault(name)).OfType<BootUnit>()
            .Where(other => other.ActiveUs > 0 && other.ActiveUs <= unit.StartUs);

    /// <summary>From the last unit that started back, each time to the last of those that it came after, as
    /// systemd-analyze(1) critical-chain does from a target.</summary>
    List<UnitStep> UnitPathOf(SystemdBoot systemd)
    {
        var units = systemd.Units.ToDictionary(unit => unit.Name, StringComparer.Ordinal);
        var steps = new List<UnitStep>();
        for (var unit = systemd.Units.Where(unit => unit.IsWork && unit.ActiveUs > 0 && unit.ActiveUs <= EndUs)
            .MaxBy(unit => unit.ActiveUs); unit is not null;)
        {
            var before = Before(unit, units).Where(other => other.ActiveUs < unit.ActiveUs)
                .MaxBy(other => other.ActiveUs);
            var from = unit.IsDevice ? Math.Max(before?.ActiveUs ?? 0, systemd.UserUs) : unit.StartUs;
            var (load, isProven) = unit.IsDevice
                ? LoadFor(unit, from, unit.ActiveUs)
                : LoadOf(unit, from, unit.ActiveUs);
            if (unit.ActiveUs - from >= MinStepUs || steps.Count == 0)
                steps.Add(new(unit, before, from, load, isProven));
            unit = before;
        }
        steps.Reverse();
        return steps;
    }

    /// <summary>The load that a unit's own start waited for: one that its processes requested; or, where the requester
    /// is not recorded, one that took at least half of that start and lies in it.</summary>
    (BootLoad? Load, bool IsProven) LoadOf(BootUnit unit, long from, long to)
    {
        var own = Loads.Where(load => load.FromUs < to && load.ToUs > from && load.Call.Units.Contains(unit.Name))
            .MaxBy(load => load.TookUs);
        if (own is not null)
            return (own, true);
        var longest = Loads.Where(load => load.FromUs >= from && load.ToUs <= to
            && load.Call is { Requester: null, Units: [] }).MaxBy(load => load.TookUs);
        return longest is not null && 2 * longest.TookUs >= to - from ? (longest, false) : (null, false);
    }

    /// <summary>The load in the way of a device: one that a parent of it requested, or the one that took most of the
    /// time and at least half of it.</summary>
    (BootLoad? Load, bool IsProven) LoadFor(BootUnit device, long from, long to)
    {
        var during = Loads.Where(load => load.FromUs < to && load.ToUs > from).ToList();
        if (device is { SysPath.Length: > 0 }
            && during.Where(load => IsParent(load.Call.Requester, device.SysPath)).MaxBy(Overlap) is { } ofParent)
        {
            return (ofParent, true);
        }
        return during.MaxBy(Overlap) is { } longest && 2 * Overlap(longest) >= to - from
            ? (longest, false)
            : (null, false);

        long Overlap(BootLoad load) => Math.Min(load.ToUs, to) - Math.Max(load.FromUs, from);
    }

    static bool IsParent(string? requester, string device) =>
        requester is ['/', ..] && (device == requester || device.StartsWith($"{requester}/", StringComparison.Ordinal));

    List<BootGap> GapsOf()
    {
        var gaps = new List<BootGap>();
        var end = 0L;
        foreach (var load in Loads)
        {
            Add(end, load.FromUs);
            end = Math.Max(end, load.ToUs);
        }
        if (Loads.Count > 0)
            Add(end, EndUs);
        return gaps;

        void Add(long from, long to)
        {
            if (to - from < MinGapUs)
                return;
            var device = to == EndUs ? null : Systemd?.Units
                .Where(unit => unit.IsDevice && unit.ActiveUs > from && unit.ActiveUs <= to)
                .MaxBy(unit => unit.ActiveUs)?.Name;
            gaps.Add(new BootGap(from, to, device, WhyNot(from, to, device)));
        }
    }

    /// <summary>Why no module was loaded.</summary>
    string WhyNot(long from, long to, string? device)
    {
        if (from == 0)
        {
            return IsOfKernel(to)
                ? "the kernel starts, with its built-in drivers"
                : "the kernel starts; what records the loads, or the first request, came long after it";
        }
        if (device is not null)
            return $"waiting for a device: {device} appeared";
        var busy = Systemd?.Units.Where(unit => unit.IsWork && unit.StartUs > 0 && Overlap(unit) > (to - from) / 2)
            .MaxBy(Overlap)?.Name;
        return busy switch
        {
            null when Systemd is { UserUs: var user } && to > user => "nothing to load was asked for",
            null => "not known",
            _ when busy.StartsWith("systemd-fsck", StringComparison.Ordinal)
                || busy.EndsWith(".mount", StringComparison.Ordinal) || busy.EndsWith(".swap", StringComparison.Ordinal)
                => $"disk: {busy} was starting",
            _ => $"nothing to load was asked for; {busy} was starting",
        };

        long Overlap(BootUnit unit) =>
            Math.Min(unit.ActiveUs > 0 ? unit.ActiveUs : EndUs, to) - Math.Max(unit.StartUs, from);
    }

    /// <summary>Whether the time up to the first load is mostly the kernel's own start: a daemon may be started
    /// late.</summary>
    bool IsOfKernel(long firstLoadUs)
    {
        const long MaxKernelUs = 300_000_000; // where no start of user space is known
        const long MaxUserUs = 10_000_000; // until the first device is asked for, on a slow machine
        long[] starts = [Systemd?.InitrdUs ?? 0, Systemd?.InitUs ?? 0, Systemd?.UserUs ?? 0];
        return Array.Find(starts, start => start > 0) is > 0 and var start
            ? firstLoadUs - start <= Math.Max(start, MaxUserUs)
            : firstLoadUs <= MaxKernelUs;
    }

    List<Remedy> RemediesOf()
    {
        var remedies = new List<Remedy>();
        foreach (var wait in Waits.Where(wait => wait.Load is not null).DistinctBy(wait => wait.Load!.Call.Module))
        {
            var (load, module) = (wait.Load!, wait.Load!.Call.Module);
            // how much earlier it could have begun, at most the wait, or the part of a start that it took
            var saves = Math.Min(wait.Device is null ? Math.Min(wait.TookUs, load.TookUs) : wait.TookUs, load.FromUs);
            if (load.Call.State is CallState.Failed)
            {
                remedies.Add(new(
                    load.TookUs, $"{module} fails with {load.Call.Result} after {Seconds(load.TookUs)}: do not load it",
                    Blacklist(module)));
            }
            else if (Systemd is { UserUs: var user } && load.FromUs >= user)
            {
                remedies.Add(new(
                    saves, $"{wait.Unit.Name} waits for {module}: begin its load in the initramfs",
                    _hasDracut
                        ? $"dracut --force --add-drivers {module}"
                        : $"echo {module} >> /etc/initramfs-tools/modules && update-initramfs -u"));
            }
        }
        var blamed = remedies.Select(remedy => remedy.Command).ToHashSet(StringComparer.Ordinal);
        foreach (var failing in Loads.Where(load => load.Call.State is CallState.Failed && !load.Call.IsDuplicate)
            .GroupBy(load => load.Call.Module))
        {
            var command = Blacklist(failing.Key);
            if (!blamed.Contains(command))
            {
                remedies.Add(new(
                    failing.Max(load => load.TookUs), $"{failing.Key} fails with {failing.First().Call.Result}, "
                    + $"{failing.Count()} times: do not load it (one call's time)", command));
            }
        }
        var vain = Loads.Where(load => load.Call.State is CallState.Failed && load.Call.IsDuplicate).ToList();
        if (vain.Count > 0)
        {
            var took = vain.Sum(load => load.TookUs) / Math.Max(1, Recording?.Cpus ?? 1);
            remedies.Add(new(
                took, $"{vain.Count} calls loaded a module that was there already (their time over the CPUs)",
                "drover install"));
        }
        return [.. remedies.Where(remedy => remedy.SavesUs >= MinRemedyUs)
            .OrderByDescending(remedy => remedy.SavesUs)];
    }

    /// <summary>The module may have a file of that name: lines are added to it.</summary>
    static string Blacklist(string module) => $"echo 'blacklist {module}' >> /etc/modprobe.d/{module}.conf";

    public static string Seconds(long us) => (us / 1e6).ToString("0.000 s", CultureInfo.InvariantCulture);
}
