namespace Drover.Modules.Depmod;

/// <summary>How grave a message is; the numbers are syslog's (syslog(3)).</summary>
public enum DepmodSeverity { Fatal = 2, Error = 3, Warning = 4, Info = 6 }

/// <summary>Where depmod's messages go. Called by one thread only.</summary>
public interface IDepmodReport
{
    /// <summary>A message in kmod's words, without the program's name and without its last newline.</summary>
    void Say(DepmodSeverity severity, string message);

    /// <summary>A line for standard output that only <c>-v</c> asks for.</summary>
    void Show(string line);

    /// <summary>Whether <see cref="Show"/> comes through: making its lines takes time.</summary>
    bool IsVerbose { get; }
}
