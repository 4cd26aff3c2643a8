namespace Drover.Output;

/// <summary>Names that come from outside, for a terminal. Stateless.</summary>
static class PlainText
{
    /// <summary>The same text; what would move the cursor, colour or hide anything becomes <c>?</c>.</summary>
    public static string Of(string text)
    {
        foreach (var letter in text)
        {
            if (char.IsControl(letter))
                return string.Create(text.Length, text, static (plain, text) =>
                {
                    for (var i = 0; i < plain.Length; i++)
                        plain[i] = char.IsControl(text[i]) ? '?' : text[i];
                });
        }
        return text;
    }
}
