using Drover.Modules.Config;

namespace Drover.Study.Policy;

/// <summary><c>drover policy import</c>: a policy from the lines that keep kmod from loading modules.</summary>
static class PolicyImport
{
    static readonly string[] s_nothing =
        ["/bin/false", "/bin/true", "/usr/bin/false", "/usr/bin/true", "false", "true", ":"];

    /// <param name="withBlacklist">Also blacklist lines, which kmod applies to aliases only.</param>
    public static IEnumerable<string> Lines(ModuleCatalog catalog, bool withBlacklist)
    {
        yield return "# From modprobe.d: 'drover policy import' wrote it. The lines there can go when this works.";
        foreach (var line in catalog.Config.InstallCommands.Where(IsNothing))
            yield return $"forbid {line.Pattern} because {Reason(line.Source)}";
        var blacklist = catalog.Config.Blacklist.DistinctBy(line => line.Module).ToArray();
        if (blacklist.Length > 0 && !withBlacklist)
        {
            yield return "";
            yield return "# A blacklist line stops requests by alias only; --blacklist makes these lines count.";
        }
        foreach (var line in blacklist)
            yield return $"{(withBlacklist ? "" : "# ")}forbid {line.Module} because {Reason(line.Source)}";
    }

    static bool IsNothing(CommandRule line)
    {
        var words = line.Command.Split((char[])[' ', '\t', ';'], StringSplitOptions.RemoveEmptyEntries);
        return words.Length > 0 && s_nothing.Contains(words[0]);
    }

    static string Reason(ConfigSource source) => $"of {source}";
}
