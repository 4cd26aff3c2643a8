using System.Text.Json;
using Drover.Study.Drawing;
using Drover.Study.Recordings;
using Drover.Study.Report;

namespace Drover.Study.Boot;

/// <param name="Headings">In lower case.</param>
sealed record BootTable(IReadOnlyList<string> Headings, IReadOnlyList<string[]> Rows);

/// <summary>A boot as text, as JSON, and as trace events (docs/boot.md).</summary>
sealed class BootReport(BootAnalysis boot, DeviceNames names)
{
    const int MaxRows = 10, MaxSteps = 12, MaxDevice = 40;

    /// <summary>Columns that a narrow terminal does without; each table has some of them.</summary>
    static readonly string[] s_optional =
        ["SET UP", "READ, VERIFY", "FROM", "ITS LOAD TOOK", "WAITED FOR", "RESULT", "WHY NOT EARLIER", "FOR"];

    /// <summary>The answer in a sentence or two.</summary>
    public string Verdict()
    {
        var phases = string.Join(", ", boot.Phases.Where(phase => phase.FromUs >= 0)
            .Select(phase => $"{phase.Name} {Seconds(phase.TookUs)}"));
        var before = boot.Phases.Where(phase => phase.FromUs < 0).Sum(phase => phase.TookUs);
        var length = phases.Length > 0
            ? (boot.Systemd is { FinishUs: 0 }
                    ? $"systemd has not ended this boot; up to the last load it took {Seconds(boot.EndUs)}: {phases}"
                    : $"The boot took {Seconds(boot.EndUs)}: {phases}")
                + $"{(before > 0 ? $"; before that, firmware and boot loader {Seconds(before)}" : "")}."
            : $"The last module was loaded {Seconds(boot.EndUs)} after the kernel's start; there is no systemd to ask.";
        if (boot.Recording is null)
            return $"{length} Nothing recorded its module loads.";
        return boot.Waits is [var wait, ..]
            ? $"{length} {SentenceOf(wait)}"
            : boot.Systemd is null ? length : $"{length} No unit waited for a module.";
    }

    public void WriteText(Terminal terminal)
    {
        var writer = terminal.Out;
        writer.WriteLine(PlainText.Of(Verdict()));
        writer.WriteLine();
        writer.WriteLine("what would help, by the time it would save at most");
        if (boot.Remedies.Count == 0)
            writer.WriteLine("  nothing that concerns modules");
        foreach (var remedy in boot.Remedies)
        {
            writer.WriteLine(PlainText.Of($"  {Seconds(remedy.SavesUs)}  {remedy.Why}"));
            writer.WriteLine(PlainText.Of($"           {remedy.Command}"));
        }
        foreach (var table in Tables())
        {
            writer.WriteLine();
            var text = new FittedTable([.. table.Headings.Select(heading => heading.ToUpperInvariant())])
            {
                Optional = s_optional,
            };
            foreach (var row in table.Rows)
                text.Add(row);
            text.WriteTo(terminal);
        }
        writer.WriteLine();
        foreach (var lack in Lacks())
            writer.WriteLine(PlainText.Of($"not known: {lack}"));
    }

    public void WritePage(TextWriter writer) => BootPage.Write(writer, boot, this);

    public void WriteJson(TextWriter writer) => Json.Write(writer, json =>
    {
        json.WriteString("verdict", Verdict());
        json.WriteNumber("endUs", boot.EndUs);
        json.WriteObjects("phases", boot.Phases, phase =>
        {
            json.WriteString("name", phase.Name);
            WriteSpan(json, phase.FromUs, phase.ToUs);
        });
        json.WriteObjects("waits", boot.Waits, wait =>
        {
            json.WriteString("unit", wait.Unit.Name);
            json.WriteString("device", wait.Device?.Name);
            WriteSpan(json, wait.FromUs, wait.ToUs);
            json.WriteString("module", wait.Load?.Call.Module);
            json.WriteBoolean("isProven", wait.IsProven);
        });
        json.WriteObjects("loads", boot.Loads, load =>
        {
            json.WriteString("module", load.Call.Module);
            WriteSpan(json, load.FromUs, load.ToUs);
            if (load.WaitedUs is { } waited)
                json.WriteNumber("waitedUs", waited);
            if (load.Call.Parts is { } parts)
            {
                json.WriteNumber("queuedUs", parts.QueuedUs);
                json.WriteNumber("readUs", parts.ReadUs);
                json.WriteNumber("setUpUs", parts.SetUpUs);
                json.WriteNumber("initUs", parts.InitUs);
            }
            json.WriteString("result", load.Call.Result);
            json.WriteString("requester", load.Call.Requester);
            json.WriteString("device", names.Of(load.Call));
        });
        json.WriteStrings("path", boot.Path.Select(step => step.Call.Module));
        json.WriteObjects("unitPath", boot.UnitPath, step =>
        {
            json.WriteString("unit", step.Unit.Name);
            WriteSpan(json, step.FromUs, step.Unit.ActiveUs);
            json.WriteString("module", step.Load?.Call.Module);
            json.WriteBoolean("isProven", step.IsProven);
        });
        json.WriteObjects("gaps", boot.Gaps, gap =>
        {
            WriteSpan(json, gap.FromUs, gap.ToUs);
            json.WriteString("device", gap.Device);
            json.WriteString("why", gap.Why);
        });
        json.WriteObjects("remedies", boot.Remedies, remedy =>
        {
            json.WriteNumber("savesUs", remedy.SavesUs);
            json.WriteString("why", remedy.Why);
            json.WriteString("command", remedy.Command);
        });
        json.WriteObjects("lastBoots", boot.Systemd?.Earlier ?? [], earlier =>
        {
            json.WriteNumber("atUs", earlier.At);
            json.WriteNumber("kernelUs", earlier.KernelUs);
            json.WriteNumber("initramfsUs", earlier.InitrdUs);
            json.WriteNumber("userUs", earlier.UserUs);
        });
        json.WriteStrings("lacks", Lacks());
    });

    /// <summary>Chrome's trace events, which Perfetto reads: phases, units and loads, a track a worker.</summary>
    public void WriteTrace(TextWriter writer)
    {
        const int Phases = 1, Units = 2, Modules = 3;
        var tracks = new Dictionary<string, int>(StringComparer.Ordinal);
        List<TraceSlice> slices =
        [
            new("phases", Phases, 0), new("units", Units, 0), new("module loads", Modules, 0),
            .. boot.Phases.Select(phase => new TraceSlice(phase.Name, Phases, 1, phase.FromUs, phase.ToUs)),
            .. (boot.Systemd?.Units ?? [])
                .Where(unit => unit.IsWork && unit.StartUs > 0 && unit.ActiveUs >= unit.StartUs)
                .Select((unit, i) => new TraceSlice(unit.Name, Units, i + 1, unit.StartUs, unit.ActiveUs)),
            .. boot.Loads.Select(load =>
                new TraceSlice(load.Call.Module, Modules, TrackOf(load.Call), load.FromUs, load.ToUs)),
        ];
        Json.WriteArray(writer, slices, (json, slice) =>
        {
            var isName = slice.Track == 0;
            json.WriteString("name", isName ? "process_name" : slice.Name);
            json.WriteString("ph", isName ? "M" : "X");
            json.WriteNumber("pid", slice.Process);
            json.WriteNumber("tid", slice.Track);
            if (isName)
            {
                json.WriteObject("args", () => json.WriteString("name", slice.Name));
                return;
            }
            json.WriteNumber("ts", slice.FromUs);
            json.WriteNumber("dur", slice.ToUs - slice.FromUs);
        });

        int TrackOf(RecordedCall call)
        {
            var name = call.Worker.Length > 0 ? call.Worker : call.Module;
            return tracks.TryGetValue(name, out var track) ? track : tracks[name] = tracks.Count + 1;
        }
    }

    static string SentenceOf(UnitWait wait)
    {
        var what = wait.Device is { } device
            ? $"{wait.Unit.Name} waited {Seconds(wait.TookUs)} for {device.Name}"
            : $"{wait.Unit.Name} took {Seconds(wait.TookUs)} to start";
        if (wait.Load is not { } load)
            return $"Longest: {what}; no module was loaded for most of that time.";
        var (module, took) = (load.Call.Module, Seconds(load.TookUs));
        return wait switch
        {
            { IsProven: false } => $"Longest: {what} while {module} was loaded ({took} in the kernel).",
            { Device: null } => $"Longest: {what}, of which the load of {module}, which it asked for, took {took}.",
            _ => $"Longest: {what} while {module} was loaded ({took} in the kernel), the driver of a parent of that "
                + "device.",
        };
    }

    /// <summary>The parts of the boot in figures; those that are empty are left out.</summary>
    public IEnumerable<BootTable> Tables() =>
        new[] { Phases(), Waits(), Blame(), Path(), Gaps(), Earlier() }.Where(table => table.Rows.Count > 0);

    BootTable Phases() => new(
        ["phase", "took", "from"],
        [.. boot.Phases.Select(phase => (string[])[phase.Name, Seconds(phase.TookUs), Seconds(phase.FromUs)])]);

    BootTable Waits() => new(
        ["unit", "took", "from", "waited for", "module", "its load took"],
        [.. boot.Waits.Take(MaxRows).Select(wait => (string[])
        [
            wait.Unit.Name, Seconds(wait.TookUs), Seconds(wait.FromUs),
            wait.Device?.Name ?? (wait.IsProven ? "its own request" : "its own start"),
            wait.Load?.Call.Module ?? "-", wait.Load is { } load ? Seconds(load.TookUs) : "-",
        ])]);

    BootTable Blame()
    {
        List<BootLoad> slowest = [.. boot.Loads.OrderByDescending(load => load.TookUs).Take(MaxRows)];
        var hasParts = slowest.Exists(load => load.Call.Parts is not null);
        string[] parts = hasParts ? ["read, verify", "set up", "init"] : [];
        return new(
            ["slowest load", "took", "waited", .. parts, "from", "result", "for"],
            [.. slowest.Select(load => (string[])
            [
                load.Call.Module, Seconds(load.TookUs), load.WaitedUs is { } waited ? Seconds(waited) : "-",
                .. hasParts ? PartsOf(load.Call.Parts) : [], Seconds(load.FromUs),
                load.Call.Result switch { null => "in flight", "0" => "ok", var error => error },
                names.Of(load.Call) ?? PlainTable.Shorten(load.Call.Requester ?? "-", MaxDevice),
            ])]);

        static string[] PartsOf(CallParts? parts) => parts is null
            ? ["-", "-", "-"]
            : [Seconds(parts.ReadUs), Seconds(parts.SetUpUs), Seconds(parts.InitUs)];
    }

    BootTable Path()
    {
        var start = (boot.Recording?.ClockStartNs ?? 0) / 1000;
        var first = Math.Max(0, boot.Path.Count - MaxSteps);
        return new(
            ["critical path", "from", "took", "why not earlier"],
            [.. boot.Path.Skip(first).Select((step, i) => (string[])
            [
                step.Call.Module, Seconds(start + (step.Call.StartNs / 1000)), Seconds(step.Call.TookNs / 1000),
                Figures.Reason(boot.Path, first + i),
            ]), .. boot.UnitPath.Select(step => (string[])
                [step.Unit.Name, Seconds(step.FromUs), Seconds(step.TookUs), ReasonOf(step)])]);
    }

    static string ReasonOf(UnitStep step)
    {
        var after = step.Before is { } before ? $"after {before.Name}" : "systemd started it at once";
        return step.Load is not { } load
            ? after
            : $"{after}; {(step.IsProven && !step.Unit.IsDevice ? "it asked for " : "while ")}{load.Call.Module} "
                + $"{(step.IsProven && !step.Unit.IsDevice ? "" : "was loaded ")}({Seconds(load.TookUs)})";
    }

    BootTable Gaps() => new(
        ["no load from", "took", "meanwhile"],
        [.. boot.Gaps.OrderByDescending(gap => gap.ToUs - gap.FromUs).Take(MaxRows).Select(gap => (string[])
            [Seconds(gap.FromUs), Seconds(gap.ToUs - gap.FromUs), gap.Why])]);

    BootTable Earlier() => new(
        ["last boots (UTC)", "took", "kernel", "initramfs", "user space"],
        [.. (boot.Systemd?.Earlier ?? []).Select(earlier => (string[])
        [
            DateTimeOffset.UnixEpoch.AddMicroseconds(earlier.At)
                .ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
            Seconds(earlier.AllUs), Seconds(earlier.KernelUs),
            // without a systemd of its own it is in the kernel's time
            earlier.InitrdUs > 0 ? Seconds(earlier.InitrdUs) : "in kernel", Seconds(earlier.UserUs),
        ])]);

    public IEnumerable<string> Lacks()
    {
        if (boot.Recording is null)
        {
            yield return "the module loads: run the daemon, or record a boot with 'drover install --watch'";
            yield break;
        }
        if (boot.Loads.All(load => load.Call.Parts is null))
            yield return "how a load divides into reading, verifying, set-up and init: no probe of the kernel saw it";
        yield return "probes that go on after a module's init (asynchronous ones): nothing that is recorded shows them";
        if (boot.Systemd is { InitrdUs: 0, InitUs: 0 })
        {
            yield return "where the kernel ends and the initramfs begins: the kernel's log has no line of it, or only "
                + "root may read it";
        }
        if (boot.Loads.All(load => load.WaitedUs is null))
            yield return "how long a load waited before its call: a watch sees calls only";
        foreach (var warning in boot.Recording.Warnings)
            yield return warning;
    }

    static void WriteSpan(Utf8JsonWriter json, long fromUs, long toUs)
    {
        json.WriteNumber("fromUs", fromUs);
        json.WriteNumber("toUs", toUs);
    }

    static string Seconds(long us) => BootAnalysis.Seconds(us);

    /// <param name="Track">0: the name of the process.</param>
    sealed record TraceSlice(string Name, int Process, int Track, long FromUs = 0, long ToUs = 0);
}
