using Drover.Linux.ProcFs;
using Drover.Loading;
using Drover.Modules;
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
        WarnOfIgnored(arguments, terminal);
        if (catalog.Policy is not { } policy)
        {
            foreach (var file in recordings)
                RecordingFile.Load(file); // one that cannot be read is an error all the same
            if (arguments.Has(CommonOptions.Json))
                WriteJson([], [], [], 0, terminal.Out);
            else
                terminal.Out.WriteLine("There is no policy: everything may be loaded.");
            return ExitCode.Ok;
        }
        var wishes = ModuleWishes.Of(arguments, catalog, recordings, terminal);
        var stopped = Stopped(catalog, wishes);
        var unknown = Unknown(catalog, policy);
        var ofPrograms = policy.Lines.Where(line => line.IsOfClient).DistinctBy(line => line.Source).Count();
        if (ofPrograms > 0)
            terminal.Warn($"lines for some programs (client:) are not checked: {ofPrograms}");
        var modules = wishes.Select(wish => wish.Module.Name).Distinct().Count();
        if (arguments.Has(CommonOptions.Json))
            WriteJson(stopped, policy.Problems, unknown, modules, terminal.Out);
        else
            WriteText(stopped, policy, unknown, isWarnOnly, modules, terminal);
        return stopped.Count > 0 || policy.Problems.Count > 0 ? ExitCode.Failure : ExitCode.Ok;
    }

    /// <summary>Files that are read by no loader, and a policy that this boot does without.</summary>
    static void WarnOfIgnored(Arguments arguments, Terminal terminal)
    {
        var directories = ModulePolicy.DirectoriesBelow(ModuleSource.RootOf(arguments));
        foreach (var directory in directories.Where(SystemFiles.Current.IsDirectory))
        {
            foreach (var name in SystemFiles.Current.List(directory).Order(ByteText.ByteOrder))
            {
                if (name[0] != '.' && !name.EndsWith(".conf", StringComparison.Ordinal))
                    terminal.Warn($"{directory}/{name} is not read: its name does not end in .conf");
            }
        }
        if (ModuleSource.IsThisMachine(arguments) && ModulePolicy.IsOff(Machine.CommandLine()))
            terminal.Warn("the kernel's command line has drover.policy=off: this boot is without the policy");
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

    /// <summary>Names in lines that are no module and no alias: a mistake, or of another kernel.</summary>
    static IReadOnlyList<string> Unknown(ModuleCatalog catalog, ModulePolicy policy) =>
    [
        .. from line in policy.Lines.Select(line => (line.Name, line.Source)).Concat(
               policy.Preferences.SelectMany(line => (string[])[line.Preferred, line.Over],
                   (line, name) => (Name: (string?)name, line.Source)))
           where line.Name is { } name && name.AsSpan().IndexOfAny("*?[\\:") < 0
               && !catalog.Tree.IsBuiltIn(name) && !FoundModule.All(catalog, name).Any()
           select $"{line.Source}: '{line.Name}' is no module and no alias in {catalog.Tree.Directory}",
    ];

    static void WriteText(
        IReadOnlyList<(ModuleWish Wish, string Why)> stopped, ModulePolicy policy, IReadOnlyList<string> unknown,
        bool isWarnOnly, int modules, Terminal terminal)
    {
        terminal.WarnOf(policy);
        foreach (var name in unknown)
            terminal.Warn(name);
        if (stopped.Count > 0)
        {
            var table = new PlainTable("MODULE", "ASKED BY", "WHY IT WOULD NOT BE LOADED");
            foreach (var (wish, why) in stopped)
                table.Add(wish.Module.Name, wish.By, why);
            table.WriteTo(terminal.Out);
        }
        var until = isWarnOnly ? ", once the policy is no longer warn-only" : "";
        var count = policy.Lines.Select(line => line.Source)
            .Concat(policy.Preferences.Select(line => line.Source)).Distinct().Count();
        var lines = count == 1 ? "1 line" : $"{count} lines";
        var result = modules == 0
            ? "Nothing asks for a module here, so nothing was checked"
            : $"{stopped.Count} of {modules} modules would be stopped{until}";
        terminal.Out.WriteLine($"{result}; the policy has {lines}");
    }

    static void WriteJson(
        IReadOnlyList<(ModuleWish Wish, string Why)> stopped, IReadOnlyList<PolicyProblem> problems,
        IReadOnlyList<string> unknown, int modules, TextWriter writer) =>
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
            json.WriteStrings("unknown", unknown);
        });
}
