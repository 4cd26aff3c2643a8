namespace Drover.Kmod;

/// <summary>A line of modules.devname: a device node that may be made before its driver is there.</summary>
/// <param name="Module">Who drives it; raw text, as is <paramref name="Path"/>.</param>
/// <param name="Path">Below <c>/dev</c>.</param>
/// <param name="Type"><c>c</c> or <c>b</c>.</param>
/// <param name="Major">Of the device's number.</param>
/// <param name="Minor">Of the device's number.</param>
readonly record struct DeviceNode(string Module, string Path, char Type, uint Major, uint Minor)
{
    const string Blanks = " \t\n\v\f\r";

    /// <summary><c>MODULE PATH cMAJOR:MINOR</c>, as kmod reads it with sscanf(3): any blanks between, and whatever comes behind.</summary>
    public static bool TryParse(string line, out DeviceNode node)
    {
        var at = 0;
        var module = Word(line, ref at);
        var path = Word(line, ref at);
        SkipBlanks(line, ref at);
        node = default;
        if (module.Length == 0 || path.Length == 0 || at == line.Length || line[at] is not ('c' or 'b'))
            return false;
        var type = line[at++];
        if (!TryNumber(line, ref at, out var major) || at == line.Length || line[at++] != ':' || !TryNumber(line, ref at, out var minor))
            return false;
        node = new DeviceNode(module, path, type, major, minor);
        return true;
    }

    static void SkipBlanks(string line, ref int at)
    {
        while (at < line.Length && Blanks.Contains(line[at], StringComparison.Ordinal))
            at++;
    }

    static string Word(string line, ref int at)
    {
        SkipBlanks(line, ref at);
        var start = at;
        while (at < line.Length && !Blanks.Contains(line[at], StringComparison.Ordinal))
            at++;
        return line[start..at];
    }

    /// <summary>As strtoul(3) with the result cut to 32 bits: a sign is allowed, and what is too large becomes the largest.</summary>
    static bool TryNumber(string line, ref int at, out uint number)
    {
        SkipBlanks(line, ref at);
        var negative = at < line.Length && line[at] == '-';
        if (at < line.Length && line[at] is '-' or '+')
            at++;
        var start = at;
        var value = 0UL;
        var tooLarge = false;
        for (; at < line.Length && char.IsAsciiDigit(line[at]); at++)
        {
            var digit = (ulong)(line[at] - '0');
            tooLarge |= value > (ulong.MaxValue - digit) / 10;
            value = unchecked((value * 10) + digit);
        }
        number = tooLarge ? uint.MaxValue : unchecked((uint)(negative ? 0 - value : value));
        return at > start;
    }
}
