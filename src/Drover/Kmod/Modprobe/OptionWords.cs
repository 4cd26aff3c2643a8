namespace Drover.Kmod;

/// <summary>The words of <c>$MODPROBE_OPTIONS</c>, as kmod splits them (kmod: <c>prepend_options_from_env</c>). Stateless.</summary>
static class OptionWords
{
    /// <summary>Blanks part words, quotes of either kind keep them together. A blank behind a closing quote makes an empty word, as it does for kmod.</summary>
    public static List<string> Of(string text)
    {
        var words = new List<string>();
        var word = new System.Text.StringBuilder();
        var quote = '\0';
        var isOpen = false; // something of the word was seen
        var opened = 0; // where the quote stands in the word
        foreach (var c in text)
        {
            if (quote != '\0' && c == quote)
            {
                words.Add(word.ToString());
                word.Clear();
                (quote, isOpen) = ('\0', false);
            }
            else if (quote == '\0' && c == ' ')
            {
                words.Add(word.ToString());
                word.Clear();
                isOpen = false;
            }
            else if (quote == '\0' && c is '"' or '\'')
            {
                (quote, isOpen, opened) = (c, true, word.Length);
            }
            else
            {
                word.Append(c);
                isOpen = true;
            }
        }
        // a quote that is never closed is an ordinary character
        if (quote != '\0')
            word.Insert(opened, quote);
        if (isOpen)
            words.Add(word.ToString());
        return words;
    }
}
