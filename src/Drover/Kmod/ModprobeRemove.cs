using Drover.CommandLine;
using Drover.Host;
using Drover.Kernel;
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
            if (!await RemoveAsync(module, Options.WithHolders, ignoreBuiltIn: false, depth: 0))
                return false;
        }
        return found.Count > 0;
    }

    async Task<bool> RemoveAsync(FoundModule module, bool withHolders, bool ignoreBuiltIn, int depth)
    {
        if (depth > MaxDepth)
        {
            // kmod overflows its stack
            _run.Log.Error($"softdep cycle, or chain longer than {MaxDepth}: {module.Name}");
            throw new FatalException();
        }
        var command = Options.IgnoreCommands ? null : _run.Catalog.RemoveCommandOf(module.Name, module.Alias);
        if (command is null && !Options.ShowDepends && !IsRemovable(module.Name, ignoreBuiltIn, depth, out var isGone))
            return isGone;
        var (pre, post) = Options.IgnoreCommands ? ([], []) : _run.Catalog.SoftDependenciesOf(module.Name);

        await RemoveSoftAsync(post, depth);
        var holders = withHolders ? SysModule.HoldersOf(module.Name)?.Count ?? 0 : 0;
        if (withHolders && !await RemoveHoldersAsync(module.Name, depth))
            return false;
        var others = SysModule.ReferencesTo(module.Name) - (Options.DryRun ? holders : 0);
        if (command is null && !Options.ShowDepends && Options.Wait == TimeSpan.Zero && others > 0)
        {
            _run.ReportFailure($"Module {module.Name} is in use.");
            return false;
        }
        // what only its holders needed was removed with the last of them
        var isDone = command is not null ? await RunCommandAsync(module.Name, command)
            : (withHolders && IsGone(module.Name)) || await RemoveFromKernelAsync(module.Name);
        if (!isDone)
            return false;
        await RemoveUnusedAsync(module.Name);
        await RemoveSoftAsync(pre, depth);
        return true;
    }

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
        if (SysModule.InitStateOf(module) is not InitState.Absent)
            return true;
        // a softdep may have been removed before, as a dependency
        isDone = !Options.FirstTime || depth > 0;
        if (!isDone)
            _run.ReportFailure($"Module {module} is not in kernel.");
        return false;
    }

    bool IsGone(string module) => !Options.DryRun && SysModule.InitStateOf(module) is InitState.Absent;

    /// <summary>The last first; failures are ignored.</summary>
    async Task RemoveSoftAsync(IReadOnlyList<string> names, int depth)
    {
        for (var i = names.Count - 1; i >= 0; i--)
        {
            var found = FoundModule.All(_run.Catalog, names[i]);
            for (var j = found.Count - 1; j >= 0; j--)
                await RemoveAsync(found[j], withHolders: false, ignoreBuiltIn: true, depth + 1);
        }
    }

    async Task<bool> RemoveHoldersAsync(string module, int depth)
    {
        if (SysModule.HoldersOf(module) is not { } holders)
        {
            _run.Log.Error($"could not open '/sys/module/{module}/holders': {StrError.Of(Errno.ENOENT)}");
            return true;
        }
        for (var i = holders.Count - 1; i >= 0; i--)
        {
            if (!await RemoveAsync(new FoundModule(holders[i], null), withHolders: true, ignoreBuiltIn: true,
                depth + 1))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Removes the dependencies that are unused now; failures are ignored.</summary>
    async Task RemoveUnusedAsync(string module)
    {
        var dependencies = _run.Catalog.Tree.Find(module)?.Dependencies ?? [];
        for (var i = dependencies.Count - 1; i >= 0; i--)
        {
            if (SysModule.ReferencesTo(dependencies[i]) == 0)
                await RemoveFromKernelAsync(dependencies[i]);
        }
    }

    async Task<bool> RemoveFromKernelAsync(string module)
    {
        if (PrintsCommands)
            _run.Terminal.Out.WriteLine($"rmmod {module}");
        if (Options.DryRun)
            return true;
        var error = await _remover.RemoveAsync(module, Options.Force, Options.Wait);
        if (error is Errno.None || (error is Errno.ENOENT && !Options.FirstTime && IsGone(module)))
            return true;
        _run.Log.Error($"could not remove '{module}': {StrError.Of(error)}");
        return false;
    }

    async Task<bool> RunCommandAsync(string module, string command)
    {
        command = command.Replace("$CMDLINE_OPTS", "", StringComparison.Ordinal);
        if (PrintsCommands)
            _run.Terminal.Out.WriteLine($"remove {command}");
        if (Options.DryRun)
            return true;
        var status = await _session.Kernel.RunRemoveCommandAsync(command, module);
        if (status == CommandStatus.Loop)
        {
            _run.ReportFailure($"remove commands form a loop that leads back to {module}; a remove command removes its "
                + "own module with 'modprobe -r --ignore-remove'");
        }
        else if (status != 0)
        {
            _run.ReportFailure($"Error running remove command for {module}");
        }
        return status == 0;
    }
}
