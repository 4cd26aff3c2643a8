namespace Drover.Kmod;

/// <summary>Numbers as strtoul(3) with base 0 reads them. Stateless.</summary>
static class StrToUl
{
    /// <summary>Decimal, 0x hexadecimal or 0 octal, all of the text; false for anything else. What is too large is the largest number.</summary>
    public static bool TryParse(string text, out ulong value)
    {
        value = 0;
        var digits = text.AsSpan().TrimStart();
        var isNegative = digits.Length > 0 && digits[0] == '-';
        if (isNegative || (digits.Length > 0 && digits[0] == '+'))
            digits = digits[1..];
        var numberBase = 10u;
        if (digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            numberBase = 16;
            digits = digits[2..];
        }
        else if (digits.Length > 1 && digits[0] == '0')
        {
            numberBase = 8;
            digits = digits[1..];
        }
        if (digits.IsEmpty)
            return false;
        var isTooLarge = false;
        foreach (var c in digits)
        {
            var digit = char.IsAsciiHexDigit(c) ? Convert.ToUInt32(c.ToString(), 16) : numberBase;
            if (digit >= numberBase)
                return false;
            isTooLarge |= value > (ulong.MaxValue - digit) / numberBase;
            value = unchecked((value * numberBase) + digit);
        }
        if (isTooLarge)
            value = ulong.MaxValue;
        else if (isNegative)
            value = unchecked(0 - value); // so it has been since C89
        return true;
    }
}
