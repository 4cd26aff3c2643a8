using System.Diagnostics;
using System.Globalization;
using Drover.Text;

namespace Drover.CommandLine;

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
            case ValueKind.Text when option.Value is not (null or "TEXT") && value!.Length == 0:
                throw new UsageException($"--{option.Name} takes {option.Value}, not ''");
            case ValueKind.Choice when !option.Value!.Split('|').Contains(value):
                var words = option.Value.Replace("|", " or ", StringComparison.Ordinal);
                throw new UsageException($"--{option.Name} takes {words}, not '{value}'");
        }
    }

    static int ParseCount(Option option, string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0
            ? count
            : throw new UsageException(IsTooLarge(text)
                ? $"--{option.Name} takes {option.Value} up to {int.MaxValue}, not '{text}'"
                : $"--{option.Name} takes {option.Value}, an integer of at least 1, not '{text}'");

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
            : throw new UsageException(unit > 0 && IsTooLarge(number)
                ? $"--{option.Name} takes a time up to {int.MaxValue}{text[number.Length..]}, not '{text}'"
                : $"--{option.Name} takes a time such as 50ms or 2s, or 0, not '{text}'");
    }

    /// <summary>Whether a number that could not be read is one beyond <see cref="int.MaxValue"/>.</summary>
    static bool IsTooLarge(ReadOnlySpan<char> number) =>
        number.TrimStart('0').Length > 9 && !number.ContainsAnyExceptInRange('0', '9');
}
