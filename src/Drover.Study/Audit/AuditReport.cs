using Drover.Model.Herds;
using Drover.Study.Boot;
using Drover.Study.Drawing;
using Drover.Study.Herd;

namespace Drover.Study.Audit;

/// <param name="Title">What differs from the machine as it is.</param>
sealed record AuditBoot(string Title, HerdResult Result)
{
    public long Calls => HerdFigures.CallsOf(Result);

    /// <summary>Calls beyond one for each module.</summary>
    public long ExtraCalls => Calls - Result.Attempted;
}

/// <summary>An audit as text and as JSON (docs/audit.md).</summary>
/// <param name="boots">The first is udev on the machine as it is, the second Drover.</param>
/// <param name="boot">What is known of the machine's last boot; null for nothing.</param>
sealed class AuditReport(AuditedMachine machine, IReadOnlyList<AuditBoot> boots, BootAnalysis? boot, bool isHere)
{
    const string Install = "drover install";

    const int MaxModules = 10;
    const int MaxDeviceColumns = 60;

    public void WriteText(Terminal terminal)
    {
        var writer = terminal.Out;
        writer.WriteLine(PlainText.Of(Verdict()));
        writer.WriteLine();
        var facts = new FittedTable(columns: 2);
        facts.Add("machine", $"{machine.Scenario.Name}, {ByteSize.Format(machine.Scenario.MemoryBytes)}");
        facts.Add("devices", Number(machine.Devices));
        facts.Add("modaliases", $"{machine.Modaliases}, {machine.DistinctModaliases} distinct");
        var liveNow = machine.Live is { } live ? $", {live} live now" : "";
        facts.Add("modules", $"{machine.Scenario.Modules.Count}{liveNow}");
        facts.Add("gate", machine.Path.Explain());
        facts.WriteTo(terminal);

        writer.WriteLine();
        var table = new FittedTable("A BOOT WITH", "CALLS", "BY ERRNO", "WASTED", "SECONDS", "MISSING")
        {
            Optional = ["BY ERRNO", "MISSING"],
        };
        foreach (var (title, result) in boots)
        {
            table.Add(
                title, Number(HerdFigures.CallsOf(result)), HerdFigures.ByErrno(result), HerdFigures.Wasted(result),
                HerdFigures.Seconds(result), HerdFigures.Missing(result));
        }
        table.WriteTo(terminal);
        WriteRequests(terminal);
        WriteFailing(writer);
        foreach (var limitation in machine.Limitations)
            writer.WriteLine($"\n{PlainText.Of(limitation)}");
        writer.WriteLine("\nwhat would help, by the time it would save at most");
        var remedies = Remedies();
        if (remedies.Count == 0)
            writer.WriteLine("  nothing that is known");
        foreach (var remedy in remedies)
        {
            writer.WriteLine(PlainText.Of($"  {BootAnalysis.Seconds(remedy.SavesUs)}  {remedy.Why}"));
            writer.WriteLine(PlainText.Of($"           {remedy.Command}"));
        }
        if (isHere && boot?.Recording is null)
        {
            writer.WriteLine("  (no boot of this machine is recorded: 'drover boot' says more where the daemon runs, "
                + "or after\n  'drover install --watch')");
        }
    }

    /// <summary>Those of the recorded boot, and Drover itself by the model if that boot does not show it.</summary>
    List<Remedy> Remedies()
    {
        List<Remedy> remedies = [.. boot?.Remedies ?? []];
        var (udev, drover) = (boots[0].Result, boots[1].Result);
        var savesUs = (long)(1e6 * (udev.BootSeconds - drover.BootSeconds));
        if (udev.Booted && drover.Booted && savesUs >= 1000 && !remedies.Exists(remedy => remedy.Command == Install))
            remedies.Add(new(savesUs, "Drover instead of udev loads the modules (by the model)", Install));
        return [.. remedies.OrderByDescending(remedy => remedy.SavesUs)];
    }

    public void WriteJson(TextWriter writer) => Json.Write(writer, json =>
    {
        var (scenario, path) = (machine.Scenario, machine.Path);
        json.WriteString("verdict", Verdict());
        json.WriteString("machine", scenario.Name);
        json.WriteString("kernel", path.Kernel);
        json.WriteNumber("cpus", scenario.Cpus);
        json.WriteNumber("memoryBytes", scenario.MemoryBytes);
        json.WriteNumber("devices", machine.Devices);
        json.WriteNumber("modaliases", machine.Modaliases);
        json.WriteNumber("distinctModaliases", machine.DistinctModaliases);
        json.WriteNumber("modules", scenario.Modules.Count);
        json.WriteString("state", machine.State switch
        {
            AuditState.Settled => "settled",
            AuditState.BeforeColdplug => "before-coldplug",
            _ => "unknown",
        });
        WriteNumber("live", machine.Live);
        json.WriteObject("gate", () =>
        {
            json.WriteString("kernel", path.Gate is { } gate ? HerdNames.Of(gate) : null);
            json.WriteBoolean("bypassed", path.BypassesGate);
            WriteNumber("kmod", path.Kmod);
            json.WriteString("files", LoadPath.NameOf(path.Files));
            json.WriteString("kernelDecompresses", path.Decompresses is { } format ? LoadPath.NameOf(format) : null);
            json.WriteString("why", path.Explain());
        });
        json.WriteObjects("boots", boots, boot =>
        {
            json.WriteString("title", boot.Title);
            HerdDocuments.WriteRun(json, boot.Result);
        });
        json.WriteObjects("asked", machine.Requests(), requests =>
        {
            json.WriteString("module", requests.Module);
            json.WriteNumber("times", requests.Times);
            json.WriteNumber("devices", requests.Devices);
            json.WriteString("firstDevice", requests.First);
        });
        json.WriteStrings("hopeless", machine.FailingModules.Select(module => module.Name));
        json.WriteStrings("lacks", machine.Limitations);
        json.WriteObjects("remedies", Remedies(), remedy =>
        {
            json.WriteNumber("savesUs", remedy.SavesUs);
            json.WriteString("why", remedy.Why);
            json.WriteString("command", remedy.Command);
        });

        void WriteNumber(string name, int? value)
        {
            if (value is { } number)
                json.WriteNumber(name, number);
            else
                json.WriteNull(name);
        }
    });

    /// <summary>The machine as it is, with udev and with Drover. A kernel of which it is unknown whether it
    /// decompresses is taken not to.</summary>
    public string Metrics()
    {
        const string Calls = "drover_audit_load_calls", Wasted = "drover_audit_wasted_bytes",
            Seconds = "drover_audit_boot_seconds";
        var first = machine.Path.IsUndecided ? 2 : 0;
        (string Loader, HerdResult Boot)[] loaders =
            [("udev", boots[first].Result), ("drover", boots[first + 1].Result)];
        var text = new MetricsText();
        text.Gauge("drover_audit_modules", "Modules that a boot loads.", machine.Scenario.Modules.Count);
        text.Describe(Calls, "gauge", "Load calls of a boot as the model predicts them, by loader.");
        foreach (var (loader, boot) in loaders)
            text.Add(Calls, HerdFigures.CallsOf(boot), "loader", loader);
        text.Describe(Wasted, "gauge", "Memory for duplicates in a boot as the model predicts it, by loader.");
        foreach (var (loader, boot) in loaders)
            text.Add(Wasted, boot.DuplicateBytes, "loader", loader);
        text.Describe(Seconds, "gauge", "Seconds of a boot's loads as the model predicts them, by loader.");
        foreach (var (loader, boot) in loaders)
            text.AddSeconds(Seconds, (long)(boot.BootSeconds * 1e6), "loader", loader);
        return text.ToString();
    }

    string Verdict()
    {
        if (!machine.Path.IsUndecided)
            return Verdict(boots[0], boots[1], machine.Path);
        var format = LoadPath.NameOf(machine.Path.Files);
        return $"If this kernel decompresses {format}: {Verdict(boots[0], boots[1], machine.Path)} "
            + $"If it does not: {Verdict(boots[2], boots[3], machine.Path.WithoutDecompression)}";
    }

    static string Verdict(AuditBoot udev, AuditBoot drover, LoadPath path)
    {
        var waste = drover.Result.DuplicateBytes == 0 ? "nothing" : ByteSize.Format(drover.Result.DuplicateBytes);
        var change = $"Drover would call it {drover.Calls} times and waste {waste}";
        if (!udev.Result.Booted)
            return $"With udev this machine does not boot: {HerdFigures.FailureOf(udev.Result)}; {change}.";
        var modules = udev.Result.Attempted == 1 ? "1 module" : $"{udev.Result.Attempted} modules";
        var calls = $"udev calls the kernel {udev.Calls} times for {modules}";
        var pace = Pace(udev.Result, drover.Result);
        if (udev.ExtraCalls == 0)
        {
            return pace.Length == 0
                ? $"{calls}, none of them too many: Drover would change nothing here."
                : $"{calls}, none of them too many.{pace}";
        }
        var bypass = path.BypassesGate ? ", since kmod bypasses the kernel's gate" : "";
        return $"{calls}, {udev.ExtraCalls} of them too many, "
            + $"and wastes {HerdFigures.Wasted(udev.Result)}{bypass}; {change}.{pace}";
    }

    /// <summary>A sentence about the seconds of the boot phase, after a blank; empty where they differ by less than
    /// 2 %.</summary>
    static string Pace(HerdResult udev, HerdResult drover)
    {
        if (!drover.Booted || Math.Abs(drover.BootSeconds - udev.BootSeconds) < 0.02 * udev.BootSeconds)
            return "";
        var word = drover.BootSeconds > udev.BootSeconds ? "slower" : "faster";
        var times = string.Create(
            CultureInfo.InvariantCulture, $"{drover.BootSeconds:0.000} s instead of {udev.BootSeconds:0.000} s");
        // of the model, as of the program: Drover.Model.Herds.DroverLoader
        var why = drover.BootSeconds > udev.BootSeconds
            ? ", 0.1 s of which 'drover coldplug' waits for devices that appear late"
            : "";
        return $" Its boot would be {word}: {times}{why}.";
    }

    void WriteRequests(Terminal terminal)
    {
        var requests = machine.Requests();
        terminal.Out.WriteLine();
        var table = new FittedTable("ASKED FOR MOST", "TIMES", "BY DEVICES", "FIRST");
        foreach (var module in requests.Take(MaxModules))
        {
            var device = PlainTable.Shorten(module.First, MaxDeviceColumns);
            table.Add(module.Module, Number(module.Times), Number(module.Devices), device);
        }
        table.WriteTo(terminal);
        if (requests.Count > MaxModules)
            terminal.Out.WriteLine($"and {requests.Count - MaxModules} more");
    }

    void WriteFailing(TextWriter writer)
    {
        if (machine.FailingModules is not { Count: > 0 } failing)
            return;
        var evidence = machine.State is AuditState.Settled
            ? ", most likely (requested, and not live although their dependencies are)"
            : "";
        writer.WriteLine();
        writer.WriteLine(
            $"Drivers without hardware{evidence}: udev tries each for every device that asks, Drover once.");
        writer.WriteLine(PlainText.Of(string.Join(", ", failing.Select(module => module.Name))));
    }

    static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
