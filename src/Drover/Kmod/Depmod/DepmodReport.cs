using Drover.Modules.Depmod;
using Drover.Output;

namespace Drover.Kmod;

/// <summary>depmod's messages on standard error, and what <c>-v</c> adds to standard output. One owner.</summary>
sealed class DepmodReport(ToolLog log, Terminal terminal) : IDepmodReport
{
    public bool IsVerbose => log.Level > LogLevel.Warning;

    public void Say(DepmodSeverity severity, string message) => log.Say((LogLevel)severity, message);

    public void Show(string line)
    {
        if (IsVerbose)
            terminal.Out.WriteLine(line);
    }
}
