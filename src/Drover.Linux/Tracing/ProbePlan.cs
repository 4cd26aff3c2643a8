using System.Globalization;

namespace Drover.Linux.Tracing;

/// <summary>A kprobe event to ask for, in words of Documentation/trace/kprobetrace.rst.</summary>
/// <param name="Event">What it is called in the trace.</param>
/// <param name="Kind"><c>p</c> at a function's entry, <c>r512</c> at its return with at most 512 calls of it in flight.</param>
/// <param name="Symbol">The function.</param>
/// <param name="Fetch">What it takes along.</param>
/// <param name="Filter">Which of its hits are kept; null for all.</param>
public sealed record Probe(string Event, string Kind, string Symbol, string Fetch, string? Filter = null);

/// <summary>
/// Which kprobes tell what the trace events do not: names and sizes. Where members of the kernel's structures lie, and which parameter is which, comes from
/// its BTF and from nowhere else; without it the probes do without structures. Pure.
/// </summary>
public static class ProbePlan
{
    const string OpenedEvent = "ko_opened", ReadEvent = "ko_read", ReturnedEvent = "ko_returned", GateEvent = "ko_gate", FoundEvent = "ko_found", LaidOutEvent = "ko_laid_out";

    /// <summary>Most reads of modules at the same time whose end is seen: every one of udev's workers could be at it. More are missed, and the kernel counts them.</summary>
    const string Return = "r2048";

    /// <summary>
    /// The files whose names are wanted of all that are opened: modules, and the devices that udev's workers take up, not those that udevadm repeats the events of. A name with a
    /// line break in it would be two lines of the trace.
    /// </summary>
    const string OfModulesAndDevices = "(name ~ \"*.ko\" || name ~ \"*.ko.*\" || (name ~ \"/sys/*/uevent\" && comm ~ \"*udev*\" && comm != \"udevadm\")) && !(name ~ \"*\n*\")";

    /// <summary>A file is opened by name.</summary>
    internal static ReadOnlySpan<byte> Opened => "ko_opened"u8;

    /// <summary>The kernel begins to read a file: name and size.</summary>
    internal static ReadOnlySpan<byte> Read => "ko_read"u8;

    /// <summary>The kernel has read a file: bytes.</summary>
    internal static ReadOnlySpan<byte> Returned => "ko_returned"u8;

    /// <summary>A finit_module comes to the kernel's gate: name.</summary>
    internal static ReadOnlySpan<byte> Gate => "ko_gate"u8;

    /// <summary>The kernel looks up a module by its name.</summary>
    internal static ReadOnlySpan<byte> Found => "ko_found"u8;

    /// <summary>The kernel takes memory for a module's code or data.</summary>
    internal static ReadOnlySpan<byte> LaidOut => "ko_laid_out"u8;

    /// <summary>
    /// What to try, in groups: of a group the first that the kernel takes is enough. Functions that are inlined, renamed or not there yet make a group's first
    /// ones fail.
    /// </summary>
    /// <param name="types">The kernel's types, or null where it has none to tell of.</param>
    /// <exception cref="BtfException">They are not well-formed.</exception>
    public static IReadOnlyList<IReadOnlyList<Probe>> For(BtfFile? types) =>
    [
        [.. OpenedBy(types)],
        [.. ReadBy(types)],
        [.. GateBy(types)],
        [new(FoundEvent, "p", "find_module_all", $"name=+0($arg{Argument(types, "find_module_all", "name", 1)}):string")],
        // execmem_alloc since 6.10 (12af2b83d0b1); both serve others than modules, too, but not within a module's load
        [new(LaidOutEvent, "p", "module_alloc", ""), new(LaidOutEvent, "p", "execmem_alloc", "")],
    ];

    /// <summary>What a watch does without, given the events it has: a sentence each.</summary>
    public static IReadOnlyList<string> Lacks(IReadOnlyCollection<string> events)
    {
        var lacks = new List<string>();
        if (!events.Contains(ReadEvent))
        {
            lacks.Add(events.Contains(ReturnedEvent)
                ? "the kernel has no BTF: files are named by what a thread opened, and bytes are those that were read"
                : "kernel_read_file cannot be probed: bytes that finit_module read are not known, nor who waited for another's load");
        }

        if (!events.Contains(OpenedEvent))
        {
            lacks.Add("opened files are not seen: calls that ended early or waited may be unnamed, and devices are not known");
        }

        if (!events.Contains(FoundEvent))
        {
            lacks.Add("find_module_all cannot be probed: init_module's calls are named by the file that was opened before");
        }

        if (!events.Contains(LaidOutEvent))
        {
            lacks.Add("where a load failed is not seen: wasted bytes count each failed load once");
        }

        return lacks;
    }

    /// <summary>Whether a watch with these events knows that a call made the kernel read.</summary>
    public static bool SeesReads(IReadOnlyCollection<string> events) => events.Contains(ReadEvent) || events.Contains(ReturnedEvent);

    static IEnumerable<Probe> OpenedBy(BtfFile? types)
    {
        // do_sys_open since ever; it has the work in itself before 5.6 (fddb5d430ad9)
        foreach (var symbol in new[] { "do_sys_openat2", "do_sys_open" })
        {
            var path = $"comm=$comm name=+0($arg{Argument(types, symbol, "filename", 2)}):ustring";
            yield return new(OpenedEvent, "p", symbol, path, OfModulesAndDevices);
        }
    }

    static IEnumerable<Probe> ReadBy(BtfFile? types)
    {
        if (types is not null && NameOfFile(types, "kernel_read_file", "file") is { } name && Fetch(types, "kernel_read_file", "file", "f_inode->i_size") is { } size)
        {
            yield return new(ReadEvent, "p", "kernel_read_file", $"name=+0({name}):string size={size}:s64");
        }

        yield return new(ReturnedEvent, Return, "kernel_read_file", "bytes=$retval:s64");
    }

    static IEnumerable<Probe> GateBy(BtfFile? types)
    {
        if (types is not null && NameOfFile(types, "idempotent_init_module", "f") is { } name)
        {
            yield return new(GateEvent, "p", "idempotent_init_module", $"name=+0({name}):string");
        }
    }

    static string? NameOfFile(BtfFile types, string function, string parameter) => Fetch(types, function, parameter, "f_path.dentry->d_name.name");

    /// <summary>From a parameter that is a <c>struct file *</c>, such as <c>+40(+24($arg1))</c>.</summary>
    static string? Fetch(BtfFile types, string function, string parameter, string path)
    {
        if (types.ParameterOf(function, parameter) is not { } index || types.Offsets("file", path) is not { } offsets)
        {
            return null;
        }

        var fetch = string.Create(CultureInfo.InvariantCulture, $"$arg{index + 1}");
        foreach (var offset in offsets)
        {
            fetch = string.Create(CultureInfo.InvariantCulture, $"+{offset}({fetch})");
        }

        return fetch;
    }

    /// <summary>Counted from 1; where nothing tells, as in every kernel since 5.10.</summary>
    static int Argument(BtfFile? types, string function, string parameter, int otherwise) => types?.ParameterOf(function, parameter) is { } index ? index + 1 : otherwise;
}
