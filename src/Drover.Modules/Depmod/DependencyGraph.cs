using System.Text;

namespace Drover.Modules.Depmod;

/// <summary>Which module needs which, by the symbols they export and need (kmod: <c>depmod_load_dependencies</c>, <c>depmod_calculate_dependencies</c>). Stateless; whatever it sets in modules is set once.</summary>
internal static class DependencyGraph
{
    /// <summary>Links all modules, or tells of their cycles.</summary>
    /// <param name="modules">In their order.</param>
    /// <param name="needs">What <see cref="ModuleFacts.Needs"/> are numbers of.</param>
    /// <param name="symbols">All that is exported.</param>
    public static bool TryMake(FoundModule[] modules, NeedTable needs, SymbolTable symbols, DepmodOptions options, IDepmodReport report)
    {
        Link(modules, needs, symbols, options, report);
        if (!TryRank(modules, out var users))
        {
            CycleReport.Tell(modules, users, report);
            return false;
        }
        foreach (var module in modules)
            module.Dependencies.Sort(static (a, b) => a.DependencyRank.CompareTo(b.DependencyRank));
        return true;
    }

    /// <summary>All modules that a module needs, directly or not, in the order of modules.dep: load them from the last to the first.</summary>
    /// <param name="marks">Work memory: as long as there are modules, and all false before and after.</param>
    public static List<FoundModule> AllDependencies(FoundModule module, bool[] marks)
    {
        var all = new List<FoundModule>();
        Mark(module);
        for (var i = 0; i < all.Count; i++)
            Mark(all[i]);
        foreach (var dependency in all)
            marks[dependency.Index] = false;
        all.Sort(static (a, b) => a.DependencyRank.CompareTo(b.DependencyRank));
        return all;

        void Mark(FoundModule user)
        {
            foreach (var dependency in user.Dependencies)
            {
                if (marks[dependency.Index])
                    continue;
                marks[dependency.Index] = true;
                all.Add(dependency);
            }
        }
    }

    static void Link(FoundModule[] modules, NeedTable needs, SymbolTable symbols, DepmodOptions options, IDepmodReport report)
    {
        // each distinct need is looked up once
        var answers = new (FoundModule? Owner, ulong Version, bool IsKnown)[needs.Count];
        for (var need = 0; need < answers.Length; need++)
        {
            var isKnown = symbols.TryFind(needs.Name(need), out var owner, out var version);
            answers[need] = (owner, version, isKnown);
        }
        foreach (var module in modules)
        {
            foreach (var need in module.Facts.Needs)
            {
                var (owner, version, isKnown) = answers[need];
                if (options.TellUnknown && !needs.IsWeak(need))
                {
                    if (!isKnown)
                        report.Say(DepmodSeverity.Warning, $"{module.Path} needs unknown symbol {Text(needs.Name(need))}");
                    else if (options.SymbolVersions is not null && version != needs.Version(need))
                        report.Say(DepmodSeverity.Warning, $"{module.Path} disagrees about version of symbol {Text(needs.Name(need))}");
                }
                if (owner is null || module.Dependencies.Contains(owner))
                    continue;
                module.Dependencies.Add(owner);
                owner.Users++;
                if (report.IsVerbose)
                    report.Show($"{module.Path} needs \"{Text(needs.Name(need))}\": {owner.Path}");
            }
        }
    }

    /// <summary>Gives each module its rank, users before what they use; false where some are in a cycle, or needed by one.</summary>
    /// <param name="users">How many users each module has left.</param>
    static bool TryRank(FoundModule[] modules, out int[] users)
    {
        users = Array.ConvertAll(modules, module => module.Users);
        // the last found comes first: the order in modules.dep hangs on it
        var ready = new Stack<FoundModule>(modules.Where(module => module.Users == 0));
        var ranked = 0;
        while (ready.TryPop(out var module))
        {
            module.DependencyRank = ranked++;
            foreach (var dependency in module.Dependencies)
            {
                if (--users[dependency.Index] == 0)
                    ready.Push(dependency);
            }
        }
        return ranked == modules.Length;
    }

    static string Text(ReadOnlySpan<byte> name) => Encoding.UTF8.GetString(name);
}
