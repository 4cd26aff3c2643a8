using System.Globalization;
using Drover.Lab.Guest;
using Drover.Lab.Torture;

namespace Drover.Lab.Cli;

/// <summary><c>lab/torture</c>: the daemon on a real kernel, with all that can go wrong at once.</summary>
static class TortureCommand
{
    /// <summary>Of each CPU: every modprobe that finds no daemon leaves a dozen events.</summary>
    const int TraceBufferKilobytes = 8192;

    public const string Help = """
        lab/torture --kernel 6.1|6.12|gates [--cpus 8] [--minutes 10] [--processes 200]
                    [--memory 4G] [--timeout S] [--binary PATH] [--raw DIR] [--verbose]

        Boots a guest with udev and drover's daemon, and at once takes CPUs off and on, removes modules and asks
        for them again, runs modprobes by the hundred, repeats all devices' events, writes the indexes anew, and in
        the first half kills the daemon every few seconds. Says what became of every request, which calls were made
        twice, what is missing, and what memory has gone.

          --minutes    of the guest's clock (default 10); the host's takes about as long again
          --processes  modprobes at a time (default 200)
          --raw        writes what the guest sent to DIR
          --verbose    shows the guest's console

        Ends with 0 if all requests were answered, nothing is missing, no call was a duplicate but for what kills
        excuse, and memory is back; 1 if not, 2 for a wrong command line, 3 if this machine cannot run the lab,
        130 after Ctrl-C.
        """;

    public static async Task<int> RunAsync(IReadOnlyList<string> given, CancellationToken stop)
    {
        var arguments = new ArgumentReader(given, "--verbose");
        var name = arguments.Choice("--kernel", Kernels.All);
        var cpus = arguments.Number("--cpus", 2, CommonOptions.MaximumCpus, fallback: 8);
        var seconds = arguments.Number("--minutes", 1, 600, fallback: 10) * 60;
        var processes = arguments.Number("--processes", 1, 10_000, fallback: 200);
        var settings = CommonOptions.GuestSettings(arguments);
        arguments.End();
        Laboratory.HashOf(settings.Binary); // says so where there is none

        using var laboratory = new Laboratory(settings, message => Console.Error.WriteLine("lab: " + message));
        var kernel = await laboratory.PrepareAsync(name, stop);
        var run = new GuestRun(kernel, Kernels.DefaultGate(name), cpus, Loader.Daemon, settings.Memory, settings.Timeout ?? TimeSpan.FromSeconds(600 + 4 * seconds))
        {
            Console = settings.Console,
            Devices = settings.Devices,
            Binary = settings.Binary,
            Init = Resources.Torture,
            Settings = string.Create(CultureInfo.InvariantCulture, $"torture_seconds={seconds}\nherd_size={processes}\ntrace_buffer_kb={TraceBufferKilobytes}\n"),
        };
        var report = TortureReport.Of(await laboratory.BootAsync(run, "torture", stop));
        Console.Write(report);
        return report.Problems().Any() ? LabException.Failed : 0;
    }
}
