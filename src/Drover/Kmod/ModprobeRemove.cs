using Drover.CommandLine;
using Drover.Host;
using Drover.Kernel;
using Drover.Linux.Kernel;
using Drover.Linux.ProcFs;
using Drover.Loading;
using Drover.Modules;

namespace Drover.Kmod;

/// <summary><c>modprobe -r</c>: removes a module, softdeps, holders and unused dependencies in kmod's order.</summary>
sealed class ModprobeRemove : IDisposable
{
    /// <summary>The longest chain of softdeps and holders.</summary>
    const int MaxDepth = 1000;

    readonly ModprobeRun _run;
    readonly Session _session;
    readonly Remover _remover;

    /// <summary>What was removed or tried so far, with -n in thought.</summary>
    readonly HashSet<string> _removed = [];

    /// <summary>With --remove-holders: holders, their holders and, last, the module: the order of removal.</summary>
    readonly List<string> _turns = [];

    ModprobeRemove(ModprobeRun run)
    {
        _run = run;
        _session = new Session(run.Catalog, CommandEnvironment.Of(run.Options));
        _remover = _session.CreateRemover();
    }

    ModprobeOptions Options => _run.Options;

    /// <summary>Print the commands: with -v those that run, with -D and -n -v those that would run.</summary>
    bool PrintsCommands => Options.IsVerbose || Options.ShowDepends;

    public static int Run(ModprobeRun run)
    {
        using var remove = new ModprobeRemove(run);
        return remove._session.Loop.Run(remove.RunAsync) ? ExitCode.Ok : ExitCode.Failure;
    }

    public void Dispose() => _session.Dispose();

    async Task<bool> RunAsync()
    {
        var all = true;
        foreach (var asked in Options.Operands)
            all &= await RemoveAsync(asked);
        return all;
    }

    async Task<bool> RemoveAsync(string asked)
    {
        var found = FoundModule.All(_run.Catalog, asked);
        // as kmod: a name with an unmatched bracket fails without a message
        if (found.Count == 0 && ModuleName.TryNormalizeAlias(asked, out _))
            _run.ReportFailure($"Module {asked} not found.");
        foreach (var module in found)
        {
            var isDone = Options.WithHolders ? await RemoveWithHoldersAsync(module)
                : await RemoveAsync(module, ignoreBuiltIn: false, depth: 0);
            if (!isDone)
                return false;
        }
        return found.Count > 0;
    }

    async Task<bool> RemoveAsync(FoundModule module, bool ignoreBuiltIn, int depth)
    {
        if (depth > MaxDepth)
        {
            // kmod overflows its stack
            _run.Log.Error($"softdep cycle, or chain longer than {MaxDepth}: {module.Name}");
            throw new FatalException();
        }
        var command = CommandOf(module);
        // commands may lead to each other's modules: what is gone by then is no loop
        if (command is not null && IsOuter(module.Name) && StateOf(module.Name) is InitState.Absent)
            return true;
        if (command is null && !Options.ShowDepends && !IsRemovable(module.Name, ignoreBuiltIn, depth, out var isGone))
            return isGone;
        var (pre, post) = SoftdepsOf(module.Name);
        await RemoveSoftAsync(post, depth);
        if (!await RemoveAloneAsync(module.Name, command))
            return false;
        await RemoveSoftAsync(pre, depth);
        return true;
    }

    /// <summary>Removes a module and all holders, each before what it uses; softdeps "pre" at the end.</summary>
    async Task<bool> RemoveWithHoldersAsync(FoundModule asked)
    {
        var isChecked = IsDone(asked.Name) || (CommandOf(asked) is null && !Options.ShowDepends);
        if (isChecked && !IsRemovable(asked.Name, ignoreBuiltIn: false, depth: 0, out var isGone))
            return isGone;
        var wasLoaded = StateOf(asked.Name) is not InitState.Absent;
        _turns.Clear();
        AddTurns(asked.Name);
        foreach (var name in _turns)
        {
            var module = name == asked.Name ? asked : new FoundModule(name, null);
            await RemoveSoftAsync(SoftdepsOf(name).Post, depth: 0);
            if (wasLoaded && StateOf(name) is InitState.Absent)
            {
                // by a holder's remove command
                await RemoveUnusedAsync(name);
                continue;
            }
            if (module == asked && SysModule.HoldersOf(name) is null)
                _run.Log.Error($"could not open '/sys/module/{name}/holders': {StrError.Of(Errno.ENOENT)}");
            if (!await RemoveAloneAsync(name, CommandOf(module)))
                return false;
        }
        foreach (var name in _turns)
            await RemoveSoftAsync(SoftdepsOf(name).Pre, depth: 0);
        return true;
    }

    void AddTurns(string module)
    {
        if (_turns.Contains(module))
            return;
        var holders = SysModule.HoldersOf(module) ?? [];
        for (var i = holders.Count - 1; i >= 0; i--)
        {
            if (StateOf(holders[i]) is not InitState.Absent)
                AddTurns(holders[i]);
        }
        _turns.Add(module);
    }

    /// <summary>Removes a module that no other uses, and then what only it needed.</summary>
    async Task<bool> RemoveAloneAsync(string module, string? command)
    {
        if (command is null && !Options.ShowDepends && Options.Wait == TimeSpan.Zero && ReferencesTo(module) > 0)
        {
            _run.ReportFailure($"Module {module} is in use.");
            return false;
        }
        if (!await (command is null ? RemoveFromKernelAsync(module) : RunCommandAsync(module, command)))
            return false;
        await RemoveUnusedAsync(module);
        return true;
    }

    string? CommandOf(FoundModule module) =>
        Options.IgnoreCommands ? null : _run.Catalog.RemoveCommandOf(module.Name, module.Alias);

    (IReadOnlyList<string> Pre, IReadOnlyList<string> Post) SoftdepsOf(string module) =>
        Options.IgnoreCommands ? ([], []) : _run.Catalog.SoftDependenciesOf(module);

    bool IsDone(string module) =>
        (_removed.Contains(module) || IsOuter(module)) && StateOf(module) is InitState.Absent;

    /// <summary>The module's remove command led to this process, whose caller does what follows it.</summary>
    static bool IsOuter(string module) => InstallCommand.IsRunning(module, isRemove: true);

    InitState StateOf(string module) =>
        IsPlanned(module) ? InitState.Absent : SysModule.InitStateOf(module);

    int? ReferencesTo(string module) =>
        IsPlanned(module) ? null
        : Options.DryRun ? SysModule.ReferencesTo(module) - (SysModule.HoldersOf(module)?.Count(IsPlanned) ?? 0)
        : SysModule.ReferencesTo(module);

    bool IsPlanned(string module) => Options.DryRun && _removed.Contains(module);

    /// <summary>Whether there is a module to remove; if not, whether that counts as success.</summary>
    bool IsRemovable(string module, bool ignoreBuiltIn, int depth, out bool isDone)
    {
        isDone = true;
        if (_run.Catalog.Tree.IsBuiltIn(module))
        {
            isDone = ignoreBuiltIn;
            if (!ignoreBuiltIn)
                _run.ReportFailure($"Module {module} is builtin.");
            return false;
        }
        if (StateOf(module) is not InitState.Absent)
            return true;
        // a softdep may have been removed before, as a dependency
        isDone = !Options.FirstTime || depth > 0;
        if (!isDone)
            _run.ReportFailure($"Module {module} is not in kernel.");
        return false;
    }

    /// <summary>The last first; failures are ignored.</summary>
    async Task RemoveSoftAsync(IReadOnlyList<string> names, int depth)
    {
        for (var i = names.Count - 1; i >= 0; i--)
        {
            var found = FoundModule.All(_run.Catalog, names[i]);
            for (var j = found.Count - 1; j >= 0; j--)
            {
                if (!Options.WithHolders || MayGo(found[j].Name))
                    await RemoveAsync(found[j], ignoreBuiltIn: true, depth + 1);
            }
        }
    }

    /// <summary>Whether a holder's softdep may go now: it has no turn, is not gone, and is unused.</summary>
    bool MayGo(string module) => !_turns.Contains(module) && !IsDone(module) && ReferencesTo(module) is not > 0;

    /// <summary>Removes the dependencies that are unused now; failures are ignored.</summary>
    async Task RemoveUnusedAsync(string module)
    {
        var dependencies = _run.Catalog.Tree.Find(module)?.Dependencies ?? [];
        for (var i = dependencies.Count - 1; i >= 0; i--)
        {
            if (ReferencesTo(dependencies[i]) == 0 && !_turns.Contains(dependencies[i]))
                await RemoveFromKernelAsync(dependencies[i]);
        }
    }

    async Task<bool> RemoveFromKernelAsync(string module)
    {
        if (PrintsCommands)
            _run.Terminal.Out.WriteLine($"rmmod {module}");
        _removed.Add(module);
        if (Options.DryRun)
            return true;
        var error = await _remover.RemoveAsync(module, Options.Force, Options.Wait);
        if (error is Errno.None || (error is Errno.ENOENT && !Options.FirstTime
            && SysModule.InitStateOf(module) is InitState.Absent))
        {
            return true;
        }
        _run.Log.Error($"could not remove '{module}': {StrError.Of(error)}");
        return false;
    }

    async Task<bool> RunCommandAsync(string module, string command)
    {
        if (IsOuter(module) && !Options.DryRun)
        {
            _run.ReportFailure($"remove commands form a loop that leads back to {module}; a remove command removes its "
                + "own module with 'modprobe -r --ignore-remove'");
            return false;
        }
        command = command.Replace("$CMDLINE_OPTS", "", StringComparison.Ordinal);
        if (PrintsCommands)
            _run.Terminal.Out.WriteLine($"remove {command}");
        _removed.Add(module);
        if (Options.DryRun)
            return true;
        _run.Terminal.Flush(); // the command writes there too
        var status = await _session.Kernel.RunRemoveCommandAsync(command, module);
        if (status != 0)
            _run.ReportFailure($"Error running remove command for {module}");
        return status == 0;
    }
}
