using System.Text.RegularExpressions;

namespace Drover.Tests.House;

/// <summary>Rules of style that no analyzer checks, for every C# file of the repository.</summary>
public partial class TidyTests
{
    const int MaxColumns = 120, MaxLines = 600;

    static readonly string[] s_files = new[] { "src", "lab", "tests", "bench" }
        .Select(folder => Path.Combine(Repository.Root, folder))
        .SelectMany(folder => Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories))
        .Where(path => !BuildOutput.IsMatch(path)).ToArray();

    [Fact]
    public void No_line_is_longer_than_120_columns() =>
        Assert.Empty(s_files.SelectMany(path => Matches(path, line => line.Length > MaxColumns)));

    [Fact]
    public void No_file_is_longer_than_600_lines() =>
        Assert.DoesNotContain(s_files, path => File.ReadLines(path).Count() > MaxLines);

    /// <summary>The compiler asks for braces around several lines; these are braces around one.</summary>
    [Fact]
    public void A_body_of_one_line_has_no_braces() =>
        Assert.Empty(s_files.SelectMany(path => BracedLine.Matches(File.ReadAllText(path))
            .Select(match => $"{Place(path)}: {match.Groups["head"].Value.Trim()}")));

    /// <summary>Words that a reader would have to learn first; CONTRIBUTING.md names the plain ones.</summary>
    [Fact]
    public void Comments_and_messages_are_plain_English() =>
        Assert.Empty(s_files.Where(path => !path.EndsWith("TidyTests.cs", StringComparison.Ordinal))
            .SelectMany(path => Matches(path, line => BannedWords.IsMatch(line))));

    static IEnumerable<string> Matches(string path, Func<string, bool> isWrong) =>
        File.ReadLines(path).Index().Where(line => isWrong(line.Item))
            .Select(line => $"{Place(path)}:{line.Index + 1}: {line.Item.Trim()}");

    static string Place(string path) => Path.GetRelativePath(Repository.Root, path);

    [GeneratedRegex("/(obj|bin|\\.cache)/", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    static partial Regex BuildOutput { get; }

    [GeneratedRegex(
        @"^(?<indent> *)(?<head>(if|while|for|foreach|using|lock|fixed) \(.*\))\n\k<indent>\{\n"
        + @"\k<indent>    (?!if |for |foreach |while |using |switch |try|lock )[^\n]*;\n"
        + @"\k<indent>\}\n(?!\k<indent>else)",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    static partial Regex BracedLine { get; }

    [GeneratedRegex(
        @"//.*\b(whoever|whence|nobody|somebody|anew|of whom|(told|tells|tell|heard|hears) of|cannot be had)\b"
        + @"|//.*\b[Ww]ho (asks|waits|leaves|comes|has|is|was|needs)\b|//.*, too\.|//.*\bbeside it\b",
        RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    static partial Regex BannedWords { get; }
}
