using Drover.Modules.Config;
using Drover.Study.Recordings;

namespace Drover.Study.Policy;

/// <summary><c>drover policy check</c>.</summary>
static class PolicyCheck
{
    /// <param name="catalog">With the policy as if it were not warn-only.</param>
    /// <param name="isWarnOnly">Whether it is.</param>
    /// <returns>Failure where something would be stopped, or a line does not count.</returns>
    public static int Run(
        Arguments arguments, ModuleCatalog catalog, bool isWarnOnly, IReadOnlyList<string> recordings,
        Terminal terminal)
    {
        if (catalog.Policy is not { } policy)
        {
            foreach (var file in recordings)
                RecordingFile.Load(file); // one that cannot be read is an error all the same
            if (arguments.Has(CommonOptions.Json))
                WriteJson([], [], 0, terminal.Out);
            else
                terminal.Out.WriteLine("There is no policy: everything may be loaded.");
            return ExitCode.Ok;
        }
        var wishes = ModuleWishes.Of(arguments, catalog, recordings);
        var stopped = Stopped(catalog, wishes);
        var modules = wishes.Select(wish => wish.Module.Name).Distinct().Count();
        if (arguments.Has(CommonOptions.Json))
            WriteJson(stopped, policy.Problems, modules, terminal.Out);
        else
            WriteText(stopped, policy, isWarnOnly, modules, terminal);
        return stopped.Count > 0 || policy.Problems.Count > 0 ? ExitCode.Failure : ExitCode.Ok;
    }

    /// <summary>Each module that the policy keeps out, with its first wish and the reason.</summary>
    internal static IReadOnlyList<(ModuleWish Wish, string Why)> Stopped(
        ModuleCatalog catalog, IReadOnlyList<ModuleWish> wishes)
    {
        var plans = new WishPlans(catalog);
        var stopped = new List<(ModuleWish Wish, string Why)>();
        var brought = new HashSet<string>();
        foreach (var wish in wishes)
        {
            if (catalog.IsBlacklisted(wish.Module.Name) && wish.Module.Alias is not null)
                continue;
            var plan = plans.Of(wish);
            if (WishPlans.WhyForbidden(plan, wish.Module.Name) is { } why)
                stopped.Add((wish, why));
            else
                brought.UnionWith(plan.Steps.Select(step => step.Name));
        }
        // a live module may have come with one that is allowed
        return
        [
            .. stopped.Where(one => one.Wish.Asked is not null || !brought.Contains(one.Wish.Module.Name))
                .DistinctBy(one => one.Wish.Module.Name),
        ];
    }

    static void WriteText(
        IReadOnlyList<(ModuleWish Wish, string Why)> stopped, ModulePolicy policy, bool isWarnOnly, int modules,
        Terminal terminal)
    {
        terminal.WarnOf(policy);
        if (stopped.Count > 0)
        {
            var table = new PlainTable("MODULE", "ASKED BY", "WHY IT WOULD NOT BE LOADED");
            foreach (var (wish, why) in stopped)
                table.Add(wish.Module.Name, wish.By, why);
            table.WriteTo(terminal.Out);
        }
        var until = isWarnOnly ? ", once the policy is no longer warn-only" : "";
        var lines = policy.Lines.Count == 1 ? "1 line" : $"{policy.Lines.Count} lines";
        terminal.Out.WriteLine(
            $"{stopped.Count} of {modules} modules would be stopped{until}; the policy has {lines}");
    }

    static void WriteJson(
        IReadOnlyList<(ModuleWish Wish, string Why)> stopped, IReadOnlyList<PolicyProblem> problems, int modules,
        TextWriter writer) =>
        Json.Write(writer, json =>
        {
            json.WriteNumber("modules", modules);
            json.WriteObjects("stopped", stopped, one =>
            {
                json.WriteString("module", one.Wish.Module.Name);
                json.WriteString("asked", one.Wish.Asked);
                json.WriteString("by", one.Wish.By);
                json.WriteString("why", one.Why);
            });
            json.WriteStrings("problems", problems.Select(problem => problem.ToString()));
        });
}
