using System.Text.RegularExpressions;

namespace Drover.Tests.Corpus;

/// <summary>A line of differences.txt.</summary>
/// <param name="Versions">The versions of kmod that Drover differs from.</param>
/// <param name="Parts">Of the outcome: out, err, exit, or a file's name.</param>
/// <param name="Lines">Matches the root and the command line.</param>
/// <param name="Text">Matches kmod's text, and what of it is replaced is no difference; null accepts any.</param>
/// <param name="Replacement">What Drover has in its place.</param>
/// <param name="Reason">A row of docs/kmod.md or docs/depmod.md.</param>
sealed record AcceptedDifference(
    int[] Versions, Regex Parts, Regex Lines, Regex? Text, string Replacement, string Reason)
{
    /// <summary>Whether it was met, or need not occur on every machine.</summary>
    public bool IsUsed { get; set; }
}

/// <summary>The differences from kmod that are meant.</summary>
sealed class CorpusDifferences
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    CorpusDifferences(IReadOnlyList<AcceptedDifference> all) => All = all;

    public IReadOnlyList<AcceptedDifference> All { get; }

    /// <summary>Reads <c>VERSIONS ¦ PARTS ¦ LINES ¦ TEXT ¦ REPLACEMENT ¦ REASON</c>, with <c>#</c> for
    /// comments. After VERSIONS, <c>?</c> is a difference that some machines do not have.</summary>
    public static CorpusDifferences Load(string file) => new(
    [
        .. File.ReadLines(file).Where(line => line.Length > 0 && line[0] != '#').Select(line =>
        {
            var fields = line.Split('\u00a6', StringSplitOptions.TrimEntries);
            Assert.True(fields.Length == 6, $"{file}: not six fields: {line}");
            return new AcceptedDifference(
                [.. fields[0].Trim('?').Split(' ').Select(int.Parse)], Pattern($"^({fields[1]})$"), Pattern(fields[2]),
                fields[3].Length == 0 ? null : Pattern(fields[3]), Regex.Unescape(fields[4]), fields[5])
            {
                IsUsed = fields[0].EndsWith('?'),
            };
        }),
    ]);

    /// <summary>Whether the text of a part is that of kmod, but for accepted differences.</summary>
    public bool Accepts(int version, CorpusLine line, string part, string kmods, string ours)
    {
        if (kmods == ours)
            return true;
        foreach (var known in All)
        {
            if (!known.Versions.Contains(version) || !known.Parts.IsMatch(part) || !known.Lines.IsMatch($"{line}"))
                continue;
            if (known.Text is null)
            {
                known.IsUsed = true;
                return true;
            }
            var replaced = known.Text.Replace(kmods, known.Replacement);
            known.IsUsed |= replaced != kmods;
            kmods = replaced;
            if (kmods == ours)
                return true;
        }
        return false;
    }

    static Regex Pattern(string text) =>
        new(text, RegexOptions.Multiline | RegexOptions.ExplicitCapture, s_patience);
}
