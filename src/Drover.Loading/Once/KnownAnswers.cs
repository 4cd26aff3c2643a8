using Drover.Modules;

namespace Drover.Loading;

/// <summary>What can be said of a module without a call to the kernel: it is built in, unknown, live, or known to fail. One owner, the event loop.</summary>
sealed class KnownAnswers(ModuleCatalog catalog, IKernel kernel, Memory memory)
{
    ModuleCatalog _catalog = catalog;
    Planner _planner = new(catalog);

    /// <summary>As <see cref="Loader.HearsOfRemovals"/>.</summary>
    public bool HearsOfRemovals
    {
        get;
        set
        {
            field = value;
            memory.ForgetWhatIsLive(); // nobody told of what went before
        }
    }

    /// <summary>As <see cref="Loader.Use"/>.</summary>
    public void Use(ModuleCatalog catalog)
    {
        (_catalog, _planner) = (catalog, new Planner(catalog));
        memory.ForgetFailuresOfFiles();
    }

    /// <summary>The answer, or null and the node of the plan that a flight is to bring.</summary>
    public Answer? Find(string module, in Ask ask, string parameters, out PlannedModule? planned)
    {
        planned = null;
        try
        {
            if (ask.File is null && _catalog.Tree.IsBuiltIn(module))
                return new Answer(new ModuleOutcome(module, OutcomeKind.BuiltIn));
            if (!_planner.TryPlan(new FoundModule(module, ask.Alias), ask.Scope, ask.File, out planned, out var cycle))
            {
                return new Answer(cycle is null
                    ? new ModuleOutcome(module, OutcomeKind.NotFound, Why: LoaderMessages.NotFound(module))
                    : new ModuleOutcome(module, OutcomeKind.Failed, Errno.ELOOP, LoaderMessages.Cycle(cycle)));
            }
        }
        catch (ModuleDataException corrupt)
        {
            return new Answer(new ModuleOutcome(module, OutcomeKind.Failed, Errno.EBADMSG, LoaderMessages.CorruptIndex(corrupt.Message)));
        }
        if (IsLive(module))
        {
            var differ = ask.OwnParameters.Length > 0 && memory.ParametersOf(module) != parameters;
            return new Answer(new ModuleOutcome(module, OutcomeKind.AlreadyLive, ParametersDiffer: differ));
        }
        if (memory.LastOf(module) is not { } last || last.Parameters != parameters)
            return null;
        var outcome = new ModuleOutcome(module, OutcomeKind.Joined, last.Known.Error, last.Why is null ? null : LoaderMessages.SharedFailure(last.Why));
        if (last.Scope is FailureScope.File && kernel.TryInspect(planned.Path, out var file, out _) && file.Version == last.Known.Version)
            return new Answer(outcome);
        return ask.MadeAt.IsAnsweredBy(last.Known) ? new Answer(outcome, Old: last.Known) : null;
    }

    bool IsLive(string module)
    {
        if (HearsOfRemovals && memory.IsLive(module))
            return true;
        if (kernel.InitStateOf(module) is not InitState.Live)
            return false;
        memory.SawLive(module);
        return true;
    }
}
