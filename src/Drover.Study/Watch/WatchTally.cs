using System.Diagnostics;
using System.Runtime.InteropServices;
using Drover.Linux.Tracing;
using Drover.Study.Recordings;

namespace Drover.Study.Watch;

sealed class WatchedModule(string name)
{
    const int MaxPrograms = 16; // programs that load modules have a handful of names; the others are counted together
    const int MaxDevices = 8192; // devices counted one by one

    readonly HashSet<string> _devices = new(StringComparer.Ordinal);

    public string Name => name;
    public long Calls { get; private set; }
    public long InVainBytes { get; private set; }
    public long TookUs { get; private set; }
    public long LastUs { get; private set; }

    /// <summary>The number of calls by result: <c>loaded</c>, an errno, …</summary>
    public Dictionary<string, long> Results { get; } = new(StringComparer.Ordinal);
    public Dictionary<string, long> Programs { get; } = new(StringComparer.Ordinal);
    public TracedCall? First { get; private set; }

    /// <summary>The number of distinct devices that requested the module, up to <see cref="MaxDevices"/>.</summary>
    public int Devices => _devices.Count;

    public void Add(TracedCall call)
    {
        Calls++;
        InVainBytes += call.InVainBytes;
        TookUs += call.TookUs;
        if (First is null || call.StartUs < First.StartUs)
            First = call;
        LastUs = Math.Max(LastUs, call.StartUs + call.TookUs);
        Count(Results, ResultOf(call));
        Count(Programs, Programs.Count < MaxPrograms || Programs.ContainsKey(call.Comm) ? call.Comm : "others");
        if (call.Device is { } device && _devices.Count < MaxDevices)
            _devices.Add(device);
        Debug.Assert(Results.Values.Sum() == Calls, "every call has one result");
        Debug.Assert(Programs.Count <= MaxPrograms + 1, "the table of programs is bounded");
    }

    public static string ResultOf(TracedCall call) => call switch
    {
        { Result: null } => "in flight",
        { HasWaited: true, Result: Errno.None } => "waited, got the winner's success",
        { HasWaited: true, Result: { } error } => $"waited, got the winner's {ErrnoText.Name(error)}",
        { Result: Errno.None } => call.IsLoad ? "loaded" : "removed",
        { Result: { } error } => call.IsLoad ? ErrnoText.Name(error) : $"removal {ErrnoText.Name(error)}",
    };

    public static void Count(Dictionary<string, long> counts, string key) =>
        CollectionsMarshal.GetValueRefOrAddDefault(counts, key, out _)++;
}

/// <summary>The kernel's own requests for one name.</summary>
/// <param name="First">The first of them.</param>
sealed record WatchedRequests(TracedRequest First, long Times);

/// <summary>The sums of a watch, per module and in total, in bounded memory. For one thread.</summary>
sealed class WatchTally
{
    /// <summary>Modules counted one by one; Debian's kernels have 4,500, a machine loads some hundred.</summary>
    public const int MaxModules = 8192;

    const string MoreModules = "(more modules)"; // the name under which all other modules are counted

    readonly Dictionary<string, WatchedModule> _modules = new(StringComparer.Ordinal);
    readonly OrderedDictionary<string, WatchedRequests> _requests = new(StringComparer.Ordinal);
    readonly Dictionary<string, long> _byResult = new(StringComparer.Ordinal);
    WatchTotals _totals = new();

    /// <summary>Names that the kernel asked for, counted one by one; a machine has some dozens.</summary>
    public const int MaxRequests = 1024;

    /// <summary>By name, in the order of their first request.</summary>
    public IReadOnlyCollection<WatchedRequests> Requests => _requests.Values;

    public void Add(TracedRequest request)
    {
        if (_requests.TryGetValue(request.Name, out var known))
            _requests[request.Name] = known with { Times = known.Times + 1 };
        else if (_requests.Count < MaxRequests)
            _requests[request.Name] = new WatchedRequests(request, 1);
    }

    public void Add(TracedCall call)
    {
        var name = call.Module ?? RecordedCall.UnknownModule;
        if (!_modules.TryGetValue(name, out var module))
        {
            name = _modules.Count < MaxModules ? name : MoreModules;
            if (!_modules.TryGetValue(name, out module))
                _modules[name] = module = new WatchedModule(name);
        }
        Debug.Assert(_modules.Count <= MaxModules + 1, "the table of modules is bounded");
        module.Add(call);
        if (call.IsLoad)
            WatchedModule.Count(_byResult, WatchCall.KeyOf(call.Result) ?? Recording.InFlight);
        if (call.Module is null)
            _totals = _totals with { Unnamed = _totals.Unnamed + 1 };
        _totals = !call.IsLoad ? _totals with { Removals = _totals.Removals + 1 } : _totals with
        {
            Calls = _totals.Calls + 1,
            Loads = _totals.Loads + (call.HasLoaded ? 1 : 0),
            Waited = _totals.Waited + (call.HasWaited ? 1 : 0),
            InVainBytes = _totals.InVainBytes + call.InVainBytes,
            WastedBytes = _totals.WastedBytes + call.WastedBytes,
            TookUs = _totals.TookUs + call.TookUs,
        };
        Debug.Assert(_byResult.Values.Sum() == _totals.Calls, "every load call has one result");
    }

    /// <summary>The sums so far: calls, bytes and times are those of loads; removals are counted separately.</summary>
    /// <param name="joiner">Counts the events that did not become calls.</param>
    public WatchTotals Totals(CallJoiner joiner) => _totals with
    {
        ByResult = new SortedDictionary<string, long>(_byResult, StringComparer.Ordinal),
        LostEvents = joiner.LostEvents,
        CutOffCalls = joiner.CutOffCalls,
        UnreadLines = joiner.UnreadLines,
    };

    public List<WatchedModule> Modules(WatchOrder order) =>
    [
        .. (order switch
        {
            WatchOrder.Vain => Most(module => module.InVainBytes),
            WatchOrder.Time => Most(module => module.TookUs),
            WatchOrder.First => _modules.Values.OrderBy(module => module.First!.StartUs),
            WatchOrder.Name => _modules.Values.OrderBy(_ => 0),
            _ => Most(module => module.Calls),
        }).ThenByDescending(module => order is WatchOrder.Name ? 0 : module.Calls)
            .ThenBy(module => module.Name, StringComparer.Ordinal),
    ];

    IOrderedEnumerable<WatchedModule> Most(Func<WatchedModule, long> value) =>
        _modules.Values.OrderByDescending(value);
}
