using System.IO.Enumeration;
using Drover.Linux.Tracing;
using Drover.Study.Recordings;

namespace Drover.Study.Watch;

/// <summary>What the table of a watch is sorted by; names and first calls ascend, the others descend.</summary>
enum WatchOrder { Vain, Calls, Time, First, Name }

/// <summary>The calls that a watch shows and records, and their order.</summary>
sealed class WatchFilter
{
    static readonly string[] s_orders = ["vain", "calls", "time", "first", "name"]; // as WatchOrder

    public static readonly Option Module = new(
        "module", "only calls for modules of this name; * and ? stand for other letters", "PATTERN");
    public static readonly Option Comm = new("comm", "only calls of programs of this name", "PATTERN");
    public static readonly Option Device = new(
        "device", "only calls of udev for devices with this path, as /devices/pci*", "PATTERN");
    public static readonly Option Result = new(
        "errno", "only calls with this result: an errno's name, any, or 0 for success", "ERRNO")
    {
        Words = ["0", "any", "EEXIST", "EBUSY", "ENODEV", "ENOENT", "ETXTBSY", "ENOMEM", "EPERM"],
    };
    public static readonly Option Sort = new(
        "sort", "the table's order: bytes in vain, calls, time, first call, or name", string.Join('|', s_orders),
        "vain", Kind: ValueKind.Choice);

    const string AnyErrno = "any";

    readonly string? _module, _comm, _device, _errno;

    WatchFilter(Arguments arguments)
    {
        (_module, _comm, _device) = (arguments.Text(Module), arguments.Text(Comm), arguments.Text(Device));
        _module = _module?.Replace('-', '_');
        _errno = arguments.Text(Result);
        Order = (WatchOrder)Math.Max(0, Array.IndexOf(s_orders, arguments.Text(Sort)));
    }

    public WatchOrder Order { get; }

    /// <exception cref="UsageException">There is no such errno.</exception>
    public static WatchFilter Of(Arguments arguments) =>
        arguments.Text(Result) is { } name && name is not ("0" or AnyErrno) && !ErrnoText.TryParse(name, out _)
            ? throw new UsageException($"--errno takes an errno's name, any or 0, not '{name}'"
                + Nearest.Hint(name.ToUpperInvariant(), Result.Words))
            : new WatchFilter(arguments);

    public bool Selects(TracedCall call) =>
        Matches(_module, call.Module) && Matches(_comm, call.Comm) && Matches(_device, call.Device)
        && (_errno is null || WatchCall.KeyOf(call.Result) is { } result
            && (_errno == AnyErrno ? result != "0" : result == _errno));

    /// <summary>A request of the kernel has no device and no result.</summary>
    public bool Selects(TracedRequest request) =>
        Matches(_module, request.Name.Replace('-', '_')) && Matches(_comm, request.Comm)
        && _device is null && _errno is null;

    static bool Matches(string? pattern, string? name) => pattern is null
        || (name is not null && FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false));
}
