using System.Text;
using System.Text.RegularExpressions;
using Drover.Tests.Kmod;

namespace Drover.Tests.Corpus;

/// <summary>A line of differences.txt.</summary>
/// <param name="Versions">The versions of kmod that Drover differs from.</param>
/// <param name="Parts">Of the outcome: out, err, exit, or a file's name.</param>
/// <param name="Lines">Matches the root and the command line.</param>
/// <param name="Kind">What is done with the text before it is compared.</param>
/// <param name="Text">The pattern of <paramref name="Kind"/>.</param>
/// <param name="Replacement">Takes the place of what the pattern matches.</param>
/// <param name="Reason">A row of docs/kmod.md or docs/depmod.md.</param>
sealed record AcceptedDifference(
    int[] Versions, Regex Parts, Regex Lines, DifferenceKind Kind, Regex? Text, string Replacement, string Reason)
{
    /// <summary>Whether it was met, or need not occur on every machine.</summary>
    public bool IsUsed { get; set; }
}

enum DifferenceKind
{
    /// <summary>Replaces what matches in kmod's text.</summary>
    InKmods,

    /// <summary>Removes what matches in Drover's text, each text once.</summary>
    InOurs,

    /// <summary>Compares with what kmod does on another line: the pattern is replaced in root and command
    /// line.</summary>
    OtherLine,

    /// <summary>Compares with what the other kmod does.</summary>
    OtherKmod,

    /// <summary>Accepts any text.</summary>
    Any,
}

/// <summary>The differences from kmod that are meant.</summary>
sealed class CorpusDifferences
{
    const string OtherLine = "@line ", OtherKmod = "@other", Ours = "@ours ", Any = "@any";

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    CorpusDifferences(IReadOnlyList<AcceptedDifference> all) => All = all;

    public IReadOnlyList<AcceptedDifference> All { get; }

    /// <summary>Reads the lines, as the comment at the beginning of the file describes them.</summary>
    public static CorpusDifferences Load(string file) => new(
    [
        .. File.ReadLines(file).Where(line => line.Length > 0 && line[0] != '#').Select(line =>
        {
            var fields = line.Split('\u00a6', StringSplitOptions.TrimEntries);
            Assert.True(fields.Length == 6 && fields[3].Length > 0, $"{file}: not six fields: {line}");
            var (kind, text) = KindOf(fields[3]);
            return new AcceptedDifference(
                [.. fields[0].Trim('?').Split(' ').Select(int.Parse)], Pattern($"^({fields[1]})$"), Pattern(fields[2]),
                kind, text, Regex.Unescape(fields[4]), fields[5])
            {
                IsUsed = fields[0].EndsWith('?'),
            };
        }),
    ]);

    /// <summary>Whether the text of a part is that of kmod, but for accepted differences.</summary>
    public bool Accepts(CorpusTexts texts, int version, CorpusLine line, string part)
    {
        var (theirLine, kmods, ours) = ($"{line}", texts.Of(version, line, part), texts.Ours(version, line, part));
        foreach (var known in All)
        {
            if (kmods == ours)
                return true;
            if (!known.Versions.Contains(version) || !known.Parts.IsMatch(part) || !known.Lines.IsMatch($"{line}"))
                continue;
            var before = (kmods, ours, version, theirLine);
            switch (known.Kind)
            {
                case DifferenceKind.InKmods:
                    kmods = known.Text!.Replace(kmods, known.Replacement);
                    break;
                case DifferenceKind.InOurs:
                    var seen = new HashSet<string>();
                    ours = known.Text!.Replace(ours, match => seen.Add(match.Value) ? "" : match.Value);
                    break;
                case DifferenceKind.OtherLine:
                    theirLine = known.Text!.Replace(theirLine, known.Replacement);
                    kmods = texts.Of(version, theirLine, line, part);
                    break;
                case DifferenceKind.OtherKmod:
                    version = CorpusTexts.Other(version);
                    (kmods, ours) = (texts.Of(version, theirLine, line, part), texts.Ours(version, line, part));
                    break;
                default:
                    known.IsUsed = true;
                    return true;
            }
            known.IsUsed |= before != (kmods, ours, version, theirLine);
        }
        return kmods == ours;
    }

    static (DifferenceKind Kind, Regex? Text) KindOf(string text)
    {
        if (text.StartsWith(OtherLine, StringComparison.Ordinal))
            return (DifferenceKind.OtherLine, Pattern(text[OtherLine.Length..]));
        if (text.StartsWith(Ours, StringComparison.Ordinal))
            return (DifferenceKind.InOurs, Pattern(text[Ours.Length..]));
        return text switch
        {
            OtherKmod => (DifferenceKind.OtherKmod, null),
            Any => (DifferenceKind.Any, null),
            _ => (DifferenceKind.InKmods, Pattern(text)),
        };
    }

    static Regex Pattern(string text) =>
        new(text, RegexOptions.Multiline | RegexOptions.ExplicitCapture, s_patience);
}

/// <summary>What all programs did, as it is compared.</summary>
sealed class CorpusTexts
{
    const string Nothing = "(none)";

    readonly Dictionary<int, Dictionary<string, string>[]> _kmods;
    readonly Dictionary<string, string>[] _ours;
    readonly Dictionary<string, int> _numbers = [];
    readonly IReadOnlyList<CorpusLine> _lines;

    public CorpusTexts(
        IReadOnlyList<CorpusLine> lines, IReadOnlyList<CorpusOutcome> ours, IReadOnlyList<CorpusOutcome> kmod30,
        IReadOnlyList<CorpusOutcome> kmod34)
    {
        (_lines, _ours) = (lines, PartsOf(ours));
        _kmods = new() { [30] = PartsOf(kmod30), [34] = PartsOf(kmod34) };
        for (var i = 0; i < lines.Count; i++)
            _numbers.TryAdd($"{lines[i]}", i);
    }

    public static int Other(int version) => version == 30 ? 34 : 30;

    /// <summary>The parts that either has.</summary>
    public IEnumerable<string> Parts(int version, CorpusLine line) =>
        _ours[NumberOf($"{line}")].Keys.Union(_kmods[version][NumberOf($"{line}")].Keys);

    public string Ours(int version, CorpusLine line, string part) => Shown(part, version, _ours[NumberOf($"{line}")]);

    public string Of(int version, CorpusLine line, string part) => Of(version, $"{line}", line, part);

    /// <summary>What kmod does on another line, with the paths of this one.</summary>
    public string Of(int version, string other, CorpusLine line, string part)
    {
        var (number, here) = (NumberOf(other), NumberOf($"{line}"));
        return Shown(part, version, _kmods[version][number])
            .Replace($"/own/{number}/", $"/own/{here}/", StringComparison.Ordinal)
            .Replace($"/roots/{_lines[number].Root}/", $"/roots/{line.Root}/", StringComparison.Ordinal);
    }

    int NumberOf(string line)
    {
        Assert.True(_numbers.TryGetValue(line, out var number), $"no line '{line}'");
        return number;
    }

    /// <summary>A part as compared: an index as its entries where kmod 30 has another order of nodes.</summary>
    static string Shown(string part, int version, Dictionary<string, string> parts)
    {
        if (!parts.TryGetValue(part, out var text))
            return Nothing;
        if (version != 30 || !part.EndsWith(".bin", StringComparison.Ordinal))
            return text;
        try
        {
            return $"{text.Length} bytes\n{IndexDump.Of(Encoding.Latin1.GetBytes(text))}";
        }
        catch (IndexOutOfRangeException)
        {
            return text; // written by kmod 30 with keys that its index cannot hold
        }
    }

    static Dictionary<string, string>[] PartsOf(IReadOnlyList<CorpusOutcome> outcomes) =>
        [.. outcomes.Select(outcome => outcome.Parts.ToDictionary())];
}
