using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Drover.Kernel;
using Drover.Modules;

namespace Drover.Lab.Reading;

/// <param name="Comm">The task's name, up to 15 bytes.</param>
/// <param name="Tid">The thread, which tracefs calls pid.</param>
/// <param name="Seconds">Since boot, on the monotonic clock.</param>
/// <param name="Cpu">The CPU that recorded it.</param>
/// <param name="Name">The event: <c>sys_finit_module</c> (entry and exit), <c>ko</c>, <c>module_load</c>, …</param>
readonly record struct TraceEvent(string Comm, int Tid, double Seconds, string Name, string Text, int Cpu = 0);

/// <param name="Module">The module of the file that the thread opened for it; null if the trace shows none.</param>
/// <param name="Result">"0" or an errno's name; null if the call had not returned when the trace ended.</param>
/// <param name="Bytes">The length that init_module passes; null for finit_module.</param>
/// <param name="BusySeconds">The part of the time in which the thread had a CPU; null if the trace does not show
/// it.</param>
sealed record ModuleCall(
    string Syscall, string? Module, string? Result, int Tid, string Comm, double StartSeconds, double Seconds,
    long? Bytes, double? BusySeconds = null)
{
    /// <summary>The name of a trace's return value, "0x0" or a negative errno such as "0xffffffffffffffef".</summary>
    public static string ResultOf(string hexadecimal)
    {
        var value = (long)ulong.Parse(hexadecimal.AsSpan(2), NumberStyles.AllowHexSpecifier);
        return value == 0 ? "0" : ErrnoText.Name((Errno)(-value));
    }
}

/// <summary>The module events of tracefs' <c>trace</c> file (Documentation/trace/ftrace.rst).</summary>
/// <remarks>A descriptor or a buffer has no name. The module of a call is the .ko file that its thread opened last:
/// libkmod and Drover open on the calling thread. libkmod keeps files open and may use an earlier descriptor: when the
/// thread has opened nothing since its last call, a descriptor means the file it meant before. <c>module_load</c> fires
/// inside the call with the name that the kernel read; a disagreement is a warning.</remarks>
sealed partial record ModuleTrace(
    IReadOnlyList<ModuleCall> Calls, IReadOnlyList<string> Loaded, IReadOnlyList<string> Requests, long LostEvents,
    IReadOnlyList<string> Warnings)
{
    const string InUse = "EAGAIN"; // the result of delete_module for a module in use, which a waiting caller polls

    /// <summary>The marks of the guest's init by name, on the trace's clock.</summary>
    public required IReadOnlyDictionary<string, double> Marks { get; init; }

    /// <summary>What ran between the marks start and end; null without the scheduler's events.</summary>
    public InstructionAccount? Instructions { get; init; }

    public static ModuleTrace Read(string trace)
    {
        var (events, lost) = Events(trace);
        var files = new Dictionary<int, OpenedFiles>();
        var inFlight = new Dictionary<int, ModuleCall>();
        var calls = new List<ModuleCall>();
        var (loaded, requests, warnings) = (new List<string>(), new List<string>(), new List<string>());

        foreach (var item in events)
        {
            switch (item.Name)
            {
                case "ko" when OpenedFile.Match(item.Text) is { Success: true } file:
                    FilesOf(item.Tid).Opened(ModuleName.FromPath(file.Groups[1].Value));
                    break;
                case "module_load":
                    var name = item.Text.TrimStart(':', ' ').Split(' ')[0];
                    loaded.Add(name);
                    if (inFlight.GetValueOrDefault(item.Tid) is { } current && current.Module != name)
                        warnings.Add($"the kernel loaded {name} where the last file was {current.Module ?? "none"}");
                    break;
                case "module_request":
                    requests.Add(item.Text.TrimStart(':', ' '));
                    break;
                case "sys_finit_module" or "sys_init_module" when item.Text.StartsWith('('):
                    var descriptor = Descriptor.Match(item.Text) is { Success: true } fd ? fd.Groups[1].Value : null;
                    inFlight[item.Tid] = Begin(item, FilesOf(item.Tid).ModuleOf(descriptor));
                    break;
                case "sys_finit_module" or "sys_init_module":
                    var returned = ReturnValue.Match(item.Text);
                    if (returned.Success && inFlight.Remove(item.Tid, out var call))
                    {
                        Debug.Assert(item.Seconds >= call.StartSeconds, "the trace is in the order of time");
                        var result = ModuleCall.ResultOf(returned.Groups[1].Value);
                        calls.Add(call with { Result = result, Seconds = item.Seconds - call.StartSeconds });
                    }
                    break;
            }
        }

        calls.AddRange(inFlight.Values);
        var marks = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var item in events.Where(item => item.Name == "tracing_mark_write"))
        {
            if (item.Text.TrimStart(':', ' ').Split(' ') is ["lab", var name])
                marks[name] = item.Seconds;
        }
        var instructions = InstructionAccount.Of(events, marks, out var busy);
        return new(calls.OrderBy(call => call.StartSeconds).Select(Timed).ToList(), loaded, requests, lost, warnings)
        {
            Marks = marks,
            Instructions = instructions,
        };

        ModuleCall Timed(ModuleCall call) => busy.TryGetValue((call.Tid, call.StartSeconds), out var seconds)
            ? call with { BusySeconds = seconds }
            : call;

        OpenedFiles FilesOf(int tid) => files.TryGetValue(tid, out var known) ? known : files[tid] = new OpenedFiles();
    }

    /// <summary>Calls of delete_module by result: "0" or an errno's name. Consecutive refusals of one thread count
    /// once: their number grows with the wait and with the poll interval.</summary>
    public static IReadOnlyDictionary<string, int> Removals(string trace)
    {
        var results = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var last = new Dictionary<int, string>();
        foreach (var item in Events(trace).Events.Where(item => item.Name == "sys_delete_module"))
        {
            if (ReturnValue.Match(item.Text) is not { Success: true } returned)
                continue;
            var result = ModuleCall.ResultOf(returned.Groups[1].Value);
            if (result != InUse || last.GetValueOrDefault(item.Tid) != InUse)
                results[result] = results.GetValueOrDefault(result) + 1;
            last[item.Tid] = result;
        }
        return results;
    }

    /// <summary>All events in the order of time, and the number of events that the buffers lost.</summary>
    public static (IReadOnlyList<TraceEvent> Events, long Lost) Events(string trace)
    {
        var events = new List<TraceEvent>();
        long lost = 0;
        foreach (var line in trace.Split('\n').Select(line => line.TrimEnd('\r')))
        {
            if (Counts.Match(line) is { Success: true } counts)
                lost = long.Parse(counts.Groups[2].ValueSpan) - long.Parse(counts.Groups[1].ValueSpan);
            else if (Event.Match(line) is { Success: true } match)
                events.Add(EventOf(match.Groups));
        }
        return (events, lost);

        static TraceEvent EventOf(GroupCollection groups) => new(
            groups["comm"].Value, int.Parse(groups["tid"].ValueSpan), double.Parse(groups["time"].ValueSpan),
            groups["name"].Value, groups["text"].Value, int.Parse(groups["cpu"].ValueSpan));
    }

    static ModuleCall Begin(TraceEvent entry, string? module)
    {
        long? bytes = Length.Match(entry.Text) is { Success: true } length
            ? long.Parse(length.Groups[1].ValueSpan, NumberStyles.AllowHexSpecifier)
            : null;
        return new(entry.Name["sys_".Length..], module, null, entry.Tid, entry.Comm, entry.Seconds, 0, bytes);
    }

    // # entries-in-buffer/entries-written: 1536/1536   #P:32
    [GeneratedRegex(@"^# entries-in-buffer/entries-written: (\d+)/(\d+)")]
    static partial Regex Counts { get; }

    //  (udev-worker)-212     [003] d..2.     6.812345: module_load: button
    // the exit of a system call has no colon after its name: "sys_finit_module -> 0x0"; an entry has a bracket
    [GeneratedRegex(
        @"^\s*(?<comm>.+)-(?<tid>\d+)\s+\[(?<cpu>\d+)\]\s+\S+\s+(?<time>\d+\.\d+): (?<name>\w+)(?<text>.*)$")]
    static partial Regex Event { get; }

    // ko: (do_sys_openat2+0x0/0x290) name="/lib/modules/6.1.0-56-amd64/kernel/drivers/acpi/button.ko"
    [GeneratedRegex("name=\"([^\"]*)\"")]
    static partial Regex OpenedFile { get; }

    // sys_finit_module(fd: 5, uargs: 7f8100bbfefd, flags: 0)
    [GeneratedRegex(@"\bfd: ([0-9a-f]+)")]
    static partial Regex Descriptor { get; }

    [GeneratedRegex(@"-> (0x[0-9a-f]+)")]
    static partial Regex ReturnValue { get; }

    // sys_init_module(umod: 7f2c1c9d5010, len: 5f8c, uargs: 55d0a1b2c3d4)
    [GeneratedRegex(@"\blen: (?:0x)?([0-9a-f]+)")]
    static partial Regex Length { get; }

    /// <summary>The module files of one thread.</summary>
    sealed class OpenedFiles
    {
        readonly Dictionary<string, string> _byDescriptor = new(StringComparer.Ordinal);
        string? _last;
        bool _isFresh;

        public void Opened(string module) => (_last, _isFresh) = (module, true);

        /// <summary>The module of the thread's next call.</summary>
        public string? ModuleOf(string? descriptor)
        {
            var module = descriptor is null || _isFresh ? _last : _byDescriptor.GetValueOrDefault(descriptor, _last!);
            _isFresh = false;
            if (descriptor is not null && module is not null)
                _byDescriptor[descriptor] = module;
            return module;
        }
    }
}
