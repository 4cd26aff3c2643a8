using System.Globalization;
using Drover.CommandLine;
using Drover.Control;
using Drover.Kernel;
using Drover.Linux.ProcFs;
using Drover.Linux.Systemd;
using Drover.Loading;
using Drover.Text;

namespace Drover.Host;

/// <summary>Shows each call if verbose, and a progress line unless quiet. Used on the event loop.</summary>
sealed class LoadWatcher(Terminal terminal, bool isVerbose, bool isQuiet = false) : ILoaderObserver
{
    readonly ProgressLine _line = new(terminal, TimeProvider.System);
    int _inKernel;
    int _loaded;

    /// <summary>The start of the progress line, before the loads.</summary>
    public Func<string> Progress { get; set; } = () => "";

    public void Calling(LoadCall call, ModuleFileFacts file)
    {
        _inKernel++;
        ShowProgress();
    }

    public void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took)
    {
        _inKernel--;
        if (reply.Error is Errno.None)
            _loaded++;
        if (isVerbose)
        {
            var result = reply.Error is Errno.None ? "loaded" : ErrnoText.Name(reply.Error);
            var size = ByteSize.Format(file.FileBytes);
            WriteLine($"{call.Module}: {result}, {size}, {took.TotalMilliseconds:0.0} ms, {call.Path}");
        }
        ShowProgress();
    }

    public void PolicyApplied(LoadRequest source, string module, PolicyAction action, string why) =>
        PolicyLog.Report("drover", module, action, why, message => WriteLine($"drover: {message}"));

    public void Noted(string message)
    {
        if (isVerbose)
            WriteLine(message);
    }

    /// <summary>Erases the progress line at the end.</summary>
    public void Done() => _line.Clear();

    void WriteLine(string line)
    {
        _line.Clear();
        terminal.Error.WriteLine(PlainText.Of(line));
    }

    void ShowProgress()
    {
        if (!isQuiet)
            _line.Show(() => $"{Progress()}{_loaded} loaded, {_inKernel} in the kernel");
    }
}

/// <summary>Logs each call to systemd's journal: <c>journalctl -t drover DROVER_MODULE=loop</c>.</summary>
sealed class JournalEntries(Journal journal) : ILoaderObserver
{
    const int Warning = 4, Notice = 5, Info = 6;

    readonly HashSet<string> _refused = [];

    /// <summary>Who asked for the loads under way.</summary>
    readonly Dictionary<string, (LoadRequest Source, string? NeededBy)> _sources = [];

    public void Requested(LoadRequest source, string module, string? neededBy, IReadOnlyList<string> needed) =>
        _sources[module] = (source, neededBy);

    public void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took)
    {
        var isLoaded = reply.Error is Errno.None;
        journal.Write(
            isLoaded || reply.Error is Errno.ENODEV ? Info : Warning,
            isLoaded ? $"{call.Module} loaded" : $"{call.Module}: {ErrnoText.Name(reply.Error)}",
            [
                .. FieldsOf(call, reply.Error), ("DROVER_FILE", call.Path),
                ("DROVER_FILE_BYTES", file.FileBytes.ToString(CultureInfo.InvariantCulture)),
                ("DROVER_CALL_USEC", ((long)took.TotalMicroseconds).ToString(CultureInfo.InvariantCulture)),
            ]);
    }

    public void Failed(LoadCall call, Errno error, string why) =>
        journal.Write(Warning, $"{call.Module}: {why}", [.. FieldsOf(call, error)]);

    public void CommandEnded(string module, string command, int status)
    {
        if (status != 0)
        {
            journal.Write(
                Warning, $"{module}: the install command '{command}' failed with {status}", ("DROVER_MODULE", module));
        }
    }

    public void PolicyApplied(LoadRequest source, string module, PolicyAction action, string why)
    {
        // hundreds of devices may ask for a forbidden module
        if (action is not PolicyAction.Forbade || _refused.Add(module + why))
        {
            var fields = new List<(string, string)>
            {
                ("DROVER_MODULE", module), ("DROVER_POLICY", PolicyLog.WordOf(action)),
            };
            AddSource(fields, source, neededBy: null);
            journal.Write(Warning, $"{module}: {why}", [.. fields]);
        }
    }

    public void Noted(string message) => journal.Write(Notice, message);

    List<(string Name, string Value)> FieldsOf(LoadCall call, Errno error)
    {
        List<(string, string)> fields =
            [("DROVER_MODULE", call.Module), ("DROVER_ERRNO", OutcomeJson.KeyOf(error))];
        // a load that is tried again keeps its source: the module is its key
        if (_sources.TryGetValue(call.Module, out var source))
            AddSource(fields, source.Source, source.NeededBy);
        return fields;
    }

    static void AddSource(List<(string Name, string Value)> fields, LoadRequest source, string? neededBy)
    {
        Add("DROVER_ASKER", source.Requester);
        Add("DROVER_ASKED", source.Name);
        Add("DROVER_NEEDED_BY", neededBy);
        if (source.Process is not { } process)
            return;
        if (process.ProcessId > 0)
            Add("DROVER_ASKER_PID", process.ProcessId.ToString(CultureInfo.InvariantCulture));
        Add("DROVER_ASKER_COMM", process.Comm);
        Add("DROVER_ASKER_UID", process.UserId?.ToString(CultureInfo.InvariantCulture));
        Add("DROVER_ASKER_UNIT", process.Unit);

        void Add(string name, string? value)
        {
            if (value is not null)
                fields.Add((name, value));
        }
    }
}

/// <summary>Loads that the policy comments on, in the system's log.</summary>
static class PolicyLog
{
    const int Warning = 4;

    /// <summary>Prints what the policy says of a load, and logs a load that overrides it. The outcome of a forbidden
    /// one says it already.</summary>
    public static void Report(string program, string module, PolicyAction action, string why, Action<string> print)
    {
        if (action is PolicyAction.Forbade)
            return;
        print($"{module}: {why}");
        if (action is PolicyAction.Overridden)
            Syslog.Write(program, Warning, $"{module}: {why}; uid {ProcessCgroup.UserId}");
    }

    /// <summary>The word in journal fields.</summary>
    public static string WordOf(PolicyAction action) => action switch
    {
        PolicyAction.Forbade => "forbidden",
        PolicyAction.Warned => "warned",
        _ => "overridden",
    };
}
