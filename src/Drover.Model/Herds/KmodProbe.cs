using Drover.Loading;
using Drover.Model.Kernel;

namespace Drover.Model.Herds;

/// <summary>libkmod's way to load one module (<c>kmod_module_probe_insert_module</c>): the steps of its plan one after
/// another, each after a look at sysfs. That look is all it knows of other processes.</summary>
sealed class KmodProbe(ModelMachine machine)
{
    readonly FinitModule _finit = new(machine.Kernel);
    readonly UserDecompression _decompression = new(machine);
    readonly Dictionary<string, PlanStep[]> _steps = [];

    /// <summary>Loads a module and all it needs. EEXIST is success; another error of a required step ends it.</summary>
    public async ValueTask<Errno> InsertAsync(ModelTask task, string module)
    {
        foreach (var step in StepsOf(module))
        {
            await machine.Kernel.Compute(machine.Costs.InitStateNs);
            // only live modules are skipped: a module that is coming is loaded again
            if (machine.Kernel.InitStateOf(step.Name) is InitState.Live)
                continue;
            var error = await CallAsync(task, machine.Files[step.Name]);
            if (step.IsRequired && error is not (Errno.None or Errno.EEXIST))
                return error;
            if (task.IsKilled)
                return Errno.EINTR;
        }
        return Errno.None;
    }

    /// <summary>Opens the file and makes the call that the distribution's kmod makes.</summary>
    public async ValueTask<Errno> CallAsync(ModelTask task, ModuleOnDisk file)
    {
        await machine.Kernel.Compute(machine.Costs.OpenNs);
        return machine.UserDecompresses
            ? await _decompression.CallAsync(task, file)
            : await _finit.CallAsync(task, file, compressed: file.Facts.ElfBytes != file.Facts.FileBytes);
    }

    /// <summary>The same plan as <c>modprobe</c> prints (kmod: <c>kmod_module_get_probe_list</c>).</summary>
    PlanStep[] StepsOf(string module)
    {
        if (!_steps.TryGetValue(module, out var steps))
        {
            var plan = ModulePlan.Of(machine.Planner, new FoundModule(module, null), _ => InitState.Absent);
            _steps[module] = steps = [.. plan.Steps.Where(step => step.Path is not null)];
        }
        return steps;
    }
}
