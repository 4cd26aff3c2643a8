using System.Text;
using CsCheck;
using Drover.Modules.Patterns;

namespace Drover.Modules.Tests.Patterns;

public class FnmatchTests
{
    // whole brackets and parts of brackets; few letters, so that texts match
    static readonly string[] s_pieces =
    [
        "a", "a", "b", "-", "/", ".", "*", "*", "?", "?", "[ab]", "[!a]", "[^b]", "[a-c]", "[]a]", "[!]b]", "[a-]",
        "[-a]", "[b\\]]", "[\\a-\\c]",
        "[[:alpha:]]", "[![:digit:]-]", "[[:alnum:]-]", "[[:xdigit:][:punct:]]", "[[:upper:]]", "[[:space:]a]",
        "[[=a=]b]", "[[.-.]b]", "[c-a]", "[a-c-e]",
        "[[:foo:]a]", "[[:a]", "[[a]", "\\a", "\\*", "\\[", "\\\\", "]", "[", "[!", "\\", "c",
    ];

    static readonly Gen<string> s_piece = Gen.Int[0, s_pieces.Length - 1].Select(i => s_pieces[i]);

    static readonly Gen<string> s_pattern = s_piece.Array[0, 8].Select(pieces => string.Concat(pieces));

    static readonly Gen<string> s_text = Gen.Char["aabbc-/.*?[]!\\A0 :"].Array[0, 10]
        .Select(chars => new string(chars));

    [Fact]
    public void Matches_agrees_with_the_C_library() => Gen.Select(s_pattern, s_text).Sample((pattern, text) =>
        IsUnsupported(pattern) || Fnmatch.Matches(pattern, text) == LibcFnmatch.Matches(
            Encoding.UTF8.GetBytes(pattern), Encoding.UTF8.GetBytes(text)), iter: 50_000);

    [Fact]
    public void Non_ASCII_text_is_matched_bytewise()
    {
        Assert.True(Fnmatch.Matches("?" + "?", "é"));
        Assert.False(Fnmatch.Matches("?", "é"));
        Assert.True(Fnmatch.Matches("[!a][!a]", "é"));
    }

    [Fact]
    public void Many_stars_need_no_more_than_quadratic_time() =>
        Assert.False(Fnmatch.Matches(string.Concat(Enumerable.Repeat("a*", 2000)) + "b", new string('a', 4000)));

    [Fact]
    public void Text_of_any_length_is_matched()
    {
        foreach (var length in new[] { 0, 1, 62, 63, 64, 65, 127, 128, 129, 1000 })
        {
            string text = new('x', length);
            Assert.True(Fnmatch.Matches("*", text));
            Assert.True(Fnmatch.Matches(new string('?', length), text));
            Assert.False(Fnmatch.Matches(new string('?', length + 1), text));
            Assert.Equal(length > 0, Fnmatch.Matches("*x", text));
            Assert.Equal(length > 0, Fnmatch.Matches("*[w-y]*", text));
        }
    }

    /// <summary>Malformed brackets that glibc treats inconsistently: an unknown class, and an unclosed <c>[.</c>; no
    /// alias has them.</summary>
    static bool IsUnsupported(string pattern) =>
        pattern.Contains("[[:foo:]", StringComparison.Ordinal)
            || pattern.Replace("[.-.]", "", StringComparison.Ordinal).Contains("[.", StringComparison.Ordinal);
}
