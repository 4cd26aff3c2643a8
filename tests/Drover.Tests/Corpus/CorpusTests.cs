using System.Text;

namespace Drover.Tests.Corpus;

/// <summary>The same command lines by Drover, kmod 30 and kmod 34.2: output, errors, exit status and files are equal
/// byte for byte, but for the differences in differences.txt.</summary>
public class CorpusTests
{
    const int MaxShown = 25, MaxText = 600;

    static string File => Path.Combine(Repository.Root, "tests/Drover.Tests/Corpus/differences.txt");

    [Fact]
    public async Task Every_line_does_what_it_does_in_kmod()
    {
        Assert.SkipUnless(System.IO.File.Exists(Repository.NativeBinary), "no native binary: ./test builds it");
        var lines = CorpusLines.All;
        Assert.True(lines.Count > 1000, $"{lines.Count} lines");
        var kmod30 = CorpusProgram.Kmod30();
        var (kmod34, why) = await CorpusProgram.Kmod34Async();
        Assert.SkipWhen(kmod34 is null, $"Debian 13's kmod cannot be unpacked here: {why}");

        var place = Directory.CreateTempSubdirectory("drover-corpus-").FullName;
        try
        {
            CorpusRoots.Make(Directory.CreateDirectory($"{place}/roots").FullName);
            CorpusProgram[] programs = [CorpusProgram.Ours, kmod30, kmod34];
            var outcomes = await Task.WhenAll(programs.Select(program => Task.Factory.StartNew(
                () => program.Run(place, lines), CancellationToken.None, TaskCreationOptions.LongRunning,
                TaskScheduler.Default)));
            Compare(lines, outcomes);
        }
        finally
        {
            Directory.Delete(place, recursive: true);
        }
    }

    /// <summary>Each accepted difference is explained where users read.</summary>
    [Fact]
    public void Every_accepted_difference_is_documented()
    {
        var told = string.Concat(new[] { "kmod.md", "depmod.md" }
            .Select(name => System.IO.File.ReadAllText(Path.Combine(Repository.Root, "docs", name))));
        Assert.All(CorpusDifferences.Load(File).All,
            known => Assert.Contains(known.Reason, told, StringComparison.Ordinal));
    }

    static void Compare(IReadOnlyList<CorpusLine> lines, IReadOnlyList<CorpusOutcome>[] outcomes)
    {
        var known = CorpusDifferences.Load(File);
        var texts = new CorpusTexts(lines, outcomes[0], outcomes[1], outcomes[2]);
        var found = new StringBuilder();
        var count = 0;
        var most = int.Parse(Environment.GetEnvironmentVariable("DROVER_CORPUS_SHOW") ?? $"{MaxShown}", null);
        foreach (var line in lines)
        {
            foreach (var version in (int[])[30, 34])
            {
                foreach (var part in texts.Parts(version, line))
                {
                    if (known.Accepts(texts, version, line, part) || count++ >= most)
                        continue;
                    var (expected, actual) = (texts.Of(version, line, part), texts.Ours(version, line, part));
                    found.AppendLine(null, $"{line}\n  {part} of kmod {version}: {Cut(expected, actual)}")
                        .AppendLine(null, $"  {part} of drover: {Cut(actual, expected)}");
                }
            }
        }
        Assert.True(count == 0, $"{count} differences in {lines.Count} lines, not in differences.txt:\n{found}");
        var unused = known.All.Where(known => !known.IsUsed).Select(known => known.Reason).ToList();
        Assert.True(unused.Count == 0, $"no longer differences: {string.Join("; ", unused)}");
    }

    /// <summary>A text from the first line on that differs.</summary>
    static string Cut(string text, string other)
    {
        var common = text.Zip(other).TakeWhile(pair => pair.First == pair.Second).Count();
        var from = text.LastIndexOf('\n', Math.Max(common - 1, 0)) + 1;
        return (text.Length <= from + MaxText ? text[from..] : text[from..(from + MaxText)] + "…")
            .Replace("\n", "\n    ", StringComparison.Ordinal);
    }
}
