using System.Diagnostics;
using Drover.Kernel;

namespace Drover.Loading;

/// <summary>What the loader remembers about modules between flights: live ones, their parameters, and the last failure
/// or install command of each. It answers requests without a call to the kernel. Owned by the event loop.</summary>
sealed class LoadCache(IKernel kernel)
{
    readonly Dictionary<string, Entry> _modules = [];

    /// <inheritdoc cref="Loader.ReceivesRemovals"/>
    public bool ReceivesRemovals
    {
        get;
        set
        {
            field = value;
            ForgetLive(); // a removal before this may have been missed
            Debug.Assert(_modules.Values.All(entry => !entry.IsLive), "a removal that was missed is found in sysfs");
        }
    }

    /// <inheritdoc cref="Loader.LastDriverAt"/>
    public long? LastDriverAt { get; set; }

    /// <summary>The module is live; reads sysfs unless removals are received.</summary>
    public bool IsLive(string module)
    {
        if (ReceivesRemovals && _modules.TryGetValue(module, out var entry) && entry.IsLive)
            return true;
        if (kernel.InitStateOf(module) is not InitState.Live)
            return false;
        AddLive(module);
        return true;
    }

    /// <summary>The parameters with which this loader loaded the module; null if it did not.</summary>
    public string? ParametersOf(string module) => _modules.GetValueOrDefault(module)?.LoadedWith;

    /// <summary>The last result of an attempt with these parameters, if it answers a request made at
    /// <paramref name="madeAt"/> or the file has not changed since the kernel rejected it; else null.</summary>
    public ModuleOutcome? Find(string module, string path, string parameters, RequestTime madeAt)
    {
        if (_modules.GetValueOrDefault(module)?.Last is not { } last || last.Parameters != parameters)
            return null;
        var why = last.Why is null ? null : LoaderMessages.SharedFailure(last.Why);
        var outcome = new ModuleOutcome(module, OutcomeKind.Joined, last.Known.Error, why);
        if (last.Scope is FailureScope.File && kernel.TryInspect(path, out var file, out _)
            && file.Version == last.Known.Version)
        {
            return outcome;
        }
        return madeAt.IsAnsweredBy(last.Known) ? outcome with { Repeats = last.Known } : null;
    }

    /// <summary>The same for a flight that has inspected its file: the result counts only for this very file.</summary>
    public ModuleOutcome? FindForFile(Flight flight, FileVersion file) =>
        _modules.GetValueOrDefault(flight.Module)?.Last is { } last && last.Parameters == flight.Parameters
        && last.Known.Version == file && flight.MadeAt.IsAnsweredBy(last.Known)
            ? flight.Outcome(OutcomeKind.Joined, last.Known.Error, last.Why) with { Repeats = last.Known }
            : null;

    public void AddLive(string module) => EntryOf(module).IsLive = true;

    public void AddLoaded(string module, string parameters)
    {
        var entry = EntryOf(module);
        (entry.IsLive, entry.LoadedWith, entry.Last) = (true, parameters, null);
    }

    /// <summary>Adds a result that left no live module: a failure, or an install command that ran.</summary>
    public void AddResult(Flight flight, KnownResult known, FailureScope scope, string? why)
    {
        Debug.Assert(known.Error is Errno.None || why is not null, "a failure has a message");
        Debug.Assert(
            known.Error is not Errno.None || scope is FailureScope.Generation, "only a failure is final for a file");
        EntryOf(flight.Module).Last = new Result(known, scope, flight.Parameters, why);
    }

    public void Remove(string module)
    {
        if (_modules.TryGetValue(module, out var entry))
            (entry.IsLive, entry.LoadedWith) = (false, null);
    }

    /// <summary>Removals may have been missed.</summary>
    public void ForgetLive()
    {
        foreach (var entry in _modules.Values)
            entry.IsLive = false;
    }

    /// <summary>The index or the configuration has changed.</summary>
    public void ForgetFileFailures()
    {
        foreach (var entry in _modules.Values.Where(entry => entry.Last?.Scope is FailureScope.File))
            entry.Last = null;
    }

    Entry EntryOf(string module)
    {
        if (!_modules.TryGetValue(module, out var entry))
            _modules[module] = entry = new Entry();
        return entry;
    }

    sealed class Entry
    {
        public bool IsLive { get; set; }
        public string? LoadedWith { get; set; }
        public Result? Last { get; set; }
    }

    /// <param name="Parameters">Other parameters are another attempt.</param>
    sealed record Result(KnownResult Known, FailureScope Scope, string Parameters, string? Why);
}
