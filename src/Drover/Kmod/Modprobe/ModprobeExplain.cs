using Drover.Cli;
using Drover.Linux;
using Drover.Loading;
using Drover.Modules;

namespace Drover.Kmod;

/// <summary><c>modprobe --explain NAME…</c>: which line of which file decided what, and what would be done. Stateless.</summary>
static class ModprobeExplain
{
    /// <returns>The exit status: failure where a name stands for nothing.</returns>
    public static int Write(ModprobeRun run)
    {
        var all = true;
        foreach (var asked in run.Options.Operands)
        {
            var found = FoundModule.All(run.Catalog, asked);
            if (found.Count == 0)
            {
                run.Log.Error($"Module {asked} not found in directory {run.Catalog.Tree.Directory}");
                all = false;
            }
            foreach (var module in found)
                Explain(run, asked, module);
        }
        return all ? ExitCode.Ok : ExitCode.Failure;
    }

    static void Explain(ModprobeRun run, string asked, FoundModule module)
    {
        var (catalog, output) = (run.Catalog, run.Terminal.Out);
        output.WriteLine(module.Name);
        Say("found", module.Rule is { } rule ? $"alias {rule.Pattern} {rule.Module}" : $"{asked}, in {SourceOf(catalog.Resolve(asked).Step)}", module.Rule?.Source);
        var state = catalog.Tree.IsBuiltIn(module.Name) ? "built into the kernel" : SysModule.InitStateOf(module.Name) switch
        {
            InitState.Live => "live",
            InitState.Coming => "being loaded, or built in",
            InitState.Going => "being removed",
            _ => "not loaded",
        };
        Say("now", run.Options.FirstTime ? $"{state} (--first-time: anything but 'not loaded' fails)" : state, null);
        foreach (var line in catalog.Config.Blacklist)
        {
            if (line.Module == module.Name)
                Say("blacklist", module.Alias is not null || run.Options.UseBlacklist ? "it will not be loaded" : "of no effect: it is asked for by its own name, without -b", line.Source);
        }
        var steps = ProbeList.Of(catalog, module, null, run.Options.IgnoreCommands);
        foreach (var step in steps)
            Explain(run, step);

        void Say(string what, string text, ConfigSource? source) => output.WriteLine($"  {what,-10} {text}{Place(source)}");
    }

    static void Explain(ModprobeRun run, ProbeStep step)
    {
        var (config, output) = (run.Catalog.Config, run.Terminal.Out);
        var name = step.Module.Name;
        var why = step.IsTarget ? "asked for" : step.IsRequired ? "hard dependency" : "softdep, or what one needs";
        output.WriteLine($"  {(step.Command is not null ? "run" : step.Path is null ? "skip" : "load"),-10} {name} ({why})");
        foreach (var line in config.Options)
        {
            if (line.Module == name || (step.Module.Alias is { } alias && line.Module == alias))
                Say($"options {line.Module} {line.Options}", line.Source);
        }
        if (!(step.IsTarget && run.Options.IgnoreCommands))
            ExplainSoftdeps(run, name, Say);
        var isFirst = true;
        foreach (var line in config.InstallCommands)
        {
            if (!Modules.Patterns.Fnmatch.Matches(line.Pattern, name))
                continue;
            var effect = !isFirst ? " (of no effect: not the first)" : step.Command is null ? " (of no effect: softdeps, or -i, take its place)" : "";
            Say($"install {line.Pattern} {line.Command}{effect}", line.Source);
            isFirst = false;
        }

        void Say(string text, ConfigSource source) => output.WriteLine($"    {text}{Place(source)}");
    }

    static void ExplainSoftdeps(ModprobeRun run, string name, Action<string, ConfigSource> say)
    {
        var isFirst = true;
        foreach (var line in run.Catalog.Config.SoftDependencies)
        {
            if (!Modules.Patterns.Fnmatch.Matches(line.Pattern, name))
                continue;
            say($"softdep {line.Pattern} {ModprobeDump.SoftdepText(line)}{(!isFirst && run.Catalog.FirstSoftdepOnly ? " (of no effect: not the first)" : "")}", line.Source);
            isFirst = false;
        }
    }

    static string SourceOf(LookupStep step) => step switch
    {
        LookupStep.ConfigAlias => "the configuration",
        LookupStep.Dependencies => "modules.dep",
        LookupStep.Symbols => "modules.symbols",
        LookupStep.Commands => "the configuration's commands",
        LookupStep.Aliases => "modules.alias",
        LookupStep.BuiltIn => "modules.builtin",
        LookupStep.BuiltInAliases => "modules.builtin.alias",
        _ => "nothing",
    };

    static string Place(ConfigSource? source) => source is not { } at ? "" : at.Line > 0 ? $"  [{at.File}:{at.Line}]" : $"  [{at.File}]";
}
