using Drover.CommandLine;
using Drover.Model.Herds;
using Drover.Model.Scenarios;
using Drover.Study.Herd;

namespace Drover.Study.Tests.Herd;

public class HerdRunsTests
{
    static readonly Scenario s_scenario =
        new() { Name = "empty", Cpus = 1, MemoryBytes = 1 << 30, Modules = [], Aliases = [], Devices = [] };

    /// <summary>With 1 to 6 CPUs.</summary>
    static readonly HerdOptions[] s_runs =
    [
        .. Enumerable.Range(1, 6)
            .Select(cpus => new HerdOptions { Scenario = s_scenario, Cpus = cpus, MemoryBytes = 1 << 30 }),
    ];

    [Fact]
    public void Cancellation_keeps_the_finished_runs()
    {
        using var cancellation = new CancellationTokenSource();
        // when all workers are in a run that waits for the cancellation, the earlier runs have ended
        using var allBusy = new Barrier(HerdRuns.MaxParallel, _ => cancellation.Cancel());
        var engine = new FakeEngine
        {
            Before = (options, cancellationToken) =>
            {
                if (options.Cpus < 3)
                    return;
                allBusy.SignalAndWait(CancellationToken.None);
                cancellationToken.WaitHandle.WaitOne();
            },
        };
        var finished = Run(engine, TextWriter.Null, cancellation.Token);
        Assert.Equal([1, 2], finished.Select(run => run.Result.Options.Cpus));
    }

    [Fact]
    public void Failure_cancels_the_other_runs()
    {
        var engine = new FakeEngine
        {
            Before = (options, cancellationToken) =>
            {
                if (options.Cpus == 2)
                    throw new ScenarioException("no");
                if (options.Cpus == 1)
                    cancellationToken.WaitHandle.WaitOne();
            },
        };
        Assert.Throws<ScenarioException>(() => Run(engine, TextWriter.Null, CancellationToken.None));
        Assert.Equal(2, engine.Runs.Count);
    }

    [Fact]
    public void Terminal_shows_the_progress_and_erases_it()
    {
        using var error = new SignallingWriter();
        var engine = new FakeEngine { Before = (_, cancellationToken) => error.Written.Wait(cancellationToken) };
        Run(engine, error, TestContext.Current.CancellationToken);
        Assert.Matches(@"\d of 6 runs done; now udev, gate none, \d CPUs?, 1 GiB, seed 1", error.ToString());
        Assert.EndsWith("\r\e[K", error.ToString(), StringComparison.Ordinal);
    }

    static List<FinishedRun> Run(FakeEngine engine, TextWriter error, CancellationToken cancellationToken)
    {
        var terminal = new Terminal(TextWriter.Null, error, isWatched: error is SignallingWriter);
        return new HerdRuns(engine.Run, terminal).Run(s_runs, timelines: false, trace: null, cancellationToken);
    }

    sealed class SignallingWriter : StringWriter
    {
        public ManualResetEventSlim Written { get; } = new();

        public override void Write(string? value)
        {
            base.Write(value);
            Written.Set();
        }

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            Written.Dispose();
        }
    }
}
