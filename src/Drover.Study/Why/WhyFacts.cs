using Drover.Control;
using Drover.Linux.ProcFs;
using Drover.Loading;
using Drover.Modules;
using Drover.Modules.Config;
using Drover.Modules.Patterns;
using Drover.Study.Policy;

namespace Drover.Study.Why;

enum ModuleState { Live, BuiltIn, Coming, Going, NotLoaded, Unknown }

/// <summary>A line of a configuration file that is about a module.</summary>
/// <param name="Effect">What it does, or why it does nothing.</param>
sealed record WhyLine(ConfigSource Source, string Text, string? Effect = null);

/// <summary>All that is known of one module.</summary>
/// <param name="Asked">The operand.</param>
/// <param name="Name">The module, or the operand if it stands for none.</param>
sealed record WhyFacts(string Asked, string Name, ModuleState State)
{
    /// <summary>The line or index by which the operand led to it; null for its own name.</summary>
    public string? FoundBy { get; init; }

    /// <summary>The main reason, a sentence without a full stop.</summary>
    public required string Reason { get; init; }

    public string? File { get; init; }

    public bool IsFileMissing { get; init; }

    /// <summary>What asks for it here.</summary>
    public IReadOnlyList<ModuleWish> Wishes { get; init; } = [];

    /// <summary>Modules that need it, and how: "mid (live)", "tail (softdep)".</summary>
    public IReadOnlyList<string> NeededBy { get; init; } = [];

    /// <summary>Lines of modprobe.d, in the order of the files.</summary>
    public IReadOnlyList<WhyLine> Lines { get; init; } = [];

    /// <summary>What the policy says; null without a policy.</summary>
    public string? Policy { get; init; }

    /// <summary>The daemon's record; null for none.</summary>
    public ModuleRecord? Record { get; init; }

    /// <summary>What cannot be known here.</summary>
    public string? Unknown { get; init; }
}

/// <summary>A machine's indexes, configuration, sysfs and daemon.</summary>
sealed class WhyMachine(ModuleCatalog catalog, string sys, Func<ModuleCatalog, IEnumerable<ModuleWish>> wishes)
{
    const int MaxNeeds = 5; // modules that a line lists
    const string ByDaemon = " (loaded by the daemon)";

    readonly Planner _planner = new(catalog);
    readonly Lazy<IReadOnlyList<ModuleWish>> _wishes = new(() => [.. wishes(catalog)]);

    /// <summary>The kernel's; empty for another machine's.</summary>
    public string CommandLine { get; init; } = "";

    /// <summary>The sysfs is of the kernel whose modules these are: it shows which of them are live.</summary>
    public bool IsSysOfKernel { get; init; } = true;

    /// <summary>Of this boot; null without a daemon.</summary>
    public IReadOnlyList<ModuleRecord>? DaemonRecords { get; init; }

    /// <summary>The facts of each module that a name or modalias stands for, or of the name itself.</summary>
    public IEnumerable<WhyFacts> Explain(string asked)
    {
        var found = FoundModule.All(catalog, asked).DistinctBy(module => module.Name).ToArray();
        if (found.Length > 0)
            return found.Select(module => Explain(asked, module, found));
        var name = ModuleName.TryNormalizeAlias(asked, out var alias) ? alias : asked;
        var state = StateOf(name);
        return
        [
            new WhyFacts(asked, asked, state is ModuleState.NotLoaded ? ModuleState.Unknown : state)
            {
                Reason = state is ModuleState.NotLoaded
                    ? WhyNotFound(asked)
                    : $"it is in the kernel, but in no index of {catalog.Tree.Directory}",
                Lines = LinesOf(new FoundModule(name, null)),
                Record = RecordOf(name),
            },
        ];
    }

    WhyFacts Explain(string asked, FoundModule module, FoundModule[] found)
    {
        var name = module.Name;
        var entry = catalog.Tree.Find(name);
        var isMissing = entry is not null && !SystemFiles.Current.IsFile(entry.File);
        var facts = new WhyFacts(asked, name, StateOf(name))
        {
            Reason = "",
            FoundBy = module.Rule is { } rule
                ? $"{rule.Source}: alias {rule.Pattern} {rule.Module}"
                : module.Alias is not null ? "an index of aliases" : null,
            File = entry?.Path,
            IsFileMissing = isMissing,
            Wishes = [.. _wishes.Value.Where(wish => wish.Module.Name == name)],
            NeededBy = NeededBy(name),
            Lines = LinesOf(module),
            Policy = PolicyOf(module, asked, entry?.Path ?? ""),
            Record = RecordOf(name),
            Unknown = DaemonRecords is null
                ? "who asked first, since when, and refusals: no daemon's records here"
                : null,
        };
        return facts with { Reason = ReasonOf(facts, module, found) };
    }

    ModuleRecord? RecordOf(string name) => DaemonRecords?.FirstOrDefault(record => record.Module == name);

    ModuleState StateOf(string name)
    {
        if (catalog.Tree.IsBuiltIn(name))
            return ModuleState.BuiltIn;
        if (!IsSysOfKernel)
            return ModuleState.NotLoaded;
        var modules = $"{sys}/module/";
        return SysModule.InitStateOf(name, modules) switch
        {
            InitState.Live => ModuleState.Live,
            InitState.Coming when SysModule.IsBuiltIn(name, modules) => ModuleState.BuiltIn,
            InitState.Coming => ModuleState.Coming,
            InitState.Going => ModuleState.Going,
            _ => ModuleState.NotLoaded,
        };
    }

    string ReasonOf(WhyFacts facts, FoundModule module, FoundModule[] found) => facts.State switch
    {
        ModuleState.BuiltIn => "it is a part of the kernel: nothing has to load it",
        ModuleState.Coming => "its load call is in the kernel",
        ModuleState.Going => "it is being removed, or its init has failed",
        ModuleState.Live => WhyLive(facts),
        _ => WhyNotLoaded(facts, module, found),
    };

    static string WhyLive(WhyFacts facts)
    {
        if (facts.Record is { FirstRequester: { } asker, Last.IsAvailable: true, First.Error: Errno.None } record)
            return $"it was loaded for {asker}, which asked for {record.RequestedName}";
        if (facts.NeededBy.FirstOrDefault(needs => needs.EndsWith("(live)", StringComparison.Ordinal)) is { } live)
            return $"{live.Split(' ')[0]} needs it";
        if (facts.NeededBy.FirstOrDefault(needs => needs.EndsWith(ByDaemon, StringComparison.Ordinal)) is { } loaded)
            return $"it was loaded because {loaded.Split(' ')[0]} needs it";
        return facts.Wishes is [var wish, ..]
            ? $"{wish.By} asks for {wish.Asked}"
            : "nothing here asks for it now: a program, or a device that is gone";
    }

    string WhyNotLoaded(WhyFacts facts, FoundModule module, FoundModule[] found)
    {
        var name = module.Name;
        if (facts.IsFileMissing)
            return $"its file is missing: {facts.File} (install the modules again, or run depmod)";
        if (_planner.FindMissing(name) is { } missing)
            return $"it needs {missing}, which is in no index (stale index? run depmod)";
        var request = new LoadRequest(facts.Asked) { Found = module };
        var plan = ModulePlan.Of(
            _planner, module, other => StateOf(other) is ModuleState.Live ? InitState.Live : InitState.Absent, request);
        if (plan.Steps.FirstOrDefault(step => step is { IsRequired: true, Command: null, IsInKernel: false }
            && Against(step.Name) is not null) is { } barred)
        {
            var which = barred.Name == name ? "it" : $"{barred.Name}, which it needs,";
            return $"the kernel refuses {which} by {Against(barred.Name)} on its command line";
        }
        if (WishPlans.WhyForbidden(plan, name) is { } forbids)
            return forbids;
        var command = plan.Steps.FirstOrDefault(step => step.IsTarget)?.Command;
        if (command is not null && facts.Lines
            .FirstOrDefault(line => line.Text.EndsWith(command, StringComparison.Ordinal)) is { } install)
        {
            return $"an install line runs a command in its place ({install.Source}: {install.Text})";
        }
        if (facts.Record?.Last is { Kind: OutcomeKind.Failed or OutcomeKind.Joined, Error: not Errno.None } last)
            return $"the last load failed: {ErrnoText.Name(last.Error)}{(last.Why is { } why ? $" ({why})" : "")}";
        if (module.WhyLeftOut(catalog, found, applyBlacklist: false) is { } leftOut && !catalog.IsBlacklisted(name))
            return leftOut;
        if (catalog.IsBlacklisted(name))
        {
            return facts.Wishes.Any(wish => wish.Module.Alias is not null)
                ? "a device asks for it, but a blacklist line keeps requests by alias from it"
                : "a blacklist line keeps requests by alias from it; requests by its name would load it";
        }
        var would = $"'modprobe {name}' would load it"
            + (Unread is { } unread ? $", unless {unread.Source} forbids it, which cannot be read" : "");
        if (facts.Wishes is [var first, ..])
            return $"{first.By} asks for it; nothing here stops it: {would}";
        return facts.NeededBy.Count > 0
            ? $"nothing here asks for it or for what needs it: {would}"
            : $"nothing here asks for it: no device has one of its aliases; {would}";
    }

    string? Against(string module) => KernelParameters.WordAgainst(module, CommandLine);

    /// <summary>A file of the policy that this user cannot read, as the loader may.</summary>
    PolicyProblem? Unread => catalog.Policy?.Problems.FirstOrDefault(problem => problem.Source.Line == 0);

    string WhyNotFound(string asked)
    {
        var directory = catalog.Tree.Directory;
        if (!catalog.Tree.Names().Any())
            return $"there is no index in {directory}: install the kernel's modules, or run depmod";
        if (asked.Contains(':'))
            return $"no alias in {directory} matches it: this kernel has no driver module for such a device";
        var hint = Nearest.Hint(ModuleName.Normalize(asked), catalog.Tree.Names());
        return $"no index, alias or line of modprobe.d has this name{hint}";
    }

    List<string> NeededBy(string name)
    {
        var needs = new List<string>();
        if (SystemFiles.Current.IsDirectory($"{sys}/module/{name}/holders"))
        {
            needs.AddRange(Directory.EnumerateFileSystemEntries($"{sys}/module/{name}/holders")
                .Select(holder => $"{Path.GetFileName(holder)} (live)").Order(StringComparer.Ordinal));
        }
        needs.AddRange(DaemonRecords?.Where(record => record.First?.Needed.Contains(name) == true)
            .Select(record => record.Module + ByDaemon) ?? []);
        needs.AddRange(catalog.Tree.Names().Where(other => catalog.Tree.Find(other)!.Dependencies.Contains(name))
            .Select(other => $"{other} (dependency)"));
        needs.AddRange(catalog.Config.SoftDependencies.Where(line => line.Pre.Concat(line.Post)
                .Any(soft => FoundModule.All(catalog, soft).Any(module => module.Name == name)))
            .Select(line => $"{line.Pattern} (softdep, {line.Source})"));
        var distinct = needs.DistinctBy(text => text.Split(' ')[0]).ToList();
        return distinct.Count <= MaxNeeds
            ? distinct
            : [.. distinct.Take(MaxNeeds), $"and {distinct.Count - MaxNeeds} more"];
    }

    List<WhyLine> LinesOf(FoundModule module)
    {
        var (name, lines) = (module.Name, new List<WhyLine>());
        if (Against(name) is { } word)
            lines.Add(new(KernelParameters.Source, word, "the kernel refuses to load it"));
        foreach (var line in catalog.Config.Blacklist.Where(line => line.Module == name))
            lines.Add(new(line.Source, $"blacklist {line.Module}", "requests by alias do not load it"));
        var isFirst = true;
        foreach (var line in catalog.Config.InstallCommands.Where(line => Fnmatch.Matches(line.Pattern, name)))
        {
            var effect = isFirst ? "runs in its place" : "of no effect: not the first";
            lines.Add(new(line.Source, $"install {line.Pattern} {line.Command}", effect));
            isFirst = false;
        }
        foreach (var line in catalog.Config.Options.Where(line => line.Module == name || line.Module == module.Alias))
            lines.Add(new(line.Source, $"options {line.Module} {line.Options}"));
        foreach (var line in catalog.Config.SoftDependencies.Where(line => Fnmatch.Matches(line.Pattern, name)))
            lines.Add(new(line.Source, $"softdep {line.Pattern} {string.Join(' ', line.Pre.Concat(line.Post))}"));
        foreach (var line in catalog.Config.Aliases.Where(line => line.Module == name))
            lines.Add(new(line.Source, $"alias {line.Pattern} {line.Module}"));
        return lines;
    }

    string? PolicyOf(FoundModule module, string asked, string path)
    {
        if (catalog.Policy is not { } policy)
            return null;
        _ = ModuleName.TryNormalizeAlias(asked, out var alias);
        var question = new PolicyQuestion(module.Name, alias, path);
        var answer = policy.Ask(question);
        var ofPrograms = string.Concat(
            policy.OfPrograms(question).Select(line => $"; for some programs: {line.Source}: {line.Text}"));
        var mode = policy.IsWarnOnly && answer.Effect is PolicyEffect.Forbid ? " (warn-only: it is loaded)" : "";
        var verdict = (answer.Effect, answer.Line) switch
        {
            (PolicyEffect.Allow, _) when Unread is { } unread => $"allows it, without what cannot be read: {unread}",
            (PolicyEffect.Allow, null) => "allows it: no line is about it",
            (PolicyEffect.Allow, { } line) => $"allows it ({line})",
            (PolicyEffect.Warn, { } line) => $"allows it with a warning ({line})",
            _ => answer.Refusal("it") + mode,
        };
        return verdict + ofPrograms;
    }

}
