using Drover.CommandLine;
using Drover.Linux.ProcFs;
using Drover.Loading;
using Drover.Text;

namespace Drover.Kmod;

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
                if (options.LookUpOnly)
                    return;
                json.WriteObjects("steps", StepsOf(module), step =>
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

        IReadOnlyList<PlanStep> StepsOf(FoundModule module) =>
            ModulePlan.Of(planner, module, SysModule.InitStateOf, null, options.IgnoreCommands).Steps;
    }
}
