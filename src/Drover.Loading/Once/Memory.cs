namespace Drover.Loading;

/// <summary>What the loader remembers of a module between flights. One owner, the event loop.</summary>
sealed class Memory
{
    readonly Dictionary<string, Entry> _modules = [];

    /// <summary>When a load of ours was last seen to have made a module with drivers live, or null.</summary>
    public long? LastDriverAt { get; private set; }

    /// <summary>The module was seen live.</summary>
    public bool IsLive(string module) => _modules.TryGetValue(module, out var entry) && entry.Live;

    /// <summary>The parameters with which we loaded it, or null if we did not.</summary>
    public string? ParametersOf(string module) => _modules.GetValueOrDefault(module)?.LoadedWith;

    public void ForgetWhatIsLive()
    {
        foreach (var entry in _modules.Values)
            entry.Live = false;
    }

    public void ForgetFailuresOfFiles()
    {
        foreach (var entry in _modules.Values)
        {
            if (entry.Last?.Scope is FailureScope.File)
                entry.Last = null;
        }
    }

    public void SawLive(string module) => Of(module).Live = true;

    /// <summary>A load of ours has made a module with drivers live; its call may still be out.</summary>
    public void DriverCame(long timestamp) => LastDriverAt = timestamp;

    public void Loaded(string module, string parameters)
    {
        var entry = Of(module);
        (entry.Live, entry.LoadedWith, entry.Last) = (true, parameters, null);
    }

    public void Removed(string module)
    {
        if (_modules.TryGetValue(module, out var entry))
            (entry.Live, entry.LoadedWith) = (false, null);
    }

    public void Remember(string module, Remembered result) => Of(module).Last = result;

    public Remembered? LastOf(string module) => _modules.GetValueOrDefault(module)?.Last;

    Entry Of(string module)
    {
        if (!_modules.TryGetValue(module, out var entry))
            _modules[module] = entry = new Entry();
        return entry;
    }

    sealed class Entry
    {
        public bool Live { get; set; }
        public string? LoadedWith { get; set; }
        public Remembered? Last { get; set; }
    }
}

/// <summary>The last result, where it did not leave the module live (a failure, or an install command that ran), and whom it answers.</summary>
/// <param name="Parameters">With which it was tried: other parameters are another attempt.</param>
/// <param name="Why">For a person; null for a success.</param>
sealed record Remembered(KnownResult Known, FailureScope Scope, string Parameters, string? Why);
