using System.Text;

namespace Drover.Modules.Tests;

/// <summary>Makes modaliases that match the patterns of modules.</summary>
static class AliasText
{
    const string Fill = "0123456789ABCDEFabcxyz";

    /// <summary>Every pattern of a modules.alias file.</summary>
    public static string[] PatternsOf(string modulesAlias) =>
        File.ReadLines(modulesAlias).Where(l => l.StartsWith("alias ", StringComparison.Ordinal))
            .Select(l => l[6..l.LastIndexOf(' ')]).ToArray();

    /// <summary>Replaces <c>*</c> by at most <paramref name="maxFill"/> characters, <c>?</c> by one, <c>[…]</c>
    /// by a member.</summary>
    public static string Concrete(string pattern, Random random, int maxFill)
    {
        StringBuilder text = new();
        for (var i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '*':
                    for (var left = random.Next(maxFill + 1); left > 0; left--)
                        text.Append(Fill[random.Next(Fill.Length)]);
                    break;
                case '?':
                    text.Append(Fill[random.Next(Fill.Length)]);
                    break;
                case '[':
                    var close = pattern.IndexOf(']', i + 1);
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

    /// <summary>The part up to the colon.</summary>
    public static string Family(string alias) =>
        alias.IndexOf(':', StringComparison.Ordinal) is int colon and > 0 ? alias[..(colon + 1)] : "(names)";

    static char Member(string body, Random random)
    {
        List<char> members = [];
        for (var i = 0; i < body.Length; i++)
        {
            if (i + 2 < body.Length && body[i + 1] == '-')
            {
                for (var c = body[i]; c <= body[i + 2]; c++) members.Add(c);
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
