using Drover.Study.Recordings;

namespace Drover.Study.Report;

/// <summary>Names of recordings that are shown together.</summary>
static class Labels
{
    /// <summary>The recordings of several files. A watch, which does not know what it watched, has the name of its
    /// file; of two recordings with one name, each has what differs in their paths added.</summary>
    /// <param name="given">Names for the files, in their order; empty for none.</param>
    public static List<Recording> Of(IReadOnlyList<(string File, IReadOnlyList<Recording> Runs)> files,
        IReadOnlyList<string> given)
    {
        if (given.Count > 0)
        {
            return [.. files.Zip(given).SelectMany(pair => pair.First.Runs.Select(run =>
                run with { Name = pair.First.Runs.Count == 1 ? pair.Second : $"{pair.Second}: {run.Name}" }))];
        }
        var differences = DifferencesOf([.. files.Select(file => file.File)]);
        var names = files.SelectMany(file => file.Runs.Select(run => run.Name).Distinct()).CountBy(name => name)
            .ToDictionary();
        return [.. files.Zip(differences).SelectMany(pair => pair.First.Runs.Select(run => run with
        {
            Name = run.Source == RecordingFile.Watch ? pair.Second
                // runs of one loader with several numbers of CPUs are one line of a chart
                : files.Count == 2 && names[run.Name] > 1 ? $"{run.Name} ({pair.Second})"
                : run.Name,
        }))];
    }

    /// <summary>The part of each path that the others do not have, without directories and endings that all share; the
    /// name of the file if there is one path only.</summary>
    internal static List<string> DifferencesOf(IReadOnlyList<string> paths)
    {
        var parts = paths.Select(path => path.Split('/', StringSplitOptions.RemoveEmptyEntries)).ToList();
        if (paths.Count == 1)
            return [WithoutEnding(parts[0][^1])];
        var shortest = parts.Min(part => part.Length);
        var first = 0;
        while (first < shortest && parts.TrueForAll(part => part[first] == parts[0][first]))
            first++;
        var last = 0;
        while (last < shortest - first && parts.TrueForAll(part => part[^(last + 1)] == parts[0][^(last + 1)]))
            last++;
        var labels = parts.ConvertAll(part => string.Join('/', part[first..^last]));
        if (last == 0)
            labels = labels.ConvertAll(WithoutEnding);
        // a path that another one continues, or one given twice, is left with no part of its own
        return labels.Distinct().Count() == labels.Count && !labels.Contains("")
            ? labels
            : [.. paths.Select((path, i) => paths.Distinct().Count() == paths.Count ? path : $"{path} ({i + 1})")];
    }

    static string WithoutEnding(string path)
    {
        var dot = path.LastIndexOf('.');
        return dot > path.LastIndexOf('/') + 1 ? path[..dot] : path;
    }
}
