namespace Drover.Kmod;

/// <summary>Whether a long option takes a value.</summary>
enum OptionValue { None, Required, Optional }

/// <summary>A long option and the letter it stands for; options without a letter of their own have a code beyond the letters.</summary>
/// <param name="IsOurs">kmod has none such: it is taken by its whole name only, so that every abbreviation and complaint is kmod's.</param>
readonly record struct LongOption(string Name, OptionValue Value, int Code, bool IsOurs = false);

/// <summary>
/// A command line read as glibc's getopt_long(3) reads it: bundled letters, abbreviated long options, options after operands, <c>--</c>; its complaints, too,
/// word for word, for scripts see them. One owner.
/// </summary>
sealed class GetOpt
{
    /// <summary>No more options.</summary>
    public const int End = -1;

    /// <summary>Something that is no option, or lacks its value; it has been complained of.</summary>
    public const int Bad = '?';

    readonly string _program;
    readonly string[] _args;
    readonly string _letters;
    readonly IReadOnlyList<LongOption> _longs;
    readonly TextWriter _complaints;
    readonly List<string> _operands = [];
    int _next;
    int _bundle; // place of the next letter in the current argument; 0: none begun

    /// <param name="program">As complaints name it.</param>
    /// <param name="args">Without the program's own name.</param>
    /// <param name="letters">As optstring in getopt(3): a colon behind a letter that takes a value; with a plus at its beginning, options end at the first operand.</param>
    /// <param name="longs">In the order in which a complaint of an ambiguous one lists them.</param>
    /// <param name="complaints">Standard error.</param>
    public GetOpt(string program, IEnumerable<string> args, string letters, IReadOnlyList<LongOption> longs, TextWriter complaints) =>
        (_program, _args, _letters, _longs, _complaints) = (program, [.. args], letters, longs, complaints);

    /// <summary>The value of the option that <see cref="Next"/> returned, or null.</summary>
    public string? Value { get; private set; }

    /// <summary>What is no option; whole after <see cref="Next"/> returned <see cref="End"/>.</summary>
    public IReadOnlyList<string> Operands => _operands;

    /// <summary>The next option's letter or code, <see cref="Bad"/>, or <see cref="End"/>.</summary>
    public int Next()
    {
        Value = null;
        if (_bundle > 0)
            return NextLetter();
        // GNU's order: operands may stand between options
        while (_next < _args.Length && (_args[_next].Length < 2 || _args[_next][0] != '-'))
        {
            if (!_letters.StartsWith('+'))
            {
                _operands.Add(_args[_next++]);
                continue;
            }
            _operands.AddRange(_args[_next..]);
            _next = _args.Length;
        }
        if (_next == _args.Length)
            return End;
        if (_args[_next] == "--")
        {
            _operands.AddRange(_args[(_next + 1)..]);
            _next = _args.Length;
            return End;
        }
        if (_args[_next].StartsWith("--", StringComparison.Ordinal))
            return NextLong();
        _bundle = 1;
        return NextLetter();
    }

    int NextLetter()
    {
        var arg = _args[_next];
        var letter = arg[_bundle++];
        var isLast = _bundle == arg.Length;
        if (isLast)
            (_next, _bundle) = (_next + 1, 0);
        var at = letter is ':' or ';' or '+' ? -1 : _letters.IndexOf(letter, StringComparison.Ordinal);
        if (at < 0)
            return Complain($"invalid option -- '{letter}'");
        if (at + 1 == _letters.Length || _letters[at + 1] != ':')
            return letter;
        if (!isLast)
        {
            Value = arg[_bundle..];
            (_next, _bundle) = (_next + 1, 0);
            return letter;
        }
        if (_next == _args.Length)
            return Complain($"option requires an argument -- '{letter}'");
        Value = _args[_next++];
        return letter;
    }

    int NextLong()
    {
        var arg = _args[_next++];
        var equals = arg.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? arg[2..] : arg[2..equals];
        if (!TryFind(name, out var option, out var ambiguous))
        {
            return Complain(ambiguous is null
                ? $"unrecognized option '{arg}'"
                : $"option '{arg}' is ambiguous; possibilities: {string.Join(' ', ambiguous.Select(possible => $"'--{possible}'"))}");
        }
        if (equals >= 0)
        {
            if (option.Value is OptionValue.None)
                return Complain($"option '--{option.Name}' doesn't allow an argument");
            Value = arg[(equals + 1)..];
        }
        else if (option.Value is OptionValue.Required)
        {
            if (_next == _args.Length)
                return Complain($"option '--{option.Name}' requires an argument");
            Value = _args[_next++];
        }
        return option.Code;
    }

    /// <summary>An exact name, or the beginning of options that all mean the same.</summary>
    bool TryFind(string name, out LongOption found, out List<string>? ambiguous)
    {
        ambiguous = null;
        var begun = new List<LongOption>();
        foreach (var option in _longs)
        {
            if (option.Name == name)
            {
                found = option;
                return true;
            }
            if (!option.IsOurs && option.Name.StartsWith(name, StringComparison.Ordinal))
                begun.Add(option);
        }
        found = begun.Count > 0 ? begun[0] : default;
        if (begun.TrueForAll(option => (option.Code, option.Value) == (begun[0].Code, begun[0].Value)))
            return begun.Count > 0;
        ambiguous = begun.ConvertAll(option => option.Name);
        return false;
    }

    int Complain(string what)
    {
        _complaints.WriteLine($"{_program}: {what}");
        return Bad;
    }
}
