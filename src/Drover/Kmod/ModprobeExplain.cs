using Drover.CommandLine;
using Drover.Kernel;
using Drover.Linux.ProcFs;
using Drover.Loading;
using Drover.Modules.Config;
using Drover.Modules.Patterns;

namespace Drover.Kmod;

/// <summary><c>modprobe --explain NAME…</c>: what would be done, and the lines of the files that decide it.</summary>
static class ModprobeExplain
{
    /// <returns>The exit status: failure where a name stands for nothing.</returns>
    public static int Write(ModprobeRun run)
    {
        var all = true;
        foreach (var name in run.Options.Operands)
        {
            var found = FoundModule.All(run.Catalog, name);
            if (found.Count == 0)
            {
                run.Log.Error($"Module {name} not found in directory {run.Catalog.Tree.Directory}");
                all = false;
            }
            foreach (var module in found)
                Explain(run, name, module);
        }
        return all ? ExitCode.Ok : ExitCode.Failure;
    }

    static void Explain(ModprobeRun run, string name, FoundModule module)
    {
        var (catalog, output) = (run.Catalog, run.Terminal.Out);
        output.WriteLine(module.Name);
        var match = module.Rule is { } rule
            ? $"alias {rule.Pattern} {rule.Module}"
            : $"{name}, in {SourceOf(catalog.Resolve(name).Step)}";
        Say("found", match, module.Rule?.Source);
        var state = SysModule.InitStateOf(module.Name) switch
        {
            _ when catalog.Tree.IsBuiltIn(module.Name) => "built into the kernel",
            InitState.Live => "live",
            InitState.Coming => "being loaded, or built in",
            InitState.Going => "being removed",
            _ => "not loaded",
        };
        Say("now", run.Options.FirstTime ? $"{state} (--first-time: anything but 'not loaded' fails)" : state, null);
        var effect = module.Alias is not null || run.Options.UseBlacklist
            ? "it will not be loaded"
            : "of no effect: it is asked for by its own name, without -b";
        foreach (var line in catalog.Config.Blacklist.Where(line => line.Module == module.Name))
            Say("blacklist", effect, line.Source);
        var planner = new Planner(catalog);
        var plan = ModulePlan.Of(planner, module, SysModule.InitStateOf, null, run.Options.IgnoreCommands);
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
        foreach (var line in config.Options.Where(line => line.Module == name || line.Module == step.Module.Alias))
            Say($"options {line.Module} {line.Options}", line.Source);
        if (!(step.IsTarget && run.Options.IgnoreCommands))
            ExplainSoftdeps(run, name, Say);
        var isFirst = true;
        foreach (var line in config.InstallCommands.Where(line => Fnmatch.Matches(line.Pattern, name)))
        {
            var effect = !isFirst ? " (of no effect: not the first)"
                : step.Command is null ? " (of no effect: softdeps, or -i, take its place)"
                : "";
            Say($"install {line.Pattern} {line.Command}{effect}", line.Source);
            isFirst = false;
        }

        void Say(string text, ConfigSource source) => output.WriteLine($"    {text}{Place(source)}");
    }

    static void ExplainSoftdeps(ModprobeRun run, string name, Action<string, ConfigSource> say)
    {
        var isFirst = true;
        foreach (var line in run.Catalog.Config.SoftDependencies.Where(line => Fnmatch.Matches(line.Pattern, name)))
        {
            var effect = !isFirst && run.Catalog.FirstSoftdepOnly ? " (of no effect: not the first)" : "";
            say($"softdep {line.Pattern} {ModprobeDump.SoftdepText(line)}{effect}", line.Source);
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

    static string Place(ConfigSource? source) =>
        source is not { } at ? "" : at.Line > 0 ? $"  [{at.File}:{at.Line}]" : $"  [{at.File}]";
}
