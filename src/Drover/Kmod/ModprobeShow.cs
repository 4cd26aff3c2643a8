using Drover.CommandLine;
using Drover.Kernel;
using Drover.Linux.ProcFs;
using Drover.Loading;
using Drover.Modules;
using Drover.Modules.Config;
using Drover.Modules.Patterns;
using Drover.Modules.Symbols;
using Drover.Modules.Tree;
using Drover.Text;

namespace Drover.Kmod;

/// <summary><c>modprobe -c</c>: the configuration, by kind of line, and the indexes of aliases and symbols.</summary>
static class ModprobeDump
{
    public static int Write(ModprobeRun run)
    {
        if (run.Options.Json)
            WriteJson(run);
        else
            WriteText(run);
        return ExitCode.Ok;
    }

    static void WriteText(ModprobeRun run)
    {
        var (config, tree, output) = (run.Catalog.Config, run.Catalog.Tree, run.Terminal.Out);
        foreach (var line in config.Blacklist)
            output.WriteLine($"blacklist {line.Module}");
        foreach (var line in config.InstallCommands)
            output.WriteLine($"install {line.Pattern} {line.Command}");
        foreach (var line in config.RemoveCommands)
            output.WriteLine($"remove {line.Pattern} {line.Command}");
        foreach (var line in config.Aliases)
            output.WriteLine($"alias {line.Pattern} {line.Module}");
        foreach (var line in config.Options)
            output.WriteLine($"options {line.Module} {line.Options}");
        foreach (var line in config.SoftDependencies)
            output.WriteLine($"softdep {line.Pattern} {SoftdepText(line, between: "")}");
        foreach (var line in config.WeakDependencies)
            output.WriteLine($"weakdep {line.Pattern} {string.Join(' ', line.Modules)}");
        output.WriteLine("\n# End of configuration files. Dumping indexes now:\n");
        WriteIndex(Entries(run, tree.Aliases), output);
        WriteIndex(Entries(run, tree.Symbols), output);
    }

    static void WriteIndex(IEnumerable<KeyValuePair<string, string>> entries, TextWriter output)
    {
        foreach (var (pattern, module) in entries)
        {
            output.Write("alias ");
            output.Write(pattern);
            output.Write(' ');
            output.WriteLine(module);
        }
    }

    /// <summary>The entries of an index, up to where it is damaged; none if it cannot be read. The tree reports the
    /// damage.</summary>
    static IEnumerable<KeyValuePair<string, string>> Entries(
        ModprobeRun run, Func<IEnumerable<KeyValuePair<string, string>>> read)
    {
        IEnumerator<KeyValuePair<string, string>>? entries = null;
        while (true)
        {
            try
            {
                entries ??= read().GetEnumerator();
                if (!entries.MoveNext())
                    yield break;
            }
            catch (Exception problem) when (ModuleTree.IsDamage(problem))
            {
                run.Log.Info(problem.Message);
                yield break;
            }
            yield return entries.Current;
        }
    }

    /// <summary>The text of a softdep line, without empty parts.</summary>
    /// <param name="between">Separates the two parts; kmod 30 prints no separator.</param>
    public static string SoftdepText(SoftDependencyRule line, string between = " ")
    {
        var pre = line.Pre.Count > 0 ? $"pre: {string.Join(' ', line.Pre)}" : "";
        var post = line.Post.Count > 0 ? $"post: {string.Join(' ', line.Post)}" : "";
        return pre.Length > 0 && post.Length > 0 ? $"{pre}{between}{post}" : pre + post;
    }

    static void WriteJson(ModprobeRun run)
    {
        var (config, tree) = (run.Catalog.Config, run.Catalog.Tree);
        Json.Write(run.Terminal.Out, json =>
        {
            json.WriteObjects("blacklist", config.Blacklist, line => Members(line.Source, ("module", line.Module)));
            json.WriteObjects(
                "install", config.InstallCommands,
                line => Members(line.Source, ("module", line.Pattern), ("command", line.Command)));
            json.WriteObjects(
                "remove", config.RemoveCommands,
                line => Members(line.Source, ("module", line.Pattern), ("command", line.Command)));
            json.WriteObjects(
                "alias", config.Aliases,
                line => Members(line.Source, ("pattern", line.Pattern), ("module", line.Module)));
            json.WriteObjects(
                "options", config.Options,
                line => Members(line.Source, ("module", line.Module), ("options", line.Options)));
            json.WriteObjects("softdep", config.SoftDependencies, line =>
            {
                json.WriteString("module", line.Pattern);
                json.WriteStrings("pre", line.Pre);
                json.WriteStrings("post", line.Post);
                Members(line.Source);
            });
            json.WriteObjects("weakdep", config.WeakDependencies, line =>
            {
                json.WriteString("module", line.Pattern);
                json.WriteStrings("modules", line.Modules);
                Members(line.Source);
            });
            json.WriteObjects("aliasIndex", Entries(run, tree.Aliases), Entry);
            json.WriteObjects("symbolIndex", Entries(run, tree.Symbols), Entry);

            void Entry(KeyValuePair<string, string> entry)
            {
                json.WriteString("pattern", entry.Key);
                json.WriteString("module", entry.Value);
            }

            void Members(ConfigSource source, params ReadOnlySpan<(string Key, string Value)> members)
            {
                foreach (var (key, value) in members)
                    json.WriteString(key, value);
                json.WriteString("file", source.File);
                json.WriteNumber("line", source.Line);
            }
        });
    }
}

/// <summary><c>modprobe --show-modversions FILE</c>, <c>--show-exports FILE</c>: symbols with checksums.</summary>
static class ModprobeSymbols
{
    public static int Write(ModprobeRun run)
    {
        var file = run.Options.Operands[0];
        var exports = run.Options.Task is ModprobeTask.ShowExports;
        if (SystemFiles.Current.KindOf(file) is null)
        {
            run.ReportFailure($"Module {file} not found.");
            return ExitCode.Failure;
        }
        string why;
        try
        {
            var symbols = exports ? ModuleVersions.Exports(file) : ModuleVersions.Uses(file);
            if (symbols is not null)
            {
                foreach (var (name, crc) in symbols)
                    run.Terminal.Out.WriteLine($"0x{crc:x8}\t{name}");
                return ExitCode.Ok;
            }
            why = StrError.Of(Errno.ENODATA);
        }
        catch (Exception problem) when (StrError.Of(problem) is { } reason)
        {
            run.Log.Info(problem.Message);
            why = reason;
        }
        run.ReportFailure($"could not get {(exports ? "symbols" : "modversions")} of {file}: {why}");
        return ExitCode.Failure;
    }
}

/// <summary>What -R and -D find, as JSON: an array with an object for each name.</summary>
static class ModprobeJson
{
    /// <returns>The exit status: failure where a name stands for nothing.</returns>
    public static int Write(ModprobeRun run)
    {
        var options = run.Options;
        var names = options.All ? options.Operands : [options.Operands[0]];
        var parameters = options.All ? "" : ModuleOptions.Join(options.Operands, 1);
        var planner = new Planner(run.Catalog);
        var all = true;
        Json.WriteArray(run.Terminal.Out, names, (json, asked) =>
        {
            var found = FoundModule.All(run.Catalog, asked);
            all &= found.Count > 0;
            json.WriteString("asked", asked);
            json.WriteObjects("modules", found, module =>
            {
                json.WriteString("name", module.Name);
                json.WriteString("alias", module.Alias);
                json.WriteBoolean("isBlacklisted", run.Catalog.IsBlacklisted(module.Name));
                var plan = ModulePlan.Of(
                    planner, module, SysModule.InitStateOf, ModprobeInsert.RequestOf(options, asked, module, null));
                json.WriteString("forbidden", plan.WhyForbidden(module.Name));
                if (options.LookUpOnly)
                    return;
                json.WriteObjects("steps", plan.Steps, step =>
                {
                    json.WriteString("module", step.Name);
                    json.WriteString("path", step.Path);
                    json.WriteString("install", step.Command);
                    var stepOptions = step.IsTarget ? InsertLines.Join(step.Options, parameters) : step.Options;
                    json.WriteString("options", stepOptions.TrimEnd());
                    json.WriteBoolean("isBuiltIn", step.IsBuiltIn);
                    json.WriteBoolean("isRequired", step.IsRequired);
                });
            });
        });
        return all ? ExitCode.Ok : ExitCode.Failure;
    }
}

/// <summary><c>modprobe --explain NAME…</c>: what would be done, and the lines of the files that decide it.</summary>
static class ModprobeExplain
{
    /// <returns>The exit status: failure where a name stands for nothing.</returns>
    public static int Write(ModprobeRun run)
    {
        var all = true;
        foreach (var name in run.Options.Operands)
        {
            var file = ModprobeInsert.FileOf(name);
            var found = ModprobeInsert.Find(run, name, file);
            if (found.Count == 0)
            {
                run.Log.Error(file is null
                    ? $"Module {name} not found in directory {run.Catalog.Tree.Directory}"
                    : $"Module {name} not found.");
                all = false;
            }
            foreach (var module in found)
                Explain(run, name, file, module, found);
        }
        return all ? ExitCode.Ok : ExitCode.Failure;
    }

    static void Explain(
        ModprobeRun run, string name, string? file, FoundModule module, IReadOnlyList<FoundModule> found)
    {
        var (catalog, output) = (run.Catalog, run.Terminal.Out);
        output.WriteLine(module.Name);
        var match = module.Rule is { } rule
            ? $"alias {rule.Pattern} {rule.Module}"
            : file is null ? $"{name}, in {SourceOf(catalog.Resolve(name).Step)}"
            : $"{name}, a file";
        Say("found", match, module.Rule?.Source);
        var state = SysModule.InitStateOf(module.Name) switch
        {
            _ when catalog.Tree.IsBuiltIn(module.Name) => "built into the kernel",
            InitState.Live => "live",
            InitState.Coming => "being loaded, or built in",
            InitState.Going => "being removed",
            _ => "not loaded",
        };
        if (run.Options is not { Root: null, Release: null } && !catalog.Tree.IsBuiltIn(module.Name))
            state += ", in the running kernel";
        Say("now", run.Options.FirstTime ? $"{state} (--first-time: anything but 'not loaded' fails)" : state, null);
        var effect = module.Alias is not null || run.Options.UseBlacklist
            ? "it will not be loaded"
            : "of no effect: it is asked for by its own name, without -b";
        foreach (var line in catalog.Config.Blacklist.Where(line => line.Module == module.Name))
            Say("blacklist", effect, line.Source);
        var planner = new Planner(catalog);
        var request = ModprobeInsert.RequestOf(run.Options, name, module, file);
        var plan = ModulePlan.Of(planner, module, SysModule.InitStateOf, request);
        if (module.WhyLeftOut(catalog, found, applyBlacklist: false) is { } leftOut
            && !catalog.IsBlacklisted(module.Name))
        {
            Say("policy", leftOut, null);
        }
        foreach (var forbidden in plan.Forbidden)
            Say("policy", $"{forbidden.Module}: {forbidden.Why}", null);
        foreach (var step in plan.Steps)
            Explain(run, step);

        void Say(string what, string text, ConfigSource? source) =>
            output.WriteLine($"  {what,-10} {text}{Place(source)}");
    }

    static void Explain(ModprobeRun run, PlanStep step)
    {
        var (config, output) = (run.Catalog.Config, run.Terminal.Out);
        var name = step.Name;
        var why = step.IsTarget ? "asked for" : step.IsRequired ? "hard dependency" : "softdep, or what one needs";
        var action = step.Command is not null ? "run" : step.Path is null ? "skip" : "load";
        output.WriteLine($"  {action,-10} {name} ({why})");
        if (action == "load" && KernelParameters.WordAgainst(name, Machine.CommandLine() ?? "") is { } word)
            Say($"{word} (the kernel refuses to load it)", KernelParameters.Source);
        foreach (var line in config.Options.Where(line => line.Module == name || line.Module == step.Module.Alias))
            Say($"options {line.Module} {line.Options}", line.Source);
        if (!(step.IsTarget && run.Options.IgnoreCommands))
            ExplainSoftdeps(run, name, Say);
        var isFirst = true;
        foreach (var line in config.InstallCommands.Where(line => Fnmatch.Matches(line.Pattern, name)))
        {
            var effect = !isFirst ? " (of no effect: not the first)"
                : step.Command is null ? " (of no effect: with -i, or softdeps as in kmod 30)"
                : "";
            Say($"install {line.Pattern} {line.Command}{effect}", line.Source);
            isFirst = false;
        }

        void Say(string text, ConfigSource source) => output.WriteLine($"    {text}{Place(source)}");
    }

    static void ExplainSoftdeps(ModprobeRun run, string name, Action<string, ConfigSource> say)
    {
        var isFirst = true;
        var lines = run.Catalog.Config.SoftDependencies.Where(line => Fnmatch.Matches(line.Pattern, name)).ToArray();
        var isTakenAway = !run.Catalog.OldSoftdeps && Array.Exists(lines, line => line.IsEmpty);
        foreach (var line in lines)
        {
            var effect = !isFirst && run.Catalog.OldSoftdeps ? " (of no effect: not the first)"
                : line.IsOfModule && isTakenAway ? " (of no effect: an empty line takes it away)"
                : "";
            say($"softdep {line.Pattern} {ModprobeDump.SoftdepText(line)}{effect}", line.Source);
            isFirst = false;
        }
    }

    static string SourceOf(LookupStep step) => step switch
    {
        LookupStep.ConfigAlias => "the configuration",
        LookupStep.Commands => "the configuration's commands",
        _ => LookupSteps.IndexOf(step) ?? "nothing",
    };

    static string Place(ConfigSource? source) => source is { } at ? $"  [{at}]" : "";
}
