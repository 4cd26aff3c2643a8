using System.Text;
using Drover.Kernel;
using Drover.Lab.Guest;
using Drover.Lab.Reading;

namespace Drover.Lab.Torture;

/// <param name="Requests">By exit status.</param>
/// <param name="Failures">The messages of failed requests.</param>
/// <param name="Missing">Modules live before and not after.</param>
/// <param name="Threads">The limit of the daemon's cgroup, and how often it stopped a clone (pids.events).</param>
/// <param name="Memory">The limit in bytes, and how often it was reached (memory.events).</param>
/// <param name="OomKills">How often the limit ended the daemon.</param>
sealed record TortureReport(
    double Seconds, IReadOnlyDictionary<int, int> Requests, IReadOnlyList<string> Failures, int Kills, int Hotplugs,
    int Indexes, int Triggers, ModuleTrace Trace, IReadOnlyList<string> Missing,
    (long Before, long After) AvailableBytes, (long Before, long After) DaemonBytes,
    (long Max, long Reached) Threads, (long Max, long Reached) Memory, long OomKills)
{
    const long SlackBytes = 24 << 20; // bytes of memory that may be gone at the end: slabs that the kernel frees later

    /// <summary>Bytes by which the daemon's resident memory may grow between its first settling and the end.</summary>
    const long DaemonSlackBytes = 4 << 20;

    public IReadOnlyList<ModuleCall> Duplicates => [.. Trace.Calls.Where(call => ErrnoText.IsDuplicate(call.Result))];

    public IEnumerable<string> Problems()
    {
        if (Requests.Where(pair => pair.Key != 0).Sum(pair => pair.Value) is > 0 and var failed)
            yield return $"{failed} requests failed";
        if (Missing.Count > 0)
            yield return $"not live any more: {string.Join(' ', Missing)}";
        if (Duplicates.Count > Kills)
            yield return $"{Duplicates.Count} duplicate calls, more than the {Kills} kills";
        if (Trace.LostEvents > 0)
            yield return $"the trace lost {Trace.LostEvents} events: there may be more calls";
        if (AvailableBytes.Before - AvailableBytes.After > SlackBytes)
            yield return $"{(AvailableBytes.Before - AvailableBytes.After) / 1e6:F1} MB of memory are gone";
        if (DaemonBytes.After - DaemonBytes.Before > DaemonSlackBytes)
            yield return $"the daemon has grown by {(DaemonBytes.After - DaemonBytes.Before) / 1e6:F1} MB";
        if (Threads.Reached == 0)
            yield return $"the daemon never needed more than {Threads.Max} threads: its limit was not tried";
        if (OomKills > 0)
            yield return $"the daemon was killed {OomKills} times for its memory";
    }

    public static TortureReport Of(GuestResult result)
    {
        var facts = GuestFacts.Facts(result.Required("facts"));
        var before = GuestFacts.Modules(result.Required("modules.before"));
        return new(
            Seconds: facts["tortureEnd"] - facts["tortureStart"],
            Requests: Lines("asked").CountBy(line => int.Parse(line)).OrderBy(pair => pair.Key).ToDictionary(),
            Failures: Lines("unanswered"), Kills: Count("kills"), Hotplugs: Count("hotplugs"),
            Indexes: Count("indexes"), Triggers: Count("triggers"), Trace: ModuleTrace.Read(result.Required("trace")),
            Missing: [.. before.Except(GuestFacts.Modules(result.Required("modules.after")), StringComparer.Ordinal)],
            AvailableBytes: (Kilobytes("memory.before"), Kilobytes("memory.after")),
            DaemonBytes: (Kilobytes("daemon.before"), Kilobytes("daemon.after")),
            Threads: (Number("daemon.pids.max"), Event("daemon.pids.events", "max")),
            Memory: (Number("daemon.memory.max"), Event("daemon.memory.events", "max")),
            OomKills: Event("daemon.memory.events", "oom_kill"));

        long Number(string name) => long.Parse(result.Required(name).Trim());
        long Event(string name, string key) => Lines(name).Select(line => line.Split(' '))
            .Where(words => words[0] == key).Sum(words => long.Parse(words[1]));
        long Kilobytes(string name) => GuestFacts.Kilobytes(result.Required(name));
        int Count(string name) => (result.Text(name) ?? "").Count(c => c == '\n');
        IReadOnlyList<string> Lines(string name) => [.. GuestFacts.Lines(result.Text(name) ?? "")];
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        var results = Trace.Calls.CountBy(call => call.Result ?? "in flight")
            .OrderBy(pair => pair.Key, StringComparer.Ordinal);
        Row("tortured", $"{Seconds:F0} s of guest time: daemon killed {Kills} times, CPUs off and on {Hotplugs}, "
            + $"indexes written {Indexes}, all devices' events {Triggers}");
        Row("requests", string.Join(", ", Requests.Select(pair => $"{pair.Value} ended with {pair.Key}")));
        Row("calls", $"{Trace.Calls.Count}: {string.Join("  ", results.Select(pair => $"{pair.Key} {pair.Value}"))}");
        foreach (var call in Duplicates)
            Row("duplicate", $"{call.Module} by {call.Comm} ({call.Tid}) at {call.StartSeconds:F2} s: {call.Result}");
        Row("memory", $"available {AvailableBytes.Before / 1e6:F1} → {AvailableBytes.After / 1e6:F1} MB, "
            + $"daemon {DaemonBytes.Before / 1e6:F1} → {DaemonBytes.After / 1e6:F1} MB");
        Row("limits", $"{Threads.Max} threads, reached {Threads.Reached} times; {Memory.Max >> 20} MiB, reached "
            + $"{Memory.Reached} times, killed by it {OomKills} times");
        foreach (var line in Failures)
            Row("failed", line);
        foreach (var problem in Problems())
            Row("problem", problem);
        return text.ToString();

        void Row(string name, string value) => text.Append(name.PadRight(11)).AppendLine(value);
    }
}
