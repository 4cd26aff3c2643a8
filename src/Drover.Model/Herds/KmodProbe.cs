using Drover.Loading;

namespace Drover.Model;

/// <summary>
/// libkmod's way to load one module (<c>kmod_module_probe_insert_module</c>): its softdeps and dependencies, then itself, one after another, each looked at in
/// sysfs before. All that it knows of other processes is that look. Stateless but for the machine.
/// </summary>
sealed class KmodProbe(HerdMachine machine)
{
    readonly FinitModule _finit = new(machine.Kernel);
    readonly UserDecompression _decompression = new(machine);

    /// <summary>Loads a module with all that it needs; EEXIST of others counts as success, their other errors end it.</summary>
    public async ValueTask<Errno> InsertAsync(ModelTask task, string module)
    {
        var list = new List<(string Name, bool IsRequired)>();
        Collect(module, isRequired: true, [], list);
        foreach (var (name, isRequired) in list)
        {
            await machine.Kernel.Compute(machine.Costs.InitStateNs);
            // one that is coming is loaded again: only live ones are passed over
            if (machine.Kernel.InitStateOf(name) is InitState.Live)
                continue;
            if (await CallAsync(task, machine.Files[name]) is var error and not (Errno.None or Errno.EEXIST) && isRequired)
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

    /// <summary><c>__kmod_module_get_probe_list</c>.</summary>
    void Collect(string module, bool isRequired, HashSet<string> seen, List<(string Name, bool IsRequired)> list)
    {
        if (!seen.Add(module))
            return;
        var facts = machine.Files[module].Facts;
        foreach (var before in facts.SoftdepsBefore)
            Collect(before, isRequired: false, seen, list);
        foreach (var dependency in facts.Dependencies)
            Collect(dependency, isRequired, seen, list);
        list.Add((module, isRequired));
        foreach (var after in facts.SoftdepsAfter)
            Collect(after, isRequired: false, seen, list);
    }
}
