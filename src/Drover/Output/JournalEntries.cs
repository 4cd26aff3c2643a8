using System.Globalization;
using Drover.Devices.Control;
using Drover.Linux;
using Drover.Loading;

namespace Drover.Output;

/// <summary>What the loader does, as entries of systemd's journal: <c>journalctl -t drover DROVER_MODULE=loop</c>. Used on the event loop.</summary>
sealed class JournalEntries(Journal journal) : ILoaderObserver
{
    const int Warning = 4, Notice = 5, Info = 6;

    public void Calling(LoadCall call, ModuleFileFacts file)
    {
        // an entry a call is enough
    }

    public void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took)
    {
        journal.Write(
            reply.Error is Errno.None or Errno.ENODEV ? Info : Warning,
            reply.Error is Errno.None ? $"{call.Module} loaded" : $"{call.Module}: {ErrnoText.Name(reply.Error)}",
            ("DROVER_MODULE", call.Module),
            ("DROVER_FILE", call.Path),
            ("DROVER_FILE_BYTES", file.FileBytes.ToString(CultureInfo.InvariantCulture)),
            ("DROVER_ERRNO", OutcomeJson.KeyOf(reply.Error)),
            ("DROVER_CALL_USEC", ((long)took.TotalMicroseconds).ToString(CultureInfo.InvariantCulture)));
    }

    public void CommandEnded(string module, string command, int status)
    {
        if (status != 0)
            journal.Write(Warning, $"{module}: the install command '{command}' ended with {status}", ("DROVER_MODULE", module));
    }

    public void Noted(string message) => journal.Write(Notice, message);
}
