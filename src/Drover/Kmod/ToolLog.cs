using Drover.Linux;
using Drover.Output;

namespace Drover.Kmod;

/// <summary>How grave a message is; the numbers are syslog's (syslog(3)).</summary>
enum LogLevel { Emergency = 0, Fatal = 2, Error = 3, Warning = 4, Notice = 5, Info = 6, Debug = 7 }

/// <summary>Messages of a tool as kmod words them: <c>modprobe: ERROR: …</c> on standard error, or to syslog without the name. One owner.</summary>
/// <param name="program">The tool's name.</param>
/// <param name="terminal">Standard error.</param>
sealed class ToolLog(string program, Terminal terminal)
{
    /// <summary>What is less grave is not said.</summary>
    public LogLevel Level { get; set; } = LogLevel.Error;

    /// <summary>To syslog, as with <c>-s</c>.</summary>
    public bool ToSyslog { get; set; }

    public void Fatal(string message) => Say(LogLevel.Fatal, message);

    public void Error(string message) => Say(LogLevel.Error, message);

    public void Warning(string message) => Say(LogLevel.Warning, message);

    public void Notice(string message) => Say(LogLevel.Notice, message);

    public void Info(string message) => Say(LogLevel.Info, message);

    public void Say(LogLevel level, string message)
    {
        if (level > Level)
            return;
        var prefix = level switch
        {
            LogLevel.Fatal => "FATAL: ",
            LogLevel.Error => "ERROR: ",
            LogLevel.Warning => "WARNING: ",
            LogLevel.Notice => "NOTICE: ",
            LogLevel.Info => "INFO: ",
            _ => "DEBUG: ",
        };
        if (ToSyslog)
            Syslog.Write(program, (int)level, prefix + message);
        else
            terminal.Error.WriteLine($"{program}: {prefix}{message}");
    }
}
