using System.Globalization;
using Drover.Cli;
using Drover.Output;
using Drover.Verbs.Herd;

namespace Drover.Verbs.Audit;

/// <summary>An audit for a person. Stateless.</summary>
static class AuditTable
{
    /// <summary>More modules than these tell nothing new.</summary>
    const int MostModules = 10;

    const int DeviceColumns = 60;

    public static void Write(TextWriter writer, AuditedMachine machine, IReadOnlyList<AuditBoot> boots)
    {
        writer.WriteLine(AuditVerdict.Of(machine, boots));
        writer.WriteLine();
        var facts = new Table();
        facts.Add("machine", $"{PlainText.Of(machine.Scenario.Name)}, {ByteSize.Format(machine.Scenario.MemoryBytes)}");
        facts.Add("devices", Text(machine.Devices));
        facts.Add("modaliases", $"{machine.Modaliases}, {machine.Distinct} distinct");
        facts.Add("modules", $"{machine.Scenario.Modules.Count}{(machine.Live is { } live ? $", {live} live now" : "")}");
        facts.Add("gate", PlainText.Of(machine.Path.Explain()));
        facts.WriteTo(writer);

        writer.WriteLine();
        var table = new Table("A BOOT WITH", "CALLS", "BY ERRNO", "WASTED", "SECONDS", "MISSING");
        foreach (var (title, result) in boots)
            table.Add(title, Text(RunCells.CallsOf(result)), RunCells.ByErrno(result), RunCells.Wasted(result), RunCells.Seconds(result), RunCells.Missing(result));
        table.WriteTo(writer);
        WriteAsked(writer, machine);
        WriteHopeless(writer, machine);
        foreach (var lack in machine.Lacks)
            writer.WriteLine($"\n{lack}");
    }

    static void WriteAsked(TextWriter writer, AuditedMachine machine)
    {
        var asked = Asked.Of(machine);
        writer.WriteLine();
        var table = new Table("ASKED FOR MOST", "TIMES", "BY DEVICES", "FIRST");
        foreach (var one in asked.Take(MostModules))
            table.Add(one.Module, Text(one.Times), Text(one.Devices), Table.Shorten(PlainText.Of(one.First), DeviceColumns));
        table.WriteTo(writer);
        if (asked.Count > MostModules)
            writer.WriteLine($"and {asked.Count - MostModules} more");
    }

    static void WriteHopeless(TextWriter writer, AuditedMachine machine)
    {
        if (machine.Hopeless is not { Count: > 0 } hopeless)
            return;
        writer.WriteLine();
        writer.WriteLine(machine.State is AuditState.Settled
            ? "Drivers without hardware, most likely (asked for, and not live although what they need is): udev tries each for every device that asks, Drover once."
            : "Drivers without hardware: udev tries each for every device that asks, Drover once.");
        writer.WriteLine(string.Join(", ", hopeless.Select(module => module.Name)));
    }

    static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
