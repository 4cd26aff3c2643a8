using System.Text;

namespace Drover.Modules.Config;

/// <summary>The kernel command line as programs of user space read it. <see cref="KernelCommandLine"/> reads module
/// parameters as kmod does.</summary>
public static class KernelParameters
{
    public const string Blanks = " \t\r\n\v\f";

    /// <summary>Words between blanks, without their quotes (systemd: <c>proc_cmdline_parse</c>).</summary>
    public static IEnumerable<string> Words(string text)
    {
        var word = new StringBuilder();
        var isQuoted = false;
        foreach (var c in text)
        {
            if (c == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (isQuoted || !Blanks.Contains(c))
            {
                word.Append(c);
            }
            else if (word.Length > 0)
            {
                yield return word.ToString();
                word.Clear();
            }
        }
        if (word.Length > 0)
            yield return word.ToString();
    }
}
