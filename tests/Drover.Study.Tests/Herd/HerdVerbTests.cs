using Drover.CommandLine;
using Drover.Model.Herds;
using Drover.Model.Kernel;
using Drover.Model.Scenarios;

namespace Drover.Study.Tests.Herd;

/// <summary>The runs and the output of <c>drover herd</c>; Drover.Model.Tests test the runs themselves.</summary>
public class HerdVerbTests
{
    [Fact]
    public void Default_runs_are_udev_and_drover_on_each_gate() =>
        new FakeEngine().Command().ShouldBe("herd-table.txt");

    [Fact]
    public void Machine_that_does_not_boot_is_a_result() =>
        new FakeEngine().Command("--memory", "256M", "--kasan", "--gate=none,exclusive").ShouldBe("herd-no-boot.txt");

    [Fact]
    public void Equal_findings_of_several_herds_become_one()
    {
        var run = new FakeEngine().Command("--gate=none", "--herd=udev,spray,drover");
        Assert.EndsWith(
            """

            Waste: udev, spray 193.8 MiB; drover nothing.
            At the end: udev, spray, drover boot with every module.
            Time: udev 3.54 s, spray 3.54 s (the same), drover 1.00 s (72 % less).

            """,
            run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Sweep_has_tables_and_a_chart() =>
        new FakeEngine().Command("--sweep", "cpus=1..1024").ShouldBe("herd-sweep.txt");

    [Fact]
    public void Sweep_of_memory_shows_failed_boots() =>
        new FakeEngine().Command("--sweep", "memory=128M..1G", "--herd=udev", "--gate=none,early")
            .ShouldBe("herd-sweep-memory.txt");

    [Fact]
    public void Sweep_without_waste_has_no_chart()
    {
        var run = new FakeEngine().Command("--sweep", "cpus=1,8", "--herd=drover");
        Assert.EndsWith("chart: no wasted bytes at any point\n", run.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--trace")]
    [InlineData("--stats")]
    [InlineData("--json")]
    [InlineData("--csv")]
    public void Output_without_a_reader_is_an_error_as_of_every_verb(string option)
    {
        using var error = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal(new FullWriter(), error, isWatched: false);
        Assert.Equal(1, TestedProgram.Run(["herd", "--cpus=2", option], terminal));
        Assert.Equal("drover: no space left\n", error.ToString());
    }

    [Fact]
    public void Json_is_an_array_with_an_object_a_run() =>
        new FakeEngine().Command("--json", "--gate=none", "--memory=256M").ShouldBe("herd-json.txt");

    [Fact]
    public void Csv_is_a_line_a_run() => new FakeEngine().Command("--csv").ShouldBe("herd-csv.txt");

    [Fact]
    public void Trace_has_a_line_an_event_before_the_table() =>
        new FakeEngine().Command("--trace", "--gate=none", "--herd=udev").ShouldBe("herd-trace.txt");

    [Fact]
    public void Stats_follow_the_table()
    {
        var run = new FakeEngine().Command("--stats", "--gate=none", "--herd=udev");
        Assert.Contains("\n# udev, gate none, 255 CPUs, 4 GiB, seed 1\n", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Control_characters_in_names_do_not_reach_the_terminal()
    {
        var engine = new FakeEngine { Events = FakeEngine.Story("\e[2Jevil") };
        Assert.DoesNotContain('\e', engine.Command("--trace").Out);
    }

    [Fact]
    public void Order_is_that_of_the_command_line_whichever_run_ends_first()
    {
        using var lastStarted = new ManualResetEventSlim();
        var engine = new FakeEngine
        {
            Before = (options, cancellationToken) =>
            {
                // the first run waits for the last one
                if (options is { Cpus: 1, Gate: GateKind.EarlyCheck })
                    lastStarted.Wait(cancellationToken);
                else if (options is { Cpus: 8, Gate: GateKind.None })
                    lastStarted.Set();
            },
        };
        var run = engine.Command("--sweep=cpus=8,1,2", "--herd=drover", "--gate=early,none", "--csv");
        string[] expected =
        [
            "early,drover,1", "early,drover,2", "early,drover,8", "none,drover,1", "none,drover,2", "none,drover,8",
        ];
        var lines = run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1);
        Assert.Equal(expected, lines.Select(line => string.Join(',', line.Split(',').Take(3))));
    }

    [Fact]
    public void Options_reach_the_model()
    {
        var engine = new FakeEngine();
        var run = engine.Command(
            "--cpus=12", "--gate=idempotent", "--herd=spray", "--memory=2G", "--kasan", "--seed=7", "--cost=openNs=1.5",
            "--cost=jitter=0");
        Assert.Equal(0, run.Exit);
        var options = Assert.Single(engine.Runs);
        Assert.Equal((12, GateKind.Idempotent, LoaderKind.Spray), (options.Cpus, options.Gate, options.Loader));
        Assert.Equal((2L << 30, true, 7), (options.MemoryBytes, options.Kasan, options.Seed));
        Assert.Equal(new CostModel { OpenNs = 1.5, Jitter = 0 }, options.Costs);
    }

    [Fact]
    public void All_herds_on_all_gates_run_once_each()
    {
        var engine = new FakeEngine();
        Assert.Equal(0, engine.Command("--herd=all", "--gate=none,all", "--gate=early").Exit);
        Assert.Equal(28, engine.Runs.Select(options => (options.Loader, options.Gate)).Distinct().Count());
        Assert.Equal(28, engine.Runs.Count);
    }

    [Fact]
    public void Range_has_both_ends_and_the_powers_of_two_between()
    {
        var engine = new FakeEngine();
        engine.Command("--sweep=cpus=3..100", "--herd=drover", "--gate=none");
        Assert.Equal([3, 4, 8, 16, 32, 64, 100], engine.Runs.Select(options => options.Cpus).Order());
    }

    [Fact]
    public void Scenario_that_contradicts_itself_ends_the_command()
    {
        var engine = new FakeEngine { Before = (_, _) => throw new ScenarioException("x.json:3: no such module") };
        Assert.Throws<ScenarioException>(() => engine.Command());
    }

    [Theory]
    [InlineData("--cpus takes 1 to 8192, not '9000'", "--cpus", "9000")]
    [InlineData(
        "--gate takes none, early, exclusive, idempotent or all, not 'exlusive'; did you mean 'exclusive'?",
        "--gate=none,exlusive")]
    [InlineData(
        "--herd takes udev, threads, modprobe, modules-load, spray, user-decompress, drover or all, not ",
        "--herd=kmod")]
    [InlineData("--cost: there is no cost 'opensNs'; did you mean 'openNs'?", "--cost=opensNs=4")]
    [InlineData("--cost takes NAME=VALUE with a number, such as openNs=1.5, not ", "--cost=openNs")]
    [InlineData("--cost openNs=-4: openNs must not be negative", "--cost=openNs=-4")]
    [InlineData("--cost sliceNs=0: sliceNs must be at least 1000", "--cost=sliceNs=0")]
    [InlineData("--cost jitter=NaN: jitter must be a number of at most ", "--cost=jitter=NaN")]
    [InlineData(
        "--sweep takes cpus=1..4096, cpus=1,8,64 or memory=256M..8G, not 'cpu=1'; did you mean 'cpus'?",
        "--sweep=cpu=1")]
    [InlineData("--sweep cpus=0..4: '0' is not a number of CPUs from 1 to 8192", "--sweep=cpus=0..4")]
    [InlineData("--sweep cpus=8..4: the range goes down; write the smaller end first", "--sweep=cpus=8..4")]
    [InlineData("--sweep memory=1G..x: 'x' is not a size from 1M to 4P", "--sweep=memory=1G..x")]
    [InlineData("--sweep varies the CPUs: leave out --cpus", "--sweep=cpus=1..4", "--cpus=4")]
    [InlineData("--sweep varies the memory: leave out --memory", "--sweep=memory=1G..4G", "--memory=4G")]
    [InlineData("--memory takes 1M to 4P, not '5000000G'", "--memory=5000000G")]
    [InlineData("--json and --csv exclude each other", "--json", "--csv")]
    [InlineData("--trace prints text: leave out --json", "--trace", "--json")]
    public void Usage_error_is_reported_before_anything_runs(string message, params string[] args)
    {
        var engine = new FakeEngine();
        var error = Assert.Throws<UsageException>(() => engine.Command(args));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
        Assert.Empty(engine.Runs);
    }

    sealed class FullWriter : StringWriter
    {
        public override void Write(char[] buffer, int index, int count) => throw new IOException("no space left");

        public override void Write(string? value) => throw new IOException("no space left");

        public override void WriteLine(string? value) => throw new IOException("no space left");
    }
}
