using System.Text;

namespace Drover.Modules.Config;

/// <summary>Parses modprobe.d, modules.softdep and modules.weakdep (kmod: <c>kmod_config_parse</c>).</summary>
static class ConfigParser
{
    const string Blanks = "\t "; // separators of words
    const string Spaces = " \t\n\v\f\r"; // separators in a dependency list: isspace(3)

    public static void Parse(ReadOnlySpan<byte> text, string file, ConfigRules to)
    {
        var lines = new ConfigLines(text);
        while (lines.MoveNext())
        {
            to.LastLine = lines.LastNumber;
            // a comment begins with # in the first column
            if (!lines.Current.IsEmpty && lines.Current[0] != '#')
                ParseLine(Encoding.UTF8.GetString(lines.Current), new ConfigSource(file, lines.Number), to);
        }
    }

    static void ParseLine(ReadOnlySpan<char> line, ConfigSource source, ConfigRules to)
    {
        var rest = line;
        var command = Word(ref rest, Blanks).ToString();
        if (command.Length == 0)
            return;
        var name = Name(Word(ref rest, Blanks));
        switch (command)
        {
            case "alias":
                if (name is not null && Name(Word(ref rest, Blanks)) is { } module)
                    to.Aliases.Add(new AliasRule(name, module, source));
                else
                    to.Bad(source, command, "\"alias\" needs a pattern and a module, with no unmatched bracket");
                break;
            case "blacklist":
                if (name is not null)
                    to.Blacklist.Add(new BlacklistRule(name, source));
                else
                    to.Bad(source, command, "\"blacklist\" needs a module, with no unmatched bracket");
                break;
            case "options" or "install" or "remove" or "softdep" or "weakdep":
                if (name is not null && !rest.IsEmpty)
                    AddRule(command, name, rest.ToString(), source, to);
                else
                    to.Bad(source, command, $"\"{command}\" needs a module, with no unmatched bracket, and a value");
                break;
            case "include" or "config":
                to.Bad(source, command, $"\"{command}\" is obsolete; put the file into a modprobe.d directory");
                break;
            default:
                to.Bad(source, command, $"\"{command}\" is not a command of modprobe.d");
                break;
        }
    }

    static void AddRule(string command, string name, string rest, ConfigSource source, ConfigRules to)
    {
        switch (command)
        {
            case "options":
                to.Options.Add(new OptionsRule(name, rest.Replace('\t', ' '), source));
                break;
            case "install":
                to.InstallCommands.Add(new CommandRule(name, rest, source));
                break;
            case "remove":
                to.RemoveCommands.Add(new CommandRule(name, rest, source));
                break;
            case "softdep":
                to.SoftDependencies.Add(SoftDependency(name, rest, source));
                break;
            default:
                to.WeakDependencies.Add(new WeakDependencyRule(name, Words(rest), source));
                break;
        }
    }

    /// <summary>Ignores words before the first <c>pre:</c> or <c>post:</c>, as kmod does.</summary>
    static SoftDependencyRule SoftDependency(string name, string rest, ConfigSource source)
    {
        List<string> pre = [], post = [];
        List<string>? current = null;
        foreach (var word in Words(rest))
        {
            if (word == "pre:")
                current = pre;
            else if (word == "post:")
                current = post;
            else
                current?.Add(word);
        }
        return new SoftDependencyRule(name, pre, post, source);
    }

    static string[] Words(string rest) => rest.Split(Spaces.ToCharArray(), StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Takes the next word and one separator after it; the rest keeps further blanks (strtok_r(3)).</summary>
    static ReadOnlySpan<char> Word(ref ReadOnlySpan<char> rest, string separators)
    {
        rest = rest.TrimStart(separators);
        var end = rest.IndexOfAny(separators);
        var word = end < 0 ? rest : rest[..end];
        rest = end < 0 ? default : rest[(end + 1)..];
        return word;
    }

    /// <summary>Normalised as an alias (kmod: <c>underscores</c>); null if missing or a bracket is unmatched.</summary>
    static string? Name(ReadOnlySpan<char> word) =>
        !word.IsEmpty && ModuleName.TryNormalizeAlias(word.ToString(), out var name) ? name : null;
}

/// <summary>Logical lines (kmod: <c>freadline_wrapped</c>): <c>\</c> joins lines, a NUL ends a line's text.</summary>
ref struct ConfigLines
{
    readonly ReadOnlySpan<byte> _text;
    int _next, _nextNumber;

    public ConfigLines(ReadOnlySpan<byte> text)
    {
        _text = text;
        _nextNumber = 1;
    }

    public ReadOnlySpan<byte> Current { get; private set; }
    public int Number { get; private set; } // number of its first line, from 1

    /// <summary>Number of its last line.</summary>
    public readonly int LastNumber => _nextNumber - 1;

    public bool MoveNext()
    {
        if (_next >= _text.Length)
            return false;
        Number = _nextNumber++;
        var rest = _text[_next..];
        var end = rest.IndexOfAny((byte)'\n', (byte)'\\');
        if (end >= 0 && rest[end] == '\\')
        {
            Join(rest);
            return true;
        }
        Current = UpToNul(end < 0 ? rest : rest[..end]);
        _next += end < 0 ? rest.Length : end + 1;
        return true;
    }

    void Join(ReadOnlySpan<byte> rest)
    {
        var line = new List<byte>();
        var i = 0;
        for (; i < rest.Length && rest[i] != '\n'; i++)
        {
            if (rest[i] == '\\')
            {
                if (++i == rest.Length)
                    break;
                if (rest[i] == '\n')
                {
                    _nextNumber++;
                    continue;
                }
            }
            line.Add(rest[i]);
        }
        _next += i + 1;
        Current = UpToNul(line.ToArray());
    }

    static ReadOnlySpan<byte> UpToNul(ReadOnlySpan<byte> line)
    {
        var nul = line.IndexOf((byte)0);
        return nul < 0 ? line : line[..nul];
    }
}
