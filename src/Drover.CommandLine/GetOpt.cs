namespace Drover.CommandLine;

public enum OptionValue { None, Required }

public enum OptionProblem { Unknown, Ambiguous, MissingValue, UnexpectedValue }

/// <param name="Code">The result of <see cref="GetOpt.Next"/>: a letter, or a number above the letters.</param>
/// <param name="IsExact">The name may not be abbreviated, and is not listed as a possible meaning of another.</param>
public readonly record struct LongOption(string Name, OptionValue Value, int Code, bool IsExact = false);

/// <summary>Reads a command line as glibc's getopt_long(3): bundled letters, abbreviations, any order.</summary>
public sealed class GetOpt
{
    /// <summary>No more options.</summary>
    public const int End = -1;

    /// <summary>An invalid option, which has been reported.</summary>
    public const int Bad = '?';

    readonly string[] _args;
    readonly string _letters;
    readonly IReadOnlyList<LongOption> _longs;
    readonly Action<OptionProblem, string, string> _report;
    readonly List<string> _operands = [];
    int _next;
    int _bundle; // position of the next letter in the current argument; 0 outside a bundle

    /// <param name="args">Without the program's own name.</param>
    /// <param name="letters">getopt(3)'s optstring; a leading plus ends the options at the first operand.</param>
    /// <param name="longs">In the order in which an ambiguous name lists them.</param>
    /// <param name="report">Takes a problem, the option (<c>-x</c>, <c>--name</c>) and the whole argument, or for an
    /// ambiguous name the possible ones, separated by blanks.</param>
    public GetOpt(
        IEnumerable<string> args, string letters, IReadOnlyList<LongOption> longs,
        Action<OptionProblem, string, string> report) =>
        (_args, _letters, _longs, _report) = ([.. args], letters, longs, report);

    /// <summary>The value of the option that <see cref="Next"/> returned, or null.</summary>
    public string? Value { get; private set; }

    /// <summary>The operands; complete after <see cref="Next"/> returned <see cref="End"/>.</summary>
    public IReadOnlyList<string> Operands => _operands;

    /// <summary>The next option's code, <see cref="Bad"/>, or <see cref="End"/>.</summary>
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
            return Report(OptionProblem.Unknown, $"-{letter}", arg);
        if (at + 1 == _letters.Length || _letters[at + 1] != ':')
            return letter;
        if (!isLast)
        {
            Value = arg[_bundle..];
            (_next, _bundle) = (_next + 1, 0);
            return letter;
        }
        if (_next == _args.Length)
            return Report(OptionProblem.MissingValue, $"-{letter}", arg);
        Value = _args[_next++];
        return letter;
    }

    int NextLong()
    {
        var arg = _args[_next++];
        var equals = arg.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? arg[2..] : arg[2..equals];
        if (!TryFind(name, out var option, out var possible))
        {
            return possible is null
                ? Report(OptionProblem.Unknown, $"--{name}", arg)
                : Report(OptionProblem.Ambiguous, arg, string.Join(' ', possible.Select(name => $"'--{name}'")));
        }
        if (equals >= 0)
        {
            if (option.Value is OptionValue.None)
                return Report(OptionProblem.UnexpectedValue, $"--{option.Name}", arg);
            Value = arg[(equals + 1)..];
        }
        else if (option.Value is OptionValue.Required)
        {
            if (_next == _args.Length)
                return Report(OptionProblem.MissingValue, $"--{option.Name}", arg);
            Value = _args[_next++];
        }
        return option.Code;
    }

    /// <summary>Finds an exact name, or an abbreviation whose possible options all mean the same.</summary>
    bool TryFind(string name, out LongOption found, out List<string>? possible)
    {
        possible = null;
        var begun = new List<LongOption>();
        foreach (var option in _longs)
        {
            if (option.Name == name)
            {
                found = option;
                return true;
            }
            if (!option.IsExact && option.Name.StartsWith(name, StringComparison.Ordinal))
                begun.Add(option);
        }
        found = begun.Count > 0 ? begun[0] : default;
        if (begun.TrueForAll(option => (option.Code, option.Value) == (begun[0].Code, begun[0].Value)))
            return begun.Count > 0;
        possible = begun.ConvertAll(option => option.Name);
        return false;
    }

    int Report(OptionProblem problem, string option, string detail)
    {
        _report(problem, option, detail);
        return Bad;
    }
}
