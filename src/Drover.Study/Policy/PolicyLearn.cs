using Drover.Modules.Config;

namespace Drover.Study.Policy;

/// <summary><c>drover policy learn</c>: an allow list from what a machine asks for and has loaded.</summary>
static class PolicyLearn
{
    /// <summary>Reasons that a line gives; more are counted.</summary>
    const int MaxReasons = 3;

    /// <summary>Columns of a reason.</summary>
    const int MaxReason = 118;

    /// <param name="catalog">Without a policy.</param>
    /// <exception cref="CommandException">Nothing is known: an empty list forbids everything.</exception>
    public static IEnumerable<string> Lines(
        Arguments arguments, ModuleCatalog catalog, IReadOnlyList<string> recordings, Terminal terminal)
    {
        var wishes = ModuleWishes.Of(arguments, catalog, recordings, terminal)
            .Where(wish => catalog.Tree.Find(wish.Module.Name) is not null
                && !(wish.Module.Alias is not null && catalog.IsBlacklisted(wish.Module.Name)))
            .ToArray();
        if (wishes.Length == 0)
            throw new CommandException("nothing asks for a module here: name a copy of /sys (--sys), or a recording");
        var release = Path.GetFileName(catalog.Tree.Directory.TrimEnd('/'));
        yield return $"# What this machine asks for or has loaded, with kernel {release}: by 'drover policy learn'.";
        yield return "# A line covers what its module needs. Devices that come later need lines of their own.";
        yield return "# Try it first with a line 'mode warn-only', and 'drover policy check'.";
        yield return "default forbid";
        var needed = Needed(catalog, wishes);
        var byName = wishes.GroupBy(wish => wish.Module.Name).OrderBy(group => group.Key, StringComparer.Ordinal);
        foreach (var group in byName)
        {
            // a live module that others need came with them
            if (needed.Contains(group.Key) && group.All(wish => wish.Asked is null))
                continue;
            yield return "";
            var reasons = group.Select(ReasonOf).Distinct().ToArray();
            foreach (var reason in reasons.Take(MaxReasons))
                yield return $"# {reason}";
            if (reasons.Length > MaxReasons)
                yield return $"# and {reasons.Length - MaxReasons} more";
            yield return $"allow {group.Key}";
        }
    }

    /// <summary>The modules that come with other ones.</summary>
    static HashSet<string> Needed(ModuleCatalog catalog, IReadOnlyList<ModuleWish> wishes)
    {
        var plans = new WishPlans(catalog);
        var needed = new HashSet<string>();
        foreach (var wish in wishes.DistinctBy(wish => wish.Module.Name))
            needed.UnionWith(plans.Of(wish).Steps.Where(step => !step.IsTarget).Select(step => step.Name));
        return needed;
    }

    /// <summary>One line: names of devices and modaliases are from outside, and a CPU's has a thousand
    /// characters.</summary>
    static string ReasonOf(ModuleWish wish)
    {
        var reason = wish.Asked is { } asked && asked != wish.Module.Name ? $"{wish.By}: {asked}" : wish.By;
        return PlainTable.Shorten(PlainText.Of(reason), MaxReason);
    }
}
