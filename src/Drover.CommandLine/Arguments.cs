using System.Diagnostics;
using System.Globalization;
using Drover.Linux.Sockets;
using Drover.Text;

namespace Drover.CommandLine;

/// <summary>Of a <c>Choice</c>, the option's value names the words: <c>kernel|here</c>.</summary>
public enum ValueKind { Text, Count, Bytes, Time, Choice }

/// <param name="Name">The long name, without the dashes.</param>
/// <param name="Help">What the option does: a phrase without a full stop.</param>
/// <param name="Value">The name of its value (<c>DIR</c>), or null for a switch.</param>
/// <param name="Default">The default, for the help; null if there is nothing to say.</param>
/// <param name="Short">The one-letter name, or null.</param>
/// <param name="Kind">The type of its value, checked while the command line is parsed.</param>
public sealed record Option(
    string Name, string Help, string? Value = null, string? Default = null, char? Short = null,
    ValueKind Kind = ValueKind.Text)
{
    /// <summary>Words that its value may be, or begin with, for shells to complete.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];
}

/// <summary>Options that mean the same in every verb that has them.</summary>
public static class CommonOptions
{
    /// <summary>The recording of the boot, by the unit that <c>install --watch</c> installs.</summary>
    public const string BootRecording = "/run/drover/boot.jsonl";

    /// <summary>Every verb has it, without listing it.</summary>
    public static readonly Option Help = new("help", "show this help", Short: 'h');

    public static readonly Option Root =
        new("root", "use the root file system in DIR: its lib/modules and etc/modprobe.d", "DIR", "/", 'r');

    public static readonly Option Release = new(
        "release", "use the modules of this kernel version", "VERSION", "the running kernel, or the only one in DIR",
        'k');

    public static readonly Option OverridePolicy =
        new("override-policy", "load also what the policy forbids; it is logged");

    public static readonly Option Json = new("json", "print one JSON document instead of text");

    public static readonly Option Metrics = new(
        "metrics", "write metrics for Prometheus to FILE, for node_exporter's textfile collector; - is standard output",
        "FILE");

    public static readonly Option Verbose = new("verbose", "print more details", Short: 'v');

    public static readonly Option Quiet = new("quiet", "print errors only", Short: 'q');

    public static readonly Option DryRun =
        new("dry-run", "load nothing; print which modules would be loaded, why, and in which order", Short: 'n');

    public static readonly Option Socket = new(
        "socket", "the daemon's control socket", "PATH", ControlSocket.DefaultPath);

    public static readonly Option Jobs =
        new(
            "jobs", "load at most N modules at a time; the kernel's own requests come on top", "N",
            "number of CPUs, at most 16", 'j', ValueKind.Count);

    public static readonly Option Budget = new(
        "budget", "limit the memory of loads in flight", "SIZE", "a quarter of the available memory, at most 256M",
        Kind: ValueKind.Bytes);

    public static readonly Option Stagger = new(
        "stagger", "start a load when the one before has ended, or after TIME; 0: as soon as --jobs and --budget allow",
        "TIME", "5ms", Kind: ValueKind.Time);

    public static readonly Option Decompress = new(
        "decompress", "who decompresses modules, where both can", "kernel|here", "here for .xz, with liblzma",
        Kind: ValueKind.Choice);
}

/// <summary>The options and operands of one command line. Immutable.</summary>
public sealed class Arguments
{
    /// <summary>Codes from here on are indexes of options; smaller ones are letters.</summary>
    const int LongCode = char.MaxValue + 1;

    // a verb has a dozen options at most: a list is faster than a dictionary
    readonly List<(Option Option, string? Value)> _given = [];
    IReadOnlyList<string> _operands = [];

    Arguments()
    {
    }

    public IReadOnlyList<string> Operands => _operands;

    /// <summary>Parses options anywhere: <c>--name=value</c>, <c>--name value</c>, <c>-vj4</c>, <c>--</c>.</summary>
    /// <exception cref="UsageException">An option is unknown, or its value is missing or invalid.</exception>
    public static Arguments Parse(ReadOnlySpan<string> args, IReadOnlyList<Option> options)
    {
        var parsed = new Arguments();
        var reader = new GetOpt(
            args.ToArray(),
            string.Concat(options.Where(option => option.Short is not null)
                .Select(option => option.Value is null ? $"{option.Short}" : $"{option.Short}:")),
            [.. options.Select((option, i) => new LongOption(option.Name, ValueOf(option), LongCode + i, true))],
            (problem, option, _) => throw new UsageException(Describe(problem, option, options)));
        for (int code; (code = reader.Next()) != GetOpt.End;)
        {
            var option = code >= LongCode ? options[code - LongCode] : options.First(option => option.Short == code);
            Check(option, reader.Value);
            parsed._given.Add((option, reader.Value));
        }
        parsed._operands = reader.Operands;
        return parsed;
    }

    // by name: a verb may describe a common option in words of its own
    public bool Has(Option option) => _given.Exists(given => given.Option.Name == option.Name);

    /// <summary>The option's value, the last one if it was given repeatedly; null if it was not given.</summary>
    public string? Text(Option option) => _given.FindLast(given => given.Option.Name == option.Name).Value;

    /// <summary>All values of the option, in order.</summary>
    public IEnumerable<string> Texts(Option option) =>
        _given.Where(given => given.Option.Name == option.Name).Select(given => given.Value).OfType<string>();

    /// <summary>The value of a <see cref="ValueKind.Count"/>: an integer of at least 1.</summary>
    public int? Count(Option option) => Text(option) is { } text ? ParseCount(option, text) : null;

    /// <summary>The value of a <see cref="ValueKind.Bytes"/>: <c>1048576</c> or <c>1M</c>.</summary>
    public long? Size(Option option) => Text(option) is { } text ? ParseSize(option, text) : null;

    /// <summary>The value of a <see cref="ValueKind.Time"/>: <c>50ms</c>, <c>2s</c> or <c>0</c>.</summary>
    public TimeSpan? Time(Option option) => Text(option) is { } text ? ParseTime(option, text) : null;

    static OptionValue ValueOf(Option option) => option.Value is null ? OptionValue.None : OptionValue.Required;

    static string Describe(OptionProblem problem, string typed, IReadOnlyList<Option> options)
    {
        Debug.Assert(problem is not OptionProblem.Ambiguous, "all names are exact");
        var isLong = typed.StartsWith("--", StringComparison.Ordinal);
        return problem switch
        {
            OptionProblem.Unknown when isLong =>
                $"unknown option '{typed}'{Nearest.Hint(typed[2..], options.Select(option => option.Name), "--")}",
            OptionProblem.Unknown => $"unknown option '{typed}'",
            OptionProblem.UnexpectedValue => $"{typed} takes no value",
            _ => $"{typed} needs a value: {typed} {options.First(Matches).Value}",
        };

        bool Matches(Option option) => isLong ? option.Name == typed[2..] : option.Short == typed[1];
    }

    /// <summary>Values are checked before the verb does anything.</summary>
    static void Check(Option option, string? value)
    {
        switch (option.Kind)
        {
            case ValueKind.Count: ParseCount(option, value!); break;
            case ValueKind.Bytes: ParseSize(option, value!); break;
            case ValueKind.Time: ParseTime(option, value!); break;
            case ValueKind.Text when option.Value == "FILE" && value!.Length == 0:
                throw new UsageException($"--{option.Name} needs the name of a file");
            case ValueKind.Choice when !option.Value!.Split('|').Contains(value):
                var words = option.Value.Replace("|", " or ", StringComparison.Ordinal);
                throw new UsageException($"--{option.Name} takes {words}, not '{value}'");
        }
    }

    static int ParseCount(Option option, string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0
            ? count
            : throw new UsageException($"--{option.Name} takes {option.Value}, an integer of at least 1, not '{text}'");

    static long ParseSize(Option option, string text) =>
        ByteSize.TryParse(text, out var bytes) && bytes > 0
            ? bytes
            : throw new UsageException($"--{option.Name} takes a size in bytes such as 67108864 or 64M, not '{text}'");

    static TimeSpan ParseTime(Option option, string text)
    {
        var number = text.AsSpan().TrimEnd("ms");
        var unit = text.AsSpan(number.Length) switch
        {
            "ms" => 1,
            "s" => 1000,
            "" when text == "0" => 1,
            _ => 0,
        };
        return unit > 0 && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? TimeSpan.FromMilliseconds((long)count * unit)
            : throw new UsageException($"--{option.Name} takes a time such as 50ms or 2s, or 0, not '{text}'");
    }
}

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
