namespace Drover.Modules.Config;

/// <summary>
/// Parses module parameters on the kernel command line, <c>module.param[=value]</c>, and <c>modprobe.blacklist=a,b</c>
/// (kmod: <c>kmod_config_parse_kcmdline</c>). A word with a dot in the parameter name is ignored. Quotes are allowed in
/// the value, or around the whole word, as boot loaders write it; the latter are moved around the value.
/// </summary>
ref struct KernelCommandLine
{
    const string Name = "kernel command line";

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
        var source = new ConfigSource(Name, 0);
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
            _to.Warn(source, $"\"{module}\" has an unmatched bracket");
        }
    }

    static bool IsSpace(char c) => c is ' ' or '\n' or '\t' or '\v' or '\f' or '\r';
}
