using System.Text;

namespace Drover.Kmod;

/// <summary>Words of a command line as one text of module parameters. Stateless.</summary>
static class ModuleOptions
{
    /// <summary>Joined by blanks; a value with a blank in it is put into quotes unless it has some (kmod: <c>options_from_array</c>).</summary>
    public static string Join(IReadOnlyList<string> words, int first)
    {
        if (words.Count <= first)
            return "";
        var text = new StringBuilder();
        for (var i = first; i < words.Count; i++)
        {
            if (text.Length > 0)
                text.Append(' ');
            var word = words[i];
            var value = word.IndexOf('=', StringComparison.Ordinal) + 1;
            if (value > 0 && word.IndexOf(' ', value) >= 0 && word[value] is not ('"' or '\''))
                text.Append(word, 0, value).Append('"').Append(word, value, word.Length - value).Append('"');
            else
                text.Append(word);
        }
        return text.ToString();
    }
}
