using System.Globalization;
using Drover.Lab.Guest;
using Drover.Lab.Reading;

namespace Drover.Lab.Tools;

/// <summary>One case as one guest went through it.</summary>
/// <param name="Name">As the guest's script calls it.</param>
/// <param name="Skipped">What the kernel lacks for it, or null.</param>
/// <param name="Output">Standard output of all, with each call's status.</param>
/// <param name="Error">Standard error.</param>
/// <param name="Modules">What /proc/modules had in the end: name, how many hold it, who; sorted.</param>
/// <param name="Calls">Load calls: module and result.</param>
/// <param name="Removals">delete_module, by result.</param>
/// <param name="Requests">What the kernel asked modprobe for.</param>
/// <param name="LostEvents">Of the trace: with any, the calls are too few.</param>
/// <param name="Seconds">Of the guest's clock.</param>
sealed record CaseResult(
    string Name, string? Skipped, string Output, string Error, IReadOnlyList<string> Modules, IReadOnlyList<CaseCall> Calls, IReadOnlyDictionary<string, int> Removals,
    int Requests, long LostEvents, double Seconds)
{
    const string BadMark = "bad: ", MostMark = "most: ";

    /// <summary>What the guest's script found wrong itself.</summary>
    public IReadOnlyList<string> Bad => Marked(BadMark);

    /// <summary>The most load calls that it may take, where the script says so.</summary>
    public int? Most => Marked(MostMark) is [.., var last] ? int.Parse(last, CultureInfo.InvariantCulture) : null;

    /// <summary>All cases, in the order of the guest.</summary>
    public static IReadOnlyList<CaseResult> ReadAll(GuestResult result) =>
        Lines(result.Required("cases")).Select(name => Read(result, name)).ToList();

    static CaseResult Read(GuestResult result, string name)
    {
        var trace = result.Required(name + ".trace");
        var loads = ModuleCallReader.Read(trace);
        var seconds = result.Required(name + ".seconds").Split(' ').Select(text => double.Parse(text, CultureInfo.InvariantCulture)).ToList();
        return new CaseResult(
            name,
            result.Text(name + ".skipped")?.Trim(),
            result.Required(name + ".out"),
            result.Required(name + ".err"),
            Lines(result.Required(name + ".modules")).Select(Holders).Order(StringComparer.Ordinal).ToList(),
            loads.Calls.Select(call => new CaseCall(call.Syscall, call.Module ?? "?", call.Result ?? "in flight")).ToList(),
            RemovalReader.Read(trace),
            loads.Requests.Count,
            loads.LostEvents,
            Math.Round(seconds[1] - seconds[0], 2));
    }

    /// <summary>Name, count and users; these sorted, for they stand in the order in which they came.</summary>
    static string Holders(string line)
    {
        var words = line.Split(' ');
        return $"{words[0]} {words[2]} {string.Join(',', words[3].Split(',').Order(StringComparer.Ordinal)).Trim(',')}";
    }

    List<string> Marked(string mark) => Lines(Output).Where(line => line.StartsWith(mark, StringComparison.Ordinal)).Select(line => line[mark.Length..]).ToList();

    static IEnumerable<string> Lines(string text) => text.Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0);
}

/// <summary>A load call: finit_module or init_module, of which module, "0" or an errno's name.</summary>
sealed record CaseCall(string Syscall, string Module, string Result);
