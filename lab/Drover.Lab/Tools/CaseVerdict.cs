using System.Text.RegularExpressions;

namespace Drover.Lab.Tools;

/// <summary>A case, by kmod's programs and by Drover's, and what is wrong with Drover's.</summary>
sealed partial record CaseVerdict(CaseResult Kmod, CaseResult Drover)
{
    /// <summary>Cases of this name are Drover's own promises; the others must come out alike.</summary>
    const string OwnPrefix = "own_";

    public bool IsOwn => Kmod.Name.StartsWith(OwnPrefix, StringComparison.Ordinal);

    public bool IsSkipped => Drover.Skipped is not null;

    public IReadOnlyList<string> Problems { get; } = IsSkippedIn(Kmod, Drover) ? [] : Judge(Kmod, Drover).ToList();

    /// <summary>Pairs the cases of both guests; a guest that went through others than the other one is an error of the lab.</summary>
    public static IReadOnlyList<CaseVerdict> Pair(IReadOnlyList<CaseResult> kmod, IReadOnlyList<CaseResult> drover) =>
        kmod.Select(item => item.Name).SequenceEqual(drover.Select(item => item.Name))
            ? kmod.Zip(drover, (a, b) => new CaseVerdict(a, b)).ToList()
            : throw new LabException("the two guests went through different cases");

    static bool IsSkippedIn(CaseResult kmod, CaseResult drover) => kmod.Skipped is not null && drover.Skipped is not null;

    static IEnumerable<string> Judge(CaseResult kmod, CaseResult drover)
    {
        foreach (var bad in drover.Bad)
            yield return bad;
        if (kmod.LostEvents + drover.LostEvents > 0)
            yield return "the trace lost events";
        if (drover.Most is { } most && drover.Calls.Count > most)
            yield return $"{drover.Calls.Count} load calls where {most} are enough";
        if (kmod.Name.StartsWith(OwnPrefix, StringComparison.Ordinal))
            yield break;
        if (kmod.Output != drover.Output)
            yield return "output differs" + FirstDifference(kmod.Output, drover.Output);
        var (said, saidByDrover) = (Plain(kmod.Error), Plain(drover.Error));
        if (said != saidByDrover)
            yield return "messages differ" + FirstDifference(said, saidByDrover);
        if (!kmod.Modules.SequenceEqual(drover.Modules))
            yield return "modules differ" + FirstDifference(string.Join('\n', kmod.Modules), string.Join('\n', drover.Modules));
        if (drover.Calls.Count > kmod.Calls.Count)
            yield return $"more load calls: {Text(kmod)} / {Text(drover)}";
        if (!kmod.Removals.GetValueOrDefault("0").Equals(drover.Removals.GetValueOrDefault("0")) || drover.Removals.Values.Sum() > kmod.Removals.Values.Sum())
            yield return "removals differ";

        static string Text(CaseResult result) => string.Join(' ', result.Calls.Select(call => $"{call.Module}:{call.Result}"));
    }

    /// <summary>
    /// Without what Drover leaves out on purpose: the place in libkmod's source that Debian's kmod names, and the path by which a tool was called, which stands
    /// before getopt's complaints and in lsmod's usage.
    /// </summary>
    static string Plain(string messages) => NotCompared().Replace(messages, "");

    [GeneratedRegex(@"\.\./libkmod/\S+:\d+ \w+\(\) |(?<=^(?:Usage: )?)/lab/bin/(?=\w+)", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex NotCompared();

    /// <summary>The first line of each that is not the other's.</summary>
    static string FirstDifference(string kmod, string drover)
    {
        var (left, right) = (kmod.Split('\n'), drover.Split('\n'));
        var at = 0;
        while (at < left.Length && at < right.Length && left[at] == right[at])
            at++;
        return $", line {at + 1}\n    kmod   {left.ElementAtOrDefault(at) ?? "(end)"}\n    drover {right.ElementAtOrDefault(at) ?? "(end)"}";
    }
}
