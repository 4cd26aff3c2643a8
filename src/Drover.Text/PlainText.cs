namespace Drover.Text;

/// <summary>Makes untrusted names safe to print on a terminal.</summary>
public static class PlainText
{
    /// <summary>The text with each control character replaced by <c>?</c>.</summary>
    public static string Of(string text) =>
        !text.Any(char.IsControl)
            ? text
            : string.Create(text.Length, text, static (plain, text) =>
            {
                for (var i = 0; i < plain.Length; i++)
                    plain[i] = char.IsControl(text[i]) ? '?' : text[i];
            });
}
