using System.Globalization;
using System.Text.RegularExpressions;

namespace Drover.Lab.Cli;

/// <summary>Takes <c>--name value</c> and <c>--name=value</c> apart. What no one asked for in the end is an error that names it.</summary>
sealed partial class ArgumentReader
{
    readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    readonly HashSet<string> _flags = new(StringComparer.Ordinal);

    public ArgumentReader(IReadOnlyList<string> arguments, params string[] flags)
    {
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            if (!argument.StartsWith("--", StringComparison.Ordinal))
                throw Wrong($"unexpected argument {argument}");
            var parts = argument.Split('=', 2);
            if (flags.Contains(argument))
                _flags.Add(argument);
            else if (parts.Length == 2)
                _values[parts[0]] = parts[1];
            else if (i + 1 < arguments.Count)
                _values[argument] = arguments[++i];
            else
                throw Wrong($"{argument} needs a value");
        }
    }

    public static LabException Wrong(string message) => new($"{message} (--help shows what there is)", LabException.Usage);

    public bool Flag(string name) => _flags.Remove(name);

    public string? Text(string name) => _values.Remove(name, out var value) ? value : null;

    public string Required(string name) => Text(name) ?? throw Wrong($"{name} is missing");

    public int Number(string name, int minimum, int maximum, int? fallback = null) =>
        Text(name) is { } text ? ParseNumber(name, text, minimum, maximum) : fallback ?? throw Wrong($"{name} is missing");

    /// <summary>A comma-separated list, each item one of <paramref name="known"/>.</summary>
    public IReadOnlyList<string> Choices(string name, IReadOnlyList<string> known, string? fallback = null)
    {
        var items = (Text(name) ?? fallback ?? throw Wrong($"{name} is missing")).Split(',', StringSplitOptions.RemoveEmptyEntries);
        foreach (var item in items)
            if (!known.Contains(item))
                throw Wrong($"{name} {item}: it is one of {string.Join(", ", known)}");
        return items;
    }

    /// <summary>A comma-separated list of plain names; empty where it is not given.</summary>
    public IReadOnlyList<string> Names(string name)
    {
        var items = (Text(name) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);
        return items.FirstOrDefault(item => !item.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')) is { } strange
            ? throw Wrong($"{name} {strange}: a name has letters, digits, '-' and '_'")
            : items;
    }

    public string Choice(string name, IReadOnlyList<string> known, string? fallback = null)
    {
        var items = Choices(name, known, fallback);
        return items.Count == 1 ? items[0] : throw Wrong($"{name} takes one value here");
    }

    public IReadOnlyList<int> Numbers(string name, int minimum, int maximum, string? fallback = null) =>
        (fallback is null ? Required(name) : Text(name) ?? fallback).Split(',', StringSplitOptions.RemoveEmptyEntries).Select(text => ParseNumber(name, text, minimum, maximum)).ToList();

    /// <summary>QEMU's form: a number with M or G.</summary>
    public string Memory(string name, string fallback) => Memories(name, fallback, 1)[0];

    /// <summary>One for all, or one for each of so many.</summary>
    public IReadOnlyList<string> Memories(string name, string fallback, int count)
    {
        var sizes = (Text(name) ?? fallback).Split(',');
        return sizes.FirstOrDefault(size => !MemorySize().IsMatch(size)) is { } strange ? throw Wrong($"{name} {strange}: it is a number with M or G, like 4G")
            : sizes.Length == 1 || sizes.Length == count ? sizes
            : throw Wrong($"{name} takes one size{(count > 1 ? $" or {count}" : "")}, not {sizes.Length}");
    }

    /// <summary>To be called after all has been read.</summary>
    public void End()
    {
        foreach (var name in _values.Keys.Concat(_flags))
            throw Wrong($"there is no option {name} here");
    }

    static int ParseNumber(string name, string text, int minimum, int maximum) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= minimum && value <= maximum
            ? value
            : throw Wrong($"{name} {text}: it is a number from {minimum} to {maximum}");

    [GeneratedRegex(@"^[1-9]\d*[MG]$")]
    private static partial Regex MemorySize();
}
