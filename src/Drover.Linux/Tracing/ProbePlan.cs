using System.Globalization;

namespace Drover.Linux.Tracing;

/// <summary>A kprobe event, in the terms of Documentation/trace/kprobetrace.rst.</summary>
/// <param name="Kind"><c>p</c>: entry; <c>r512</c>: return, at most 512 in flight.</param>
/// <param name="Filter">Selects the hits to record; null for all.</param>
public sealed record Probe(string Event, string Kind, string Symbol, string Fetch, string? Filter = null);

/// <summary>The kprobes for names and sizes, which trace events lack; structures need the kernel's BTF.</summary>
public static class ProbePlan
{
    const string OpenedEvent = "ko_opened", ReadEvent = "ko_read", ReturnedEvent = "ko_returned", GateEvent = "ko_gate",
        FoundEvent = "ko_found", LaidOutEvent = "ko_laid_out";

    const string Return = "r2048"; // traced reads in flight, one per worker of udev; the kernel counts more as missed

    /// <summary>Modules and the devices of udev's workers, not of udevadm trigger; no name with a line break.</summary>
    const string OfModulesAndDevices = "(name ~ \"*.ko\" || name ~ \"*.ko.*\" || " +
        "(name ~ \"/sys/*/uevent\" && comm ~ \"*udev*\" && comm != \"udevadm\")) && !(name ~ \"*\n*\")";

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

    /// <summary>Groups of alternatives, one of each is enough: a function may be missing or inlined.</summary>
    /// <param name="types">The kernel's types, or null without BTF.</param>
    /// <exception cref="BtfException">The types are malformed.</exception>
    public static IReadOnlyList<IReadOnlyList<Probe>> For(BtfFile? types) =>
    [
        [.. OpenedBy(types)],
        [.. ReadBy(types)],
        [.. GateBy(types)],
        [new(FoundEvent, "p", "find_module_all",
            $"name=+0($arg{Argument(types, "find_module_all", "name", 1)}):string")],
        // execmem_alloc since 6.10 (12af2b83d0b1); both have other callers, but none within a module's load
        [new(LaidOutEvent, "p", "module_alloc", ""), new(LaidOutEvent, "p", "execmem_alloc", "")],
    ];

    /// <summary>The limitations of a watch with these events, one sentence each.</summary>
    public static IReadOnlyList<string> Lacks(IReadOnlyCollection<string> events)
    {
        var lacks = new List<string>();
        if (!events.Contains(ReadEvent))
        {
            lacks.Add(events.Contains(ReturnedEvent)
                ? "the kernel has no BTF: files are named by what a thread opened, and bytes are those that were read"
                : "kernel_read_file cannot be probed: bytes that finit_module read are not known, " +
                    "nor who waited for another's load");
        }
        if (!events.Contains(OpenedEvent))
        {
            lacks.Add("opened files are not seen: calls that ended early or waited may be unnamed, " +
                "and devices are not known");
        }
        if (!events.Contains(FoundEvent))
        {
            lacks.Add(
                "find_module_all cannot be probed: init_module's calls are named by the file that was opened before");
        }
        if (!events.Contains(LaidOutEvent))
            lacks.Add("where a load failed is not seen: wasted bytes count each failed load once");
        return lacks;
    }

    /// <summary>Whether a watch with these events sees the kernel's reads.</summary>
    public static bool SeesReads(IReadOnlyCollection<string> events) =>
        events.Contains(ReadEvent) || events.Contains(ReturnedEvent);

    static IEnumerable<Probe> OpenedBy(BtfFile? types)
    {
        // do_sys_open is in every kernel, and does the work itself before 5.6 (fddb5d430ad9)
        foreach (var symbol in new[] { "do_sys_openat2", "do_sys_open" })
        {
            var path = $"comm=$comm name=+0($arg{Argument(types, symbol, "filename", 2)}):ustring";
            yield return new(OpenedEvent, "p", symbol, path, OfModulesAndDevices);
        }
    }

    static IEnumerable<Probe> ReadBy(BtfFile? types)
    {
        if (types is not null && NameOfFile(types, "kernel_read_file", "file") is { } name &&
            Fetch(types, "kernel_read_file", "file", "f_inode->i_size") is { } size)
        {
            yield return new(ReadEvent, "p", "kernel_read_file", $"name=+0({name}):string size={size}:s64");
        }
        yield return new(ReturnedEvent, Return, "kernel_read_file", "bytes=$retval:s64");
    }

    static IEnumerable<Probe> GateBy(BtfFile? types)
    {
        if (types is not null && NameOfFile(types, "idempotent_init_module", "f") is { } name)
            yield return new(GateEvent, "p", "idempotent_init_module", $"name=+0({name}):string");
    }

    static string? NameOfFile(BtfFile types, string function, string parameter) =>
        Fetch(types, function, parameter, "f_path.dentry->d_name.name");

    /// <summary>The fetch argument of a path from a <c>struct file *</c>: <c>+40(+24($arg1))</c>.</summary>
    static string? Fetch(BtfFile types, string function, string parameter, string path)
    {
        if (types.ParameterOf(function, parameter) is not { } index || types.Offsets("file", path) is not { } offsets)
            return null;
        var fetch = string.Create(CultureInfo.InvariantCulture, $"$arg{index + 1}");
        foreach (var offset in offsets)
            fetch = string.Create(CultureInfo.InvariantCulture, $"+{offset}({fetch})");
        return fetch;
    }

    /// <summary>The number of a parameter from 1; without BTF that of every kernel since 5.10.</summary>
    static int Argument(BtfFile? types, string function, string parameter, int otherwise) =>
        types?.ParameterOf(function, parameter) is { } index ? index + 1 : otherwise;
}
