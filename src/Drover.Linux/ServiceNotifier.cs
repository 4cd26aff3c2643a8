using System.Globalization;
using System.Text;

namespace Drover.Linux;

/// <summary>
/// Tells the service manager how we are (sd_notify(3), by its documented protocol): a datagram of lines to <c>$NOTIFY_SOCKET</c>. Where there is none, or it
/// cannot be reached, nothing happens: nobody asked. Safe for any thread.
/// </summary>
public sealed class ServiceNotifier
{
    readonly string? _path;

    /// <param name="path">A path, or an abstract name that begins with <c>@</c>; null where nobody wants to know.</param>
    /// <param name="watchdogMicroseconds">How long the manager waits for a sign of life, as <c>$WATCHDOG_USEC</c> says it, or null.</param>
    public ServiceNotifier(string? path, string? watchdogMicroseconds)
    {
        _path = string.IsNullOrEmpty(path) ? null : path;
        if (_path is not null && long.TryParse(watchdogMicroseconds, NumberStyles.None, CultureInfo.InvariantCulture, out var us) && us > 0)
        {
            // as sd_watchdog_enabled(3) recommends
            SignOfLifeEvery = TimeSpan.FromMicroseconds(us) / 2;
        }
    }

    /// <summary>Of this process.</summary>
    public static ServiceNotifier OfProcess() => new(Environment.GetEnvironmentVariable("NOTIFY_SOCKET"), Environment.GetEnvironmentVariable("WATCHDOG_USEC"));

    /// <summary>How often to send <c>WATCHDOG=1</c>; null where nobody waits for it.</summary>
    public TimeSpan? SignOfLifeEvery { get; }

    /// <summary>Sends lines of <c>NAME=value</c>; false when they were not taken.</summary>
    public bool Notify(params ReadOnlySpan<string> lines) => _path is not null && UnixDatagram.TrySend(_path, Encoding.UTF8.GetBytes(string.Join('\n', lines)));
}
