using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Drover.Lab.Guest;
using Drover.Lab.Reading;

namespace Drover.Lab.Tools;

/// <summary>A load call: finit_module or init_module, the module, and "0" or an errno's name.</summary>
sealed record CaseCall(string Syscall, string Module, string Result);

/// <param name="Skipped">The reason for a skip, or null.</param>
/// <param name="Output">Standard output with each call's status.</param>
/// <param name="Modules">/proc/modules at the end: name, reference count, users; sorted.</param>
/// <param name="Removals">Calls of delete_module by result.</param>
/// <param name="Requests">The number of the kernel's own calls of modprobe.</param>
/// <param name="LostEvents">Events that the trace lost; if not 0, counts are too low.</param>
sealed record CaseResult(
    string Name, string? Skipped, string Output, string Error, IReadOnlyList<string> Modules,
    IReadOnlyList<CaseCall> Calls, IReadOnlyDictionary<string, int> Removals, int Requests,
    long LostEvents, double Seconds)
{
    public IReadOnlyList<string> Bad => Marked("bad: ");

    /// <summary>The maximum number of load calls, if the script gives one.</summary>
    [JsonPropertyName("most")]
    public int? MaxCalls => Marked("most: ") is [.., var last] ? int.Parse(last) : null;

    public static IReadOnlyList<CaseResult> ReadAll(GuestResult result) =>
        GuestFacts.Lines(result.Required("cases")).Select(name => Read(result, name)).ToList();

    static CaseResult Read(GuestResult result, string name)
    {
        var text = result.Required(name + ".trace");
        var trace = ModuleTrace.Read(text);
        var seconds = result.Required(name + ".seconds").Split(' ').Select(time => double.Parse(time)).ToList();
        return new(
            name, result.Text(name + ".skipped")?.Trim(), result.Required(name + ".out"),
            result.Required(name + ".err"),
            GuestFacts.Lines(result.Required(name + ".modules")).Select(Holders).Order(StringComparer.Ordinal).ToList(),
            [.. trace.Calls.Select(call => new CaseCall(call.Syscall, call.Module ?? "?", call.Result ?? "in flight"))],
            ModuleTrace.Removals(text), trace.Requests.Count, trace.LostEvents, Math.Round(seconds[1] - seconds[0], 2));
    }

    /// <summary>Name, count and users, sorted, of a line of /proc/modules.</summary>
    static string Holders(string line)
    {
        var words = line.Split(' ');
        return $"{words[0]} {words[2]} {string.Join(',', words[3].Split(',').Order(StringComparer.Ordinal)).Trim(',')}";
    }

    List<string> Marked(string mark) => GuestFacts.Lines(Output)
        .Where(line => line.StartsWith(mark, StringComparison.Ordinal)).Select(line => line[mark.Length..]).ToList();
}

/// <summary>A case with kmod's programs and with Drover's, and Drover's faults.</summary>
sealed partial record CaseVerdict(CaseResult Kmod, CaseResult Drover)
{
    /// <summary>Prefix of the cases of Drover's own guarantees; in all others both results must be equal.</summary>
    const string OwnPrefix = "own_";

    public bool IsOwn => Kmod.Name.StartsWith(OwnPrefix, StringComparison.Ordinal);
    public bool IsSkipped => Drover.Skipped is not null;

    public IReadOnlyList<string> Problems { get; } =
        Kmod.Skipped is not null && Drover.Skipped is not null ? [] : Judge(Kmod, Drover).ToList();

    /// <exception cref="LabException">The guests ran different cases.</exception>
    public static IReadOnlyList<CaseVerdict> Pair(IReadOnlyList<CaseResult> kmod, IReadOnlyList<CaseResult> drover) =>
        kmod.Select(item => item.Name).SequenceEqual(drover.Select(item => item.Name))
            ? kmod.Zip(drover, (a, b) => new CaseVerdict(a, b)).ToList()
            : throw new LabException("the two guests ran different cases");

    static IEnumerable<string> Judge(CaseResult kmod, CaseResult drover)
    {
        foreach (var bad in drover.Bad)
            yield return bad;
        if (kmod.LostEvents + drover.LostEvents > 0)
            yield return "the trace lost events";
        if (drover.MaxCalls is { } max && drover.Calls.Count > max)
            yield return $"{drover.Calls.Count} load calls where {max} are enough";
        if (kmod.Name.StartsWith(OwnPrefix, StringComparison.Ordinal))
            yield break;
        if (kmod.Output != drover.Output)
            yield return "output differs" + FirstDifference(kmod.Output.Split('\n'), drover.Output.Split('\n'));
        var (errors, droverErrors) = (NotCompared.Replace(kmod.Error, ""), NotCompared.Replace(drover.Error, ""));
        if (errors != droverErrors)
            yield return "messages differ" + FirstDifference(errors.Split('\n'), droverErrors.Split('\n'));
        if (!kmod.Modules.SequenceEqual(drover.Modules))
            yield return "modules differ" + FirstDifference(kmod.Modules, drover.Modules);
        if (drover.Calls.Count > kmod.Calls.Count)
            yield return $"more load calls: {Text(kmod)} / {Text(drover)}";
        var sameRemovals = kmod.Removals.GetValueOrDefault("0") == drover.Removals.GetValueOrDefault("0");
        if (!sameRemovals || drover.Removals.Values.Sum() > kmod.Removals.Values.Sum())
            yield return "removals differ";

        static string Text(CaseResult result) =>
            string.Join(' ', result.Calls.Select(call => $"{call.Module}:{call.Result}"));
    }

    /// <summary>Drover leaves out on purpose: the place in libkmod's source in Debian's messages, and the path by which
    /// a tool was called, in getopt's messages and in lsmod's usage.</summary>
    [GeneratedRegex(
        @"\.\./libkmod/\S+:\d+ \w+\(\) |(?<=^(?:Usage: )?)/lab/bin/(?=\w+)",
        RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    static partial Regex NotCompared { get; }

    static string FirstDifference(IReadOnlyList<string> kmod, IReadOnlyList<string> drover)
    {
        var at = kmod.Zip(drover).TakeWhile(pair => pair.First == pair.Second).Count();
        return $", line {at + 1}\n    kmod   {kmod.ElementAtOrDefault(at) ?? "(end)"}\n"
            + $"    drover {drover.ElementAtOrDefault(at) ?? "(end)"}";
    }
}
