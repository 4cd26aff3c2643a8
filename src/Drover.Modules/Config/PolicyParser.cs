using System.Globalization;
using System.Text;
using Drover.Text;

namespace Drover.Modules.Config;

/// <summary>Parses policy files (docs/policy.md). A line without meaning is a problem; the others count.</summary>
sealed class PolicyParser
{
    const string Blanks = " \t\r\v\f";

    /// <summary>The last word of a line whose quotation does not end.</summary>
    const string OpenQuotation = "\"";

    public List<PolicyLine> Lines { get; } = [];

    public List<PolicyPreference> Preferences { get; } = [];

    public List<PolicyProblem> Problems { get; } = [];

    public bool IsWarnOnly { get; set; }

    public void ParseFile(string path)
    {
        try
        {
            Parse(SystemFiles.Current.ReadRegular(path), path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            Problems.Add(new PolicyProblem(new ConfigSource(path, 0), SystemFiles.ReasonOf(problem, path)));
        }
    }

    public void Parse(ReadOnlySpan<byte> text, string file)
    {
        var mark = Encoding.UTF8.Preamble;
        var lines = new ConfigLines(text.StartsWith(mark) ? text[mark.Length..] : text);
        while (lines.MoveNext())
        {
            var source = new ConfigSource(file, lines.Number);
            var line = ByteText.Of(lines.Current).Trim(Blanks.ToCharArray());
            if (line.Length == 0 || line[0] == '#')
                continue;
            if ((lines.HasNul ? ParseCutLine(line, source) : ParseLine(line, source)) is { } why)
                Problems.Add(new PolicyProblem(source, why));
        }
    }

    string ParseCutLine(string line, ConfigSource source)
    {
        if (line.StartsWith("default", StringComparison.OrdinalIgnoreCase))
            AddDefault(["default"], null, line, source);
        return "a NUL byte";
    }

    /// <returns>What is wrong; null for a good line.</returns>
    string? ParseLine(string line, ConfigSource source)
    {
        var (words, because, text) = Split(line);
        switch (words[0])
        {
            case "forbid":
                return AddRule(PolicyEffect.Forbid, words, because, text, source);
            case "allow":
                return AddRule(PolicyEffect.Allow, words, because, text, source);
            case "warn":
                return AddRule(PolicyEffect.Warn, words, because, text, source);
            case "default":
                return AddDefault(words, because, text, source);
            case "prefer":
                if (words is not ["prefer", var preferred, "over", var over])
                    return "a line 'prefer' is 'prefer MODULE over MODULE'";
                return AddPreference(new(ModuleName.Normalize(preferred), ModuleName.Normalize(over), source));
            case "mode":
                if (words is not ["mode", "warn-only"])
                    return "a line 'mode' is 'mode warn-only'";
                IsWarnOnly = true;
                return null;
            case var word when word.Equals("default", StringComparison.OrdinalIgnoreCase):
                AddDefault(["default"], because, text, source);
                return $"'{word}' is not 'default'; this line counts as 'default forbid'";
            default:
                return $"'{words[0]}' is not a word of the policy: forbid, allow, warn, default, prefer, mode";
        }
    }

    /// <summary>Preferences in a circle would leave out all their modules.</summary>
    string? AddPreference(PolicyPreference added)
    {
        if (added.Preferred == added.Over)
            return $"'{added.Over}' cannot be preferred over itself";
        HashSet<string> after = [added.Over];
        for (var count = 0; count < after.Count;)
        {
            count = after.Count;
            after.UnionWith(Preferences.FindAll(line => after.Contains(line.Preferred)).ConvertAll(line => line.Over));
        }
        if (after.Contains(added.Preferred))
            return $"lines before prefer '{added.Over}' over '{added.Preferred}'; this one does not count";
        Preferences.Add(added);
        return null;
    }

    /// <summary>A default that cannot be read forbids: allowing is what no line does.</summary>
    string? AddDefault(string[] words, string? because, string text, ConfigSource source)
    {
        var whenBooted = words is [.., "when", "booted"];
        var line = new PolicyLine(PolicyEffect.Forbid, text, source)
        {
            IsDefault = true,
            WhenBooted = whenBooted,
            Because = because,
        };
        string? why = null;
        switch (whenBooted ? words[..^2] : words)
        {
            case ["default", "allow"]:
                line = line with { Effect = PolicyEffect.Allow };
                break;
            case ["default", "forbid"]:
                break;
            case ["default", "forbid", var client]
                when client.StartsWith("client:", StringComparison.Ordinal) && TryAdd(ref line, client) is null:
                break;
            default:
                why = "a line 'default' is 'default allow', 'default forbid' or 'default forbid client:…'; this one "
                    + "counts as 'default forbid'";
                break;
        }
        Lines.Add(line);
        return why;
    }

    string? AddRule(PolicyEffect effect, string[] words, string? because, string text, ConfigSource source)
    {
        var rule = new PolicyLine(effect, text, source) { Because = because };
        if (words is [.., "when", "booted"])
        {
            rule = rule with { WhenBooted = true };
            words = words[..^2];
        }
        if (words.Length == 1)
            return $"'{words[0]}' needs a pattern: a module or modalias, path:, signer:, unsigned or client:";
        var names = new List<string>();
        foreach (var word in words.AsSpan(1))
        {
            if (TryAdd(ref rule, word) is { } why)
                return why;
            if (rule.Name is { } name)
                names.Add(name);
            rule = rule with { Name = null };
        }
        if (rule is { IsUnsigned: true, Signer: not null })
            return "an unsigned module has no signer";
        foreach (var name in names.DefaultIfEmpty(null))
            Lines.Add(rule with { Name = name });
        return null;
    }

    static string? TryAdd(ref PolicyLine rule, string word)
    {
        const string Path = "path:", Signer = "signer:", UserId = "client:uid:", Cgroup = "client:cgroup:";
        var before = rule;
        if (word == "unsigned")
        {
            rule = rule with { IsUnsigned = true };
        }
        else if (After(word, Path) is { } path)
        {
            rule = rule with { Path = ModulePolicy.WithoutUsr(path) };
        }
        else if (After(word, Signer) is { } signer)
        {
            rule = rule with { Signer = signer };
        }
        else if (After(word, Cgroup) is { } cgroup)
        {
            rule = rule with { Cgroup = cgroup };
        }
        else if (After(word, UserId) is { } user)
        {
            if (!uint.TryParse(user, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                return $"'{word}' has no user number";
            rule = rule with { UserId = number };
        }
        else if (word.StartsWith("client:", StringComparison.Ordinal))
        {
            return $"'{word}' is neither client:uid:NUMBER nor client:cgroup:PATTERN";
        }
        else if (word == OpenQuotation)
        {
            return "a quotation has no end";
        }
        else if (word is "" or Path or Signer)
        {
            return $"'{word}' has no pattern";
        }
        else if (word is "when" or "booted" or "because" || !ModuleName.TryNormalizeAlias(word, out var name))
        {
            return word is "when" or "booted"
                ? "a scope is 'when booted', before 'because'"
                : $"'{word}' has an unmatched bracket";
        }
        else
        {
            rule = rule with { Name = name };
        }
        return IsSecond(before, rule)
            ? $"'{word}': a line has one path:, signer: and client: of a kind; write a line for each"
            : null;
    }

    /// <summary>The word has replaced another one of its kind.</summary>
    static bool IsSecond(PolicyLine before, PolicyLine now) =>
        before == now || (before.Path is not null && before.Path != now.Path)
        || (before.Signer is not null && before.Signer != now.Signer)
        || (before.UserId is not null && before.UserId != now.UserId)
        || (before.Cgroup is not null && before.Cgroup != now.Cgroup);

    static string? After(string word, string prefix) =>
        word.Length > prefix.Length && word.StartsWith(prefix, StringComparison.Ordinal) ? word[prefix.Length..] : null;

    /// <summary>The words before <c>because</c> or a comment, the text after <c>because</c>, and the line without it. A
    /// quoted word has blanks.</summary>
    static (string[] Words, string? Because, string Text) Split(string line)
    {
        var words = new List<string>();
        var at = 0;
        while (at < line.Length)
        {
            var start = at;
            if (line[at] == '#')
                return ([.. words], null, line[..start].TrimEnd(Blanks.ToCharArray()));
            var word = new StringBuilder();
            var isQuoted = false;
            for (; at < line.Length && (isQuoted || !Blanks.Contains(line[at])); at++)
            {
                if (line[at] == '"')
                    isQuoted = !isQuoted;
                else
                    word.Append(line[at]);
            }
            if (words.Count > 0 && word.Length == "because".Length && word.ToString() == "because")
            {
                var reason = line[at..].Trim(Blanks.ToCharArray());
                return ([.. words], reason.Length > 0 ? reason : null, line[..start].TrimEnd(Blanks.ToCharArray()));
            }
            words.Add(word.ToString());
            if (isQuoted)
                words.Add(OpenQuotation);
            while (at < line.Length && Blanks.Contains(line[at]))
                at++;
        }
        return ([.. words], null, line);
    }
}
