using Drover.Devices.Control;
using Drover.Linux.Tracing;

namespace Drover.Verbs;

/// <summary>What came of one module's calls.</summary>
sealed class WatchedModule(string name)
{
    /// <summary>Askers are told apart up to here; who loads modules has a handful of names.</summary>
    const int MaxAskers = 16;

    readonly HashSet<string> _devices = [];

    public string Name => name;

    public long Calls { get; private set; }

    public long InVainBytes { get; private set; }

    public long TookUs { get; private set; }

    public long FirstUs { get; private set; } = long.MaxValue;

    public long LastUs { get; private set; }

    /// <summary>How calls ended: <c>loaded</c>, an errno, <c>waited</c>, …</summary>
    public Dictionary<string, long> Ends { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, long> Askers { get; } = new(StringComparer.Ordinal);

    /// <summary>The call that came first.</summary>
    public TracedCall? First { get; private set; }

    /// <summary>Devices that asked; at most <see cref="WatchTally.MaxModules"/> are told apart.</summary>
    public int Devices => _devices.Count;

    public void Add(TracedCall call)
    {
        Calls++;
        InVainBytes += call.InVainBytes;
        TookUs += call.TookUs;
        if (call.StartUs < FirstUs)
            (FirstUs, First) = (call.StartUs, call);
        LastUs = Math.Max(LastUs, call.StartUs + call.TookUs);
        Count(Ends, EndOf(call));
        Count(Askers, Askers.Count < MaxAskers || Askers.ContainsKey(call.Comm) ? call.Comm : "others");
        if (call.Device is { } device && _devices.Count < WatchTally.MaxModules)
            _devices.Add(device);
    }

    /// <summary>How a call ended, in a word or two.</summary>
    public static string EndOf(TracedCall call) => call switch
    {
        { Result: null } => "in flight",
        { HasWaited: true, Result: Loading.Errno.None } => "waited, got the winner's success",
        { HasWaited: true, Result: { } error } => $"waited, got the winner's {Loading.ErrnoText.Name(error)}",
        { Result: Loading.Errno.None } => call.IsLoad ? "loaded" : "removed",
        { Result: { } error } => call.IsLoad ? Loading.ErrnoText.Name(error) : $"removal {Loading.ErrnoText.Name(error)}",
    };

    static void Count(Dictionary<string, long> counts, string key) => counts[key] = counts.GetValueOrDefault(key) + 1;
}

/// <summary>Sums of a watch: per module, and of all. Bounded, however many names there are. One owner.</summary>
sealed class WatchTally
{
    /// <summary>Modules told apart; Debian's kernels have 4,500, a machine loads some hundred.</summary>
    public const int MaxModules = 8192;

    /// <summary>A call whose module is not known.</summary>
    public const string Nameless = "(unnamed)";

    const string More = "(more modules)";

    readonly Dictionary<string, WatchedModule> _modules = new(StringComparer.Ordinal);

    /// <summary>To load; removals are counted by themselves.</summary>
    public long Calls { get; private set; }

    public long Loads { get; private set; }

    public long Removals { get; private set; }

    public long Waited { get; private set; }

    public long Unnamed { get; private set; }

    public long InVainBytes { get; private set; }

    public long WastedBytes { get; private set; }

    /// <summary>From entry to exit, over all calls to load.</summary>
    public long TookUs { get; private set; }

    /// <summary>Calls to load by "0", an errno's name, or "in flight".</summary>
    public Dictionary<string, long> ByResult { get; } = new(StringComparer.Ordinal);

    public void Add(TracedCall call)
    {
        var name = call.Module ?? Nameless;
        if (!_modules.TryGetValue(name, out var module))
        {
            name = _modules.Count < MaxModules ? name : More;
            if (!_modules.TryGetValue(name, out module))
                _modules[name] = module = new WatchedModule(name);
        }
        module.Add(call);
        if (call.Module is null)
            Unnamed++;
        if (!call.IsLoad)
        {
            Removals++;
            return;
        }
        Calls++;
        Loads += call.HasLoaded ? 1 : 0;
        Waited += call.HasWaited ? 1 : 0;
        InVainBytes += call.InVainBytes;
        WastedBytes += call.WastedBytes;
        TookUs += call.TookUs;
        var result = call.Result is { } error ? OutcomeJson.KeyOf(error) : "in flight";
        ByResult[result] = ByResult.GetValueOrDefault(result) + 1;
    }

    /// <summary>The costliest first.</summary>
    public IReadOnlyList<WatchedModule> Modules() => _modules.Values
        .OrderByDescending(module => module.InVainBytes).ThenByDescending(module => module.Calls).ThenBy(module => module.Name, StringComparer.Ordinal).ToList();
}
