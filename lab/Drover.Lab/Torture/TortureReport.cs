using System.Globalization;
using System.Text;
using Drover.Lab.Guest;
using Drover.Lab.Reading;

namespace Drover.Lab.Torture;

/// <summary>What a tortured guest sent.</summary>
sealed record TortureReport
{
    /// <summary>Bytes of memory that a guest may be short of afterwards: slabs of the kernel's own that it gives back when it likes.</summary>
    const long Slack = 24 << 20;

    /// <summary>Likewise of the daemon's resident memory between its first settling and the end.</summary>
    const long DaemonSlack = 4 << 20;

    public required double Seconds { get; init; }

    /// <summary>Requests by their exit status.</summary>
    public required IReadOnlyDictionary<int, int> Answers { get; init; }

    /// <summary>Those that failed, as they told it.</summary>
    public required IReadOnlyList<string> Unanswered { get; init; }

    public required int Kills { get; init; }

    public required int Hotplugs { get; init; }

    public required int Indexes { get; init; }

    public required int Triggers { get; init; }

    public required ModuleCalls Trace { get; init; }

    /// <summary>Live before and not after.</summary>
    public required IReadOnlyList<string> Missing { get; init; }

    public required (long Before, long After) AvailableBytes { get; init; }

    public required (long Before, long After) DaemonBytes { get; init; }

    public IReadOnlyList<ModuleCall> Duplicates => [.. Trace.Calls.Where(call => call.Result is { } result && Errno.IsDuplicate(result))];

    /// <summary>What is not as it should be.</summary>
    public IEnumerable<string> Problems()
    {
        if (Answers.Where(answer => answer.Key != 0).Sum(answer => answer.Value) is > 0 and var failed)
            yield return $"{failed} requests failed";
        if (Missing.Count > 0)
            yield return $"not live any more: {string.Join(' ', Missing)}";
        if (Duplicates.Count > Kills)
            yield return $"{Duplicates.Count} duplicate calls, and {Kills} kills to excuse them";
        if (Trace.LostEvents > 0)
            yield return $"the trace lost {Trace.LostEvents} events: there may be more calls";
        if (AvailableBytes.Before - AvailableBytes.After > Slack)
            yield return $"{(AvailableBytes.Before - AvailableBytes.After) / 1e6:F1} MB of memory are gone";
        if (DaemonBytes.After - DaemonBytes.Before > DaemonSlack)
            yield return $"the daemon has grown by {(DaemonBytes.After - DaemonBytes.Before) / 1e6:F1} MB";
    }

    public static TortureReport Of(GuestResult result)
    {
        var facts = GuestFacts.Facts(result.Required("facts"));
        var before = GuestFacts.Modules(result.Required("modules.before"));
        return new TortureReport
        {
            Seconds = facts["tortureEnd"] - facts["tortureStart"],
            Answers = Lines("asked").GroupBy(line => int.Parse(line, CultureInfo.InvariantCulture)).OrderBy(group => group.Key).ToDictionary(group => group.Key, group => group.Count()),
            Unanswered = Lines("unanswered"),
            Kills = Count("kills"),
            Hotplugs = Count("hotplugs"),
            Indexes = Count("indexes"),
            Triggers = Count("triggers"),
            Trace = ModuleCallReader.Read(result.Required("trace")),
            Missing = [.. before.Except(GuestFacts.Modules(result.Required("modules.after")), StringComparer.Ordinal)],
            AvailableBytes = (Kilobytes("memory.before"), Kilobytes("memory.after")),
            DaemonBytes = (Kilobytes("daemon.before"), Kilobytes("daemon.after")),
        };

        long Kilobytes(string name) => GuestFacts.Kilobytes(result.Required(name));
        int Count(string name) => (result.Text(name) ?? "").Count(c => c == '\n');
        IReadOnlyList<string> Lines(string name) => [.. GuestFacts.Lines(result.Text(name) ?? "")];
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        Row("tortured", $"{Seconds:F0} s of guest time: daemon killed {Kills} times, CPUs off and on {Hotplugs}, indexes written {Indexes}, all devices' events {Triggers}");
        Row("requests", string.Join(", ", Answers.Select(answer => $"{answer.Value} ended with {answer.Key}")));
        Row("calls", $"{Trace.Calls.Count}: {string.Join("  ", Trace.Calls.GroupBy(call => call.Result ?? "in flight").OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => $"{group.Key} {group.Count()}"))}");
        foreach (var call in Duplicates)
            Row("duplicate", $"{call.Module} by {call.Comm} ({call.Tid}) at {call.StartSeconds:F2} s: {call.Result}");
        Row("memory", $"available {AvailableBytes.Before / 1e6:F1} → {AvailableBytes.After / 1e6:F1} MB, daemon {DaemonBytes.Before / 1e6:F1} → {DaemonBytes.After / 1e6:F1} MB");
        foreach (var line in Unanswered)
            Row("failed", line);
        foreach (var problem in Problems())
            Row("problem", problem);
        return text.ToString();

        void Row(string name, string value) => text.Append(name.PadRight(11)).AppendLine(value);
    }
}
