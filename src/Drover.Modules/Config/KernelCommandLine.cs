namespace Drover.Modules.Config;

/// <summary>
/// Module parameters on the kernel's command line, <c>module.param[=value]</c>, and <c>modprobe.blacklist=a,b</c>
/// (kmod: <c>kmod_config_parse_kcmdline</c>). A dot in the parameter's name voids the word; quotes may stand in the value, or
/// around the whole word, as boot loaders write it, and then end up around the value.
/// </summary>
internal ref struct KernelCommandLine
{
    private const string Name = "kernel command line";

    private readonly ReadOnlySpan<char> _text;
    private readonly ConfigRules _to;
    private int _at;
    private bool _quoted;

    public KernelCommandLine(string text, ConfigRules to)
    {
        // the kernel's text has no NUL; whatever comes behind one is not it
        int nul = text.IndexOf('\0');
        _text = nul < 0 ? text : text.AsSpan(0, nul);
        _to = to;
    }

    public void Parse()
    {
        while (_at < _text.Length)
        {
            if (!TryReadWord()) SkipWord();
        }
    }

    /// <summary>Reads one word; false where it is none of ours, with the position somewhere in it.</summary>
    private bool TryReadWord()
    {
        bool whole = _text[_at] == '"';
        if (whole)
        {
            _quoted = true;
            _at++;
        }
        int nameStart = _at;
        if (!SkipTo('.')) return false;
        ReadOnlySpan<char> module = _text[nameStart.._at];
        int parameterStart = ++_at;
        bool hasValue = SkipTo('=');
        ReadOnlySpan<char> parameter = _text[parameterStart.._at];
        if (!hasValue)
        {
            bool ends = !_quoted && (_at == _text.Length || IsSpace(_text[_at]));
            if (!ends) return false;
            Take(module, parameter, null);
            return true;
        }
        int valueStart = ++_at;
        for (; _at < _text.Length && (_quoted || !IsSpace(_text[_at])); _at++)
        {
            if (_text[_at] == '"') _quoted = !_quoted;
        }
        if (_quoted) return true;
        ReadOnlySpan<char> value = _text[valueStart.._at];
        Take(module, parameter, whole ? $"\"{value}" : value.ToString());
        return true;
    }

    /// <summary>Moves to a separator; false, at what stops it, when a name ends otherwise.</summary>
    private bool SkipTo(char separator)
    {
        for (; _at < _text.Length; _at++)
        {
            char c = _text[_at];
            if (c == separator) return true;
            if (c is '"' or '.' or '=' || IsSpace(c)) return false;
        }
        return false;
    }

    private void SkipWord()
    {
        for (; _at < _text.Length; _at++)
        {
            if (_text[_at] == '"') _quoted = !_quoted;
            else if (!_quoted && IsSpace(_text[_at]))
            {
                _at++;
                return;
            }
        }
    }

    private readonly void Take(ReadOnlySpan<char> module, ReadOnlySpan<char> parameter, string? value)
    {
        ConfigSource source = new(Name, 0);
        if (value is not null && module.SequenceEqual("modprobe") && parameter.SequenceEqual("blacklist"))
        {
            foreach (string name in value.Trim('"').Split(',', StringSplitOptions.RemoveEmptyEntries))
            {
                // kmod 30 leaves the dashes here, and such an entry then matches nothing
                if (ModuleName.TryNormalizeAlias(name, out string? normalized)) _to.Blacklist.Add(new BlacklistRule(normalized, source));
                else _to.Warn(source, $"\"{name}\" has an unmatched bracket");
            }
        }
        else if (ModuleName.TryNormalizeAlias(module.ToString(), out string? normalized))
        {
            _to.Options.Add(new OptionsRule(normalized, value is null ? parameter.ToString() : $"{parameter}={value}", source));
        }
        else
        {
            _to.Warn(source, $"\"{module}\" has an unmatched bracket");
        }
    }

    private static bool IsSpace(char c) => c is ' ' or '\n' or '\t' or '\v' or '\f' or '\r';
}
