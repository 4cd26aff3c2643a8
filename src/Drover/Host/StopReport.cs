using System.Globalization;
using Drover.CommandLine;
using Drover.Control;
using Drover.Linux.Systemd;
using Drover.Text;

namespace Drover.Host;

/// <summary>What a daemon that is stopped still waits for: a load in the kernel is not ended.</summary>
static class StopReport
{
    /// <summary>To the journal, and to 'systemctl status'.</summary>
    public static void Write(IReadOnlyList<RunningLoad> running, ServiceNotifier manager, Terminal terminal)
    {
        foreach (var load in running)
            terminal.Warn($"daemon: the stop waits for {Describe(load)}: a driver's probe is not interrupted");
        if (running.Count > 0)
            manager.Notify($"STATUS=waits for {string.Join(", ", running.Select(Describe))}");
    }

    static string Describe(RunningLoad load)
    {
        var asker = load.Requester is { } requester ? $", asked by {requester}" : "";
        return PlainText.Of(string.Create(
            CultureInfo.InvariantCulture, $"{load.Module}, in the kernel for {load.Age.TotalSeconds:0.0} s{asker}"));
    }
}
