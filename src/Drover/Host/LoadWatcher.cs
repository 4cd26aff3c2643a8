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

    public void PolicyApplied(string module, PolicyAction action, string why) =>
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
        terminal.Error.WriteLine(line);
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

    public void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took) =>
        journal.Write(
            reply.Error is Errno.None or Errno.ENODEV ? Info : Warning,
            reply.Error is Errno.None ? $"{call.Module} loaded" : $"{call.Module}: {ErrnoText.Name(reply.Error)}",
            ("DROVER_MODULE", call.Module), ("DROVER_FILE", call.Path),
            ("DROVER_FILE_BYTES", file.FileBytes.ToString(CultureInfo.InvariantCulture)),
            ("DROVER_ERRNO", OutcomeJson.KeyOf(reply.Error)),
            ("DROVER_CALL_USEC", ((long)took.TotalMicroseconds).ToString(CultureInfo.InvariantCulture)));

    public void CommandEnded(string module, string command, int status)
    {
        if (status != 0)
        {
            journal.Write(
                Warning, $"{module}: the install command '{command}' failed with {status}", ("DROVER_MODULE", module));
        }
    }

    public void PolicyApplied(string module, PolicyAction action, string why)
    {
        // hundreds of devices may ask for a forbidden module
        if (action is not PolicyAction.Forbade || _refused.Add(module + why))
        {
            journal.Write(
                Warning, $"{module}: {why}", ("DROVER_MODULE", module), ("DROVER_POLICY", PolicyLog.WordOf(action)));
        }
    }

    public void Noted(string message) => journal.Write(Notice, message);
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
