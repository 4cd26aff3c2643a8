using System.Diagnostics;
using System.Runtime.InteropServices;
using Drover.Kernel;
using Drover.Modules.Tree;
using Drover.Text;

namespace Drover.Modules.Depmod;

/// <summary>Modules of modules.order, then the others in kmod's hash order (<c>depmod_modules_sort</c>).</summary>
static class ModuleOrder
{
    const string FileName = "modules.order";

    /// <summary>Sorts the modules and sets their <see cref="DepmodModule.Index"/>.</summary>
    public static DepmodModule[] Sort(IEnumerable<DepmodModule> modules, DepmodOptions options, IDepmodReport report)
    {
        var lines = ReadLines(options, report);
        var sorted = modules.Select(module => (
            Module: module,
            Line: module.OrderPath is { } path ? lines.GetValueOrDefault(path, int.MaxValue) : int.MaxValue,
            Bucket: KmodHash.Of(module.NameBytes) % KmodHash.ModuleBuckets)).ToArray();
        Array.Sort(sorted, static (a, b) =>
        {
            var order = a.Line.CompareTo(b.Line);
            if (order == 0)
                order = a.Bucket.CompareTo(b.Bucket);
            return order != 0 ? order : a.Module.NameBytes.AsSpan().SequenceCompareTo(b.Module.NameBytes);
        });
        for (var i = 0; i < sorted.Length; i++)
            sorted[i].Module.Index = i;
        return Array.ConvertAll(sorted, entry => entry.Module);
    }

    /// <summary>The first line of each path; empty if the file is missing.</summary>
    static Dictionary<string, int> ReadLines(DepmodOptions options, IDepmodReport report)
    {
        var lines = new Dictionary<string, int>();
        var text = new TextLines(ReadFile(options, FileName, report.Log));
        for (var number = 1; text.MoveNext(); number++)
            lines.TryAdd(ByteText.Of(text.Current.TrimEnd((byte)'\r')), number);
        return lines;
    }

    /// <summary>Reads a file of the module directory; null on failure, which is logged.</summary>
    public static byte[]? ReadFile(DepmodOptions options, string name, Action<DepmodSeverity, string> log)
    {
        try
        {
            return SystemFiles.Current.ReadRegular(options.Input(name));
        }
        catch (Exception problem) when (FileErrno.Of(problem) is { } errno)
        {
            var why = Marshal.GetPInvokeErrorMessage((int)errno);
            log(DepmodSeverity.Warning, $"could not open {name} at {options.Directory}: {why}");
            return null;
        }
    }
}

/// <summary>Dependencies by exported and needed symbols (kmod: <c>depmod_calculate_dependencies</c>).</summary>
static class DependencyGraph
{
    /// <summary>Links all modules; false if there are cycles, which are reported.</summary>
    /// <param name="modules">Sorted by <see cref="ModuleOrder"/>.</param>
    /// <param name="needs">The table of the numbers in <see cref="ModuleFacts.Needs"/>.</param>
    public static bool TryLink(
        DepmodModule[] modules, NeedTable needs, SymbolTable symbols, DepmodOptions options, IDepmodReport report)
    {
        Link(modules, needs, symbols, options, report);
        if (!TryRank(modules, out var users))
        {
            CycleReport.Run(modules, users, report);
            return false;
        }
        foreach (var module in modules)
            SortByRank(module.Dependencies);
        return true;
    }

    /// <summary>Direct and indirect dependencies in the order of modules.dep: load them from last to first.</summary>
    /// <param name="marks">Scratch memory, an element a module; all false before and after.</param>
    public static List<DepmodModule> AllDependencies(DepmodModule module, bool[] marks)
    {
        var all = new List<DepmodModule>();
        Mark(module);
        for (var i = 0; i < all.Count; i++)
            Mark(all[i]);
        foreach (var dependency in all)
            marks[dependency.Index] = false;
        Debug.Assert(!all.Contains(module), "a graph with ranks has no cycle");
        SortByRank(all);
        return all;

        void Mark(DepmodModule user)
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

    static void SortByRank(List<DepmodModule> modules) =>
        modules.Sort(static (a, b) => a.DependencyRank.CompareTo(b.DependencyRank));

    static void Link(
        DepmodModule[] modules, NeedTable needs, SymbolTable symbols, DepmodOptions options, IDepmodReport report)
    {
        // each distinct need is looked up once
        var found = new (DepmodModule? Owner, ulong Version, bool IsKnown)[needs.Count];
        for (var need = 0; need < found.Length; need++)
        {
            var isKnown = symbols.TryFind(needs.Name(need), out var owner, out var version);
            found[need] = (owner, version, isKnown);
        }
        foreach (var module in modules)
        {
            Debug.Assert(module.Dependencies.Count == 0, "a module is linked once");
            foreach (var need in module.Facts.Needs)
            {
                var (owner, version, isKnown) = found[need];
                if (options.ReportUnknown && !needs.IsWeak(need))
                {
                    if (!isKnown)
                        Warn($"{module.Path} needs unknown symbol {Text(needs.Name(need))}");
                    else if (options.SymbolVersions is not null && version != needs.Version(need))
                        Warn($"{module.Path} disagrees about version of symbol {Text(needs.Name(need))}");
                }
                if (owner is null || module.Dependencies.Contains(owner))
                    continue;
                module.Dependencies.Add(owner);
                owner.Users++;
                if (report.IsVerbose)
                    report.Show($"{module.Path} needs \"{Text(needs.Name(need))}\": {owner.Path}");
            }
        }
        void Warn(string message) => report.Log(DepmodSeverity.Warning, message);
    }

    /// <summary>Ranks modules, users before dependencies; false if some are in a cycle or needed by one.</summary>
    /// <param name="users">The number of unranked users of each module.</param>
    static bool TryRank(DepmodModule[] modules, out int[] users)
    {
        users = Array.ConvertAll(modules, module => module.Users);
        // last in, first out: the order in modules.dep depends on it
        var ready = new Stack<DepmodModule>(modules.Where(module => module.Users == 0));
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
        Debug.Assert(ranked <= modules.Length, "a module is ranked once");
        return ranked == modules.Length;
    }

    static string Text(ReadOnlySpan<byte> name) => ByteText.Of(name);
}

/// <summary>Reports dependency cycles as kmod does (kmod: <c>depmod_report_cycles</c>): the same cycles in the
/// same order, each from the same module. Where kmod would loop for ever, in a second cycle after a first, this
/// visits it once.</summary>
sealed class CycleReport
{
    const int MaxSteps = 1 << 20; // bounds the work: a dense graph has exponentially many cycles

    readonly IDepmodReport _report;

    // modules still to start from, a ring: removing one continues after it
    readonly LinkedList<DepmodModule> _starts = [];
    readonly HashSet<DepmodModule> _visited = [];
    readonly HashSet<string> _cyclic = [];
    int _steps;

    CycleReport(IDepmodReport report) => _report = report;

    sealed record Step(DepmodModule Module, Step? Previous);

    /// <param name="users">The number of unranked users of each module.</param>
    public static void Run(DepmodModule[] modules, int[] users, IDepmodReport report)
    {
        var cycles = new CycleReport(report);
        foreach (var module in modules.Where(module => users[module.Index] > 0))
            cycles._starts.AddLast(module);
        while (cycles._starts.First is { } first)
        {
            cycles._starts.RemoveFirst();
            cycles.SearchFrom(first.Value);
        }
        report.Log(DepmodSeverity.Error, $"Found {cycles._cyclic.Count} modules in dependency cycles!");
    }

    void SearchFrom(DepmodModule start)
    {
        Debug.Assert(!_starts.Contains(start), "a search takes its start off the list");
        var pending = new Stack<Step>();
        pending.Push(new(start, null));
        while (pending.TryPop(out var step) && _steps++ < MaxSteps)
        {
            var module = step.Module;
            if (!_visited.Add(module) && module == start)
            {
                Log(step);
                continue;
            }
            if (module.Dependencies.Count == 0)
                Remove(module);
            if (IsOnPath(step.Previous, module))
                continue;
            foreach (var dependency in module.Dependencies)
                pending.Push(new(dependency, step));
        }
    }

    static bool IsOnPath(Step? step, DepmodModule module)
    {
        while (step is not null && step.Module != module)
            step = step.Previous;
        return step is not null;
    }

    void Log(Step last)
    {
        var path = new List<DepmodModule>();
        for (var step = last.Previous; step is not null; step = step.Previous)
            path.Insert(0, step.Module);
        foreach (var module in path)
        {
            _cyclic.Add(module.Name);
            Remove(module);
        }
        var names = string.Join(" -> ", path.Append(last.Module).Select(module => module.Name));
        _report.Log(DepmodSeverity.Error, $"Cycle detected: {names}");
    }

    void Remove(DepmodModule module)
    {
        if (_starts.Find(module) is not { } place)
            return;
        while (_starts.First != place)
        {
            var before = _starts.First!;
            _starts.RemoveFirst();
            _starts.AddLast(before);
        }
        _starts.RemoveFirst();
    }
}
