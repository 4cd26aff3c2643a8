using System.Text;

namespace Drover.Modules.Config;

/// <summary>The kernel command line as programs of user space read it. <see cref="KernelCommandLine"/> reads module
/// parameters as kmod does.</summary>
public static class KernelParameters
{
    public const string Blanks = " \t\r\n\v\f";

    const string Blacklist = "module_blacklist=";

    /// <summary>The source of a word, for messages.</summary>
    public static ConfigSource Source { get; } = new("kernel command line", 0);

    /// <summary>The word for which the kernel refuses a module, <c>module_blacklist=a,b</c>; null for none. The last
    /// one counts (kernel: <c>blacklisted</c>).</summary>
    /// <param name="module">Normalised name.</param>
    public static string? WordAgainst(string module, string commandLine)
    {
        var word = Words(commandLine).LastOrDefault(word => word.StartsWith(Blacklist, StringComparison.Ordinal));
        return word is not null && word[Blacklist.Length..].Split(',').Contains(module) ? word : null;
    }

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
