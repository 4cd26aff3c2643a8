using Drover.Text;

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
                ParseLine(ByteText.Of(lines.Current), new ConfigSource(file, lines.Number), to);
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

    public ReadOnlySpan<byte> Current { get; private set; } // up to a NUL
    public bool HasNul { get; private set; }
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

    ReadOnlySpan<byte> UpToNul(ReadOnlySpan<byte> line)
    {
        var nul = line.IndexOf((byte)0);
        HasNul = nul >= 0;
        return nul < 0 ? line : line[..nul];
    }
}

/// <summary>Parses module parameters on the kernel command line, <c>module.param[=value]</c>, and
/// <c>modprobe.blacklist=a,b</c> (kmod: <c>kmod_config_parse_kcmdline</c>). A word with a dot in the parameter name is
/// ignored. Quotes are allowed in the value, or around the whole word, as boot loaders write it; the latter are moved
/// around the value.</summary>
ref struct KernelCommandLine
{
    readonly ReadOnlySpan<char> _text;
    readonly ConfigRules _to;
    int _at;
    bool _quoted;

    public KernelCommandLine(string text, ConfigRules to)
    {
        // the kernel's text ends at a NUL
        var nul = text.IndexOf('\0');
        _text = nul < 0 ? text : text.AsSpan(0, nul);
        _to = to;
    }

    public void Parse()
    {
        while (_at < _text.Length)
        {
            if (!TryReadWord())
                SkipWord();
        }
    }

    /// <summary>Reads a word; false, with the position inside it, if it is not a module parameter.</summary>
    bool TryReadWord()
    {
        var whole = _text[_at] == '"';
        if (whole)
        {
            _quoted = true;
            _at++;
        }
        var nameStart = _at;
        if (!SkipTo('.'))
            return false;
        var module = _text[nameStart.._at];
        var parameterStart = ++_at;
        var hasValue = SkipTo('=');
        var parameter = _text[parameterStart.._at];
        if (!hasValue)
        {
            var ends = !_quoted && (_at == _text.Length || IsSpace(_text[_at]));
            if (!ends)
                return false;
            Take(module, parameter, null);
            return true;
        }
        var valueStart = ++_at;
        for (; _at < _text.Length && (_quoted || !IsSpace(_text[_at])); _at++)
        {
            if (_text[_at] == '"')
                _quoted = !_quoted;
        }
        if (_quoted)
            return true;
        var value = _text[valueStart.._at];
        Take(module, parameter, whole ? $"\"{value}" : value.ToString());
        return true;
    }

    /// <summary>Moves to a separator; false if another character or the end terminates the name.</summary>
    bool SkipTo(char separator)
    {
        for (; _at < _text.Length; _at++)
        {
            var c = _text[_at];
            if (c == separator)
                return true;
            if (c is '"' or '.' or '=' || IsSpace(c))
                return false;
        }
        return false;
    }

    void SkipWord()
    {
        for (; _at < _text.Length; _at++)
        {
            if (_text[_at] == '"')
            {
                _quoted = !_quoted;
            }
            else if (!_quoted && IsSpace(_text[_at]))
            {
                _at++;
                return;
            }
        }
    }

    readonly void Take(ReadOnlySpan<char> module, ReadOnlySpan<char> parameter, string? value)
    {
        var source = KernelParameters.Source;
        if (value is not null && module.SequenceEqual("modprobe") && parameter.SequenceEqual("blacklist"))
        {
            foreach (var name in value.Trim('"').Split(',', StringSplitOptions.RemoveEmptyEntries))
            {
                // kmod 30 keeps dashes here, and such an entry matches nothing
                if (ModuleName.TryNormalizeAlias(name, out var normalized))
                    _to.Blacklist.Add(new BlacklistRule(normalized, source));
                else
                    _to.Warn(source, $"\"{name}\" has an unmatched bracket");
            }
        }
        else if (ModuleName.TryNormalizeAlias(module.ToString(), out var normalized))
        {
            var options = value is null ? parameter.ToString() : $"{parameter}={value}";
            _to.Options.Add(new OptionsRule(normalized, options, source));
        }
        else
        {
            _to.BadOptions.Add(module.ToString());
            _to.Warn(source, $"\"{module}\" has an unmatched bracket");
        }
    }

    static bool IsSpace(char c) => c is ' ' or '\n' or '\t' or '\v' or '\f' or '\r';
}
