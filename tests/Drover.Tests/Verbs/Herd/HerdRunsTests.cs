using Drover.Model;
using Drover.Output;
using Drover.Verbs.Herd;

namespace Drover.Tests.Verbs.Herd;

public class HerdRunsTests
{
    static readonly Scenario Scenario = new() { Name = "empty", Cpus = 1, MemoryBytes = 1 << 30, Modules = [], Aliases = [], Devices = [] };

    static readonly HerdOptions[] Runs = [.. Enumerable.Range(1, 6).Select(cpus => new HerdOptions { Scenario = Scenario, Cpus = cpus, MemoryBytes = 1 << 30 })];

    [Fact]
    public void What_is_done_when_it_is_interrupted_is_kept()
    {
        using var stop = new CancellationTokenSource();
        // once every worker is in a run that never ends by itself, those before have ended
        using var allBusy = new Barrier(HerdRuns.SideBySide, _ => stop.Cancel());
        var engine = new PretendEngine
        {
            Before = (options, token) =>
            {
                if (options.Cpus < 3)
                    return;
                allBusy.SignalAndWait(CancellationToken.None);
                token.WaitHandle.WaitOne();
            },
        };
        Assert.Equal([1, 2], Do(engine, isWatched: false, out _, stop.Token).Select(run => run.Result.Options.Cpus));
    }

    [Fact]
    public void A_failure_ends_the_others_too()
    {
        var engine = new PretendEngine
        {
            Before = (options, token) =>
            {
                if (options.Cpus == 2)
                    throw new ScenarioException("no");
                if (options.Cpus == 1)
                    token.WaitHandle.WaitOne();
            },
        };
        Assert.Throws<ScenarioException>(() => Do(engine, isWatched: false, out _, CancellationToken.None));
        Assert.Equal(2, engine.Asked.Count);
    }

    [Fact]
    public void A_person_sees_which_run_of_how_many_and_the_line_goes_away()
    {
        var engine = new PretendEngine { Before = (_, _) => Thread.Sleep(300) };
        Do(engine, isWatched: true, out var shown, CancellationToken.None);
        Assert.Matches(@"\d of 6 runs done; now udev, gate none, \d CPUs, 1 GiB, seed 1", shown);
        Assert.EndsWith("\r\e[K", shown, StringComparison.Ordinal);
    }

    static List<FinishedRun> Do(PretendEngine engine, bool isWatched, out string shown, CancellationToken stop)
    {
        using var error = new StringWriter();
        var finished = new HerdRuns(engine.Run, new Terminal(TextWriter.Null, error, isWatched)).Run(Runs, timelines: false, trace: null, stop);
        shown = error.ToString();
        return finished;
    }
}
