using System.Text;

namespace Drover.Modules.Tests.Kmod;

/// <summary>Makes modaliases of the patterns that modules have, so that the pattern matches.</summary>
internal static class AliasText
{
    private const string Fill = "0123456789ABCDEFabcxyz";

    /// <summary>Every pattern of a modules.alias file.</summary>
    public static string[] PatternsOf(string modulesAlias) =>
        File.ReadLines(modulesAlias).Where(l => l.StartsWith("alias ", StringComparison.Ordinal)).Select(l => l[6..l.LastIndexOf(' ')]).ToArray();

    /// <summary>A text for <c>*</c> of at most <paramref name="mostFill"/> characters, one for <c>?</c>, a member for <c>[…]</c>.</summary>
    public static string Concrete(string pattern, Random random, int mostFill)
    {
        StringBuilder text = new();
        for (int i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '*':
                    for (int left = random.Next(mostFill + 1); left > 0; left--) text.Append(Fill[random.Next(Fill.Length)]);
                    break;
                case '?':
                    text.Append(Fill[random.Next(Fill.Length)]);
                    break;
                case '[':
                    int close = pattern.IndexOf(']', i + 1);
                    text.Append(Member(pattern[(i + 1)..close], random));
                    i = close;
                    break;
                case '\\' when i + 1 < pattern.Length:
                    text.Append(pattern[++i]);
                    break;
                default:
                    text.Append(pattern[i]);
                    break;
            }
        }
        return text.ToString();
    }

    /// <summary>What stands before the colon, or all of it.</summary>
    public static string Family(string alias) => alias.IndexOf(':', StringComparison.Ordinal) is int colon and > 0 ? alias[..(colon + 1)] : "(names)";

    private static char Member(string body, Random random)
    {
        List<char> members = [];
        for (int i = 0; i < body.Length; i++)
        {
            if (i + 2 < body.Length && body[i + 1] == '-')
            {
                for (char c = body[i]; c <= body[i + 2]; c++) members.Add(c);
                i += 2;
            }
            else
            {
                members.Add(body[i]);
            }
        }
        return members[random.Next(members.Count)];
    }
}
