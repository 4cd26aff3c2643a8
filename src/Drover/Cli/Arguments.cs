using System.Globalization;

namespace Drover.Cli;

/// <summary>What a verb was given: its options and operands. Immutable.</summary>
sealed class Arguments
{
    // a verb has a dozen options at most: a list is quicker than a table
    readonly List<(Option Option, string? Value)> _given = [];
    readonly List<string> _operands = [];

    Arguments()
    {
    }

    public IReadOnlyList<string> Operands => _operands;

    /// <summary>Reads a verb's arguments as getopt_long does: options anywhere, <c>--option=value</c> or <c>--option value</c>, <c>-vj4</c>, and <c>--</c> before what is none.</summary>
    /// <exception cref="UsageException">An option is unknown, lacks its value, or has one it does not take.</exception>
    public static Arguments Parse(ReadOnlySpan<string> args, IReadOnlyList<Option> options)
    {
        var parsed = new Arguments();
        for (var i = 0; i < args.Length; i++)
        {
            var arg = args[i];
            if (arg == "--")
            {
                parsed._operands.AddRange(args[(i + 1)..]);
                break;
            }
            if (arg.StartsWith("--", StringComparison.Ordinal))
                i += parsed.TakeLong(arg, args[(i + 1)..], options);
            else if (arg.Length > 1 && arg[0] == '-')
                i += parsed.TakeShort(arg, args[(i + 1)..], options);
            else
                parsed._operands.Add(arg);
        }
        return parsed;
    }

    // by name: a verb may describe a common option in words of its own
    public bool Has(Option option) => _given.Exists(given => given.Option.Name == option.Name);

    /// <summary>Its value, the last one where it was given more than once; null where it was not.</summary>
    public string? Text(Option option) => _given.FindLast(given => given.Option.Name == option.Name).Value;

    /// <summary>Its values, where it was given more than once, in that order.</summary>
    public IEnumerable<string> Texts(Option option)
    {
        foreach (var (given, value) in _given)
        {
            if (given.Name == option.Name && value is not null)
                yield return value;
        }
    }

    /// <summary>The value of a <see cref="ValueKind.Count"/>: a whole number of at least one.</summary>
    public int? Count(Option option) => Text(option) is { } text ? ParseCount(option, text) : null;

    /// <summary>The value of a <see cref="ValueKind.Bytes"/>: <c>1048576</c> or <c>1M</c>.</summary>
    public long? Size(Option option) => Text(option) is { } text ? ParseSize(option, text) : null;

    /// <returns>How many of <paramref name="next"/> it took.</returns>
    int TakeLong(string arg, ReadOnlySpan<string> next, IReadOnlyList<Option> options)
    {
        var equals = arg.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? arg[2..] : arg[2..equals];
        var option = options.FirstOrDefault(option => option.Name == name)
            ?? throw new UsageException($"unknown option '--{name}'{Nearest.Hint(name, options.Select(option => option.Name), "--")}");
        if (option.Value is null)
        {
            if (equals >= 0)
                throw new UsageException($"--{name} takes no value");
            _given.Add((option, null));
            return 0;
        }
        if (equals >= 0)
        {
            Take(option, arg[(equals + 1)..]);
            return 0;
        }
        return TakeValue(option, $"--{name}", next);
    }

    int TakeShort(string arg, ReadOnlySpan<string> next, IReadOnlyList<Option> options)
    {
        for (var i = 1; i < arg.Length; i++)
        {
            var letter = arg[i];
            var option = options.FirstOrDefault(option => option.Short == letter) ?? throw new UsageException($"unknown option '-{letter}'");
            if (option.Value is null)
            {
                _given.Add((option, null));
                continue;
            }
            if (i + 1 == arg.Length)
                return TakeValue(option, $"-{letter}", next);
            Take(option, arg[(i + 1)..]);
            break;
        }
        return 0;
    }

    int TakeValue(Option option, string asTyped, ReadOnlySpan<string> next)
    {
        if (next.IsEmpty)
            throw new UsageException($"{asTyped} needs a value: {asTyped} {option.Value}");
        Take(option, next[0]);
        return 1;
    }

    void Take(Option option, string value)
    {
        // a mistake is told before anything is done
        _ = option.Kind switch
        {
            ValueKind.Count => ParseCount(option, value),
            ValueKind.Bytes => ParseSize(option, value),
            _ => 0,
        };
        _given.Add((option, value));
    }

    static int ParseCount(Option option, string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0
            ? count
            : throw new UsageException($"--{option.Name} takes a whole number of at least 1, not '{text}'");

    static long ParseSize(Option option, string text) =>
        ByteSize.TryParse(text, out var bytes) && bytes > 0
            ? bytes
            : throw new UsageException($"--{option.Name} takes a number of bytes such as 67108864 or 64M, not '{text}'");
}
