using System.Globalization;
using System.Text.RegularExpressions;

namespace Drover.Lab.Reading;

/// <summary>One call to finit_module or init_module.</summary>
/// <param name="Syscall"><c>finit_module</c> or <c>init_module</c>.</param>
/// <param name="Module">The name of the file that the thread opened for it, or null if the trace saw none.</param>
/// <param name="Result">"0" or an errno's name; null if the call had not returned when the trace ended.</param>
/// <param name="Bytes">What the caller handed over, where the call says so (init_module does).</param>
sealed record ModuleCall(string Syscall, string? Module, string? Result, int Tid, string Comm, double StartSeconds, double Seconds, long? Bytes);

/// <summary>What the trace says of module loading.</summary>
sealed record ModuleCalls(IReadOnlyList<ModuleCall> Calls, IReadOnlyList<string> Loaded, IReadOnlyList<string> Requests, long LostEvents, IReadOnlyList<string> Warnings);

/// <summary>
/// Pairs the trace's events. A file descriptor or a buffer has no name, so a call's module is the .ko that its thread opened
/// last: libkmod and Drover open on the thread that calls. libkmod keeps a file open, and may come back to it after others: where nothing was
/// opened since the last call, a descriptor stands for what it stood for then. <c>module_load</c> fires inside a call and names the module as
/// the kernel read it; where the two disagree, that is said.
/// </summary>
static partial class ModuleCallReader
{
    public static ModuleCalls Read(string trace)
    {
        var (events, lost) = TraceFile.Parse(trace);
        var files = new Dictionary<int, OpenedFiles>();
        var inFlight = new Dictionary<int, ModuleCall>();
        var (calls, loaded, requests, warnings) = (new List<ModuleCall>(), new List<string>(), new List<string>(), new List<string>());

        foreach (var item in events)
            switch (item.Name)
            {
                case "ko" when OpenedFile().Match(item.Text) is { Success: true } file:
                    FilesOf(item.Tid).Opened(ModuleName.OfFile(file.Groups[1].Value));
                    break;
                case "module_load":
                    var name = item.Text.TrimStart(':', ' ').Split(' ')[0];
                    loaded.Add(name);
                    if (inFlight.GetValueOrDefault(item.Tid) is { } current && current.Module != name)
                        warnings.Add($"the kernel loaded {name} where the last file opened was {current.Module ?? "none"}");
                    break;
                case "module_request":
                    requests.Add(item.Text.TrimStart(':', ' '));
                    break;
                case "sys_finit_module" or "sys_init_module" when item.Text.StartsWith('('):
                    inFlight[item.Tid] = Begin(item, FilesOf(item.Tid).ModuleOf(Descriptor().Match(item.Text) is { Success: true } fd ? fd.Groups[1].Value : null));
                    break;
                case "sys_finit_module" or "sys_init_module" when ReturnValue().Match(item.Text) is { Success: true } returned:
                    if (inFlight.Remove(item.Tid, out var call))
                        calls.Add(call with { Result = Errno.OfReturnValue(returned.Groups[1].Value), Seconds = item.Seconds - call.StartSeconds });
                    break;
            }
        calls.AddRange(inFlight.Values);
        return new ModuleCalls(calls.OrderBy(call => call.StartSeconds).ToList(), loaded, requests, lost, warnings);

        OpenedFiles FilesOf(int tid) => files.TryGetValue(tid, out var known) ? known : files[tid] = new OpenedFiles();
    }

    static ModuleCall Begin(TraceEvent entry, string? module)
    {
        long? bytes = Length().Match(entry.Text) is { Success: true } length ? long.Parse(length.Groups[1].ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) : null;
        return new ModuleCall(entry.Name["sys_".Length..], module, null, entry.Tid, entry.Comm, entry.Seconds, 0, bytes);
    }

    // ko: (do_sys_openat2+0x0/0x290) name="/lib/modules/6.1.0-56-amd64/kernel/drivers/acpi/button.ko"
    [GeneratedRegex("name=\"([^\"]*)\"")]
    private static partial Regex OpenedFile();

    // sys_finit_module(fd: 5, uargs: 7f8100bbfefd, flags: 0)
    [GeneratedRegex(@"\bfd: ([0-9a-f]+)")]
    private static partial Regex Descriptor();

    [GeneratedRegex(@"-> (0x[0-9a-f]+)")]
    private static partial Regex ReturnValue();

    // sys_init_module(umod: 7f2c1c9d5010, len: 5f8c, uargs: 55d0a1b2c3d4)
    [GeneratedRegex(@"\blen: (?:0x)?([0-9a-f]+)")]
    private static partial Regex Length();

    /// <summary>The module files of one thread.</summary>
    sealed class OpenedFiles
    {
        readonly Dictionary<string, string> _byDescriptor = new(StringComparer.Ordinal);
        string? _last;
        bool _isFresh;

        public void Opened(string module) => (_last, _isFresh) = (module, true);

        /// <summary>What the next call is about.</summary>
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
