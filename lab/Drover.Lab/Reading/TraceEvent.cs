using System.Globalization;
using System.Text.RegularExpressions;

namespace Drover.Lab.Reading;

/// <summary>One line of the kernel's trace.</summary>
/// <param name="Comm">The task's name, up to 15 bytes.</param>
/// <param name="Tid">The thread, which tracefs calls pid.</param>
/// <param name="Seconds">Since boot, the monotonic clock.</param>
/// <param name="Name">The event: <c>sys_finit_module</c> (entry and exit alike), <c>ko</c>, <c>module_load</c>, …</param>
/// <param name="Text">What follows the name.</param>
readonly record struct TraceEvent(string Comm, int Tid, double Seconds, string Name, string Text);

/// <summary>tracefs' <c>trace</c> file (Documentation/trace/ftrace.rst).</summary>
static partial class TraceFile
{
    /// <summary>The events in the order of the file, which is the order of time, and how many the buffers lost.</summary>
    public static (IReadOnlyList<TraceEvent> Events, long Lost) Parse(string text)
    {
        var events = new List<TraceEvent>();
        long lost = 0;
        foreach (var raw in text.Split('\n'))
        {
            var line = raw.TrimEnd('\r');
            if (Counts().Match(line) is { Success: true } counts)
                lost = long.Parse(counts.Groups[2].ValueSpan, CultureInfo.InvariantCulture) - long.Parse(counts.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            else if (Event().Match(line) is { Success: true } match)
                events.Add(Read(match));
        }
        return (events, lost);
    }

    static TraceEvent Read(Match match) => new(
        match.Groups["comm"].Value,
        int.Parse(match.Groups["tid"].ValueSpan, CultureInfo.InvariantCulture),
        double.Parse(match.Groups["time"].ValueSpan, CultureInfo.InvariantCulture),
        match.Groups["name"].Value,
        match.Groups["text"].Value);

    // # entries-in-buffer/entries-written: 1536/1536   #P:32
    [GeneratedRegex(@"^# entries-in-buffer/entries-written: (\d+)/(\d+)")]
    private static partial Regex Counts();

    //  (udev-worker)-212     [003] d..2.     6.812345: module_load: button
    // an exit of a system call has no colon after its name: "sys_finit_module -> 0x0"; an entry has a bracket
    [GeneratedRegex(@"^\s*(?<comm>.+)-(?<tid>\d+)\s+\[\d+\]\s+\S+\s+(?<time>\d+\.\d+): (?<name>\w+)(?<text>.*)$")]
    private static partial Regex Event();
}
