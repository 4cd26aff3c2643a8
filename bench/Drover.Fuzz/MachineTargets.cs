using Drover.Devices;
using Drover.Linux.Tracing;
using Drover.Model.Herds;
using Drover.Model.Kernel;
using Drover.Model.Scenarios;
using Drover.Study.Audit;
using Drover.Study.Recordings;
using Drover.Text;

namespace Drover.Fuzz;

/// <summary>What comes from a kernel or from another machine.</summary>
static class MachineTargets
{
    const int MaxEvents = 2_000; // of the model: a boot of some modules

    /// <summary>BTF, trace lines, uevents and the record of a boot: each takes any bytes.</summary>
    public static void Btf(byte[] input)
    {
        FuzzTarget.Read(() => ProbePlan.For(new BtfFile(input)));
        foreach (var line in input.AsSpan().Split((byte)'\n'))
        {
            if (!TraceLine.TryParse(input.AsSpan(line), out var parsed))
                continue;
            _ = parsed.TryField("fd: "u8, out _) | parsed.TryResult(out _);
        }
        _ = UeventText.TryParseMessage(input, out _);
        UeventText.ParseFile(input, "/devices/x", "", 0);
        BootRecord.TryParse(ByteText.Of(input), "6.1");
    }

    public static void Tar(byte[] input) => FuzzTarget.Read(() =>
    {
        var archive = SysfsArchive.Read(Scratch.Write("sys.tar", input));
        foreach (var device in archive.Devices)
            archive.DriverModuleOf(device.DevPath);
        return archive;
    });

    public static void Recording(byte[] input)
    {
        if (FuzzTarget.Read(() => RecordingFile.Read(new MemoryStream(input), "r.json")) is not { } recordings)
            return;
        var terminal = new CommandLine.Terminal(TextWriter.Null, TextWriter.Null, isWatched: false);
        var file = Scratch.Write("r.json", input);
        if (Tests.TestedProgram.Run(["report", file, "--html", Scratch.Path("r.html")], terminal) is not (0 or 1))
            throw new FuzzFault($"report of {recordings.Count} recordings ends with another status than 0 and 1");
    }

    /// <summary>The scenario, and the begin of a boot on it.</summary>
    public static void Scenario(byte[] input) => FuzzTarget.Read(() =>
    {
        var scenario = ScenarioFile.Read(input, "s.json");
        foreach (var loader in (LoaderKind[])[LoaderKind.Udev, LoaderKind.Drover])
        {
            using var enough = new CancellationTokenSource();
            var options = new HerdOptions
            {
                Scenario = scenario,
                Cpus = 2,
                Gate = GateKind.Exclusive,
                Loader = loader,
            };
            try
            {
                HerdRun.Run(options, new EventCounter(enough), enough.Token);
            }
            catch (OperationCanceledException)
            {
                // MaxEvents
            }
        }
        return ScenarioFile.Write(scenario);
    });

    sealed class EventCounter(CancellationTokenSource enough) : IModelObserver
    {
        int _events;

        public void Happened(in ModelEvent happened)
        {
            if (++_events == MaxEvents)
                enough.Cancel();
        }
    }
}
