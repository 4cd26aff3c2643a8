using Drover.Cli;
using Drover.Model;

namespace Drover.Tests.Verbs.Herd;

/// <summary>What <c>drover herd</c> runs and prints; what a run does is Drover.Model.Tests' business.</summary>
public class HerdVerbTests
{
    [Fact]
    public void Without_options_it_is_the_seeds_experiment() => new PretendEngine().Command().ShouldBe("herd-table.txt");

    [Fact]
    public void A_machine_that_does_not_boot_is_a_result() => new PretendEngine().Command("--memory", "256M", "--kasan", "--gate=none,exclusive").ShouldBe("herd-no-boot.txt");

    [Fact]
    public void What_is_the_same_of_several_herds_is_told_once()
    {
        var run = new PretendEngine().Command("--gate=none", "--herd=udev,spray,drover");
        Assert.Contains("\nWaste: udev, spray 193.8 MiB; drover nothing.\nAt the end: udev, spray, drover boot with every module.\n", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sweep_has_tables_and_a_chart() => new PretendEngine().Command("--sweep", "cpus=1..1024").ShouldBe("herd-sweep.txt");

    [Fact]
    public void A_sweep_of_memory_shows_where_boots_fail() =>
        new PretendEngine().Command("--sweep", "memory=128M..1G", "--herd=udev", "--gate=none,early").ShouldBe("herd-sweep-memory.txt");

    [Fact]
    public void A_sweep_of_nothing_but_drover_wastes_nothing() =>
        Assert.EndsWith("chart: no wasted bytes at any point\n", new PretendEngine().Command("--sweep", "cpus=1,8", "--herd=drover").Out, StringComparison.Ordinal);

    [Fact]
    public void Json_is_an_array_with_an_object_a_run() => new PretendEngine().Command("--json", "--gate=none", "--memory=256M").ShouldBe("herd-json.txt");

    [Fact]
    public void Csv_is_a_line_a_run() => new PretendEngine().Command("--csv").ShouldBe("herd-csv.txt");

    [Fact]
    public void A_trace_has_a_line_an_event_before_the_table() => new PretendEngine().Command("--trace", "--gate=none", "--herd=udev").ShouldBe("herd-trace.txt");

    [Fact]
    public void The_kernels_statistics_stand_behind_the_table() =>
        Assert.Contains("\n# udev, gate none, 255 CPUs, 4 GiB, seed 1\n", new PretendEngine().Command("--stats", "--gate=none", "--herd=udev").Out, StringComparison.Ordinal);

    [Fact]
    public void Names_of_somebody_else_do_not_reach_the_terminal_as_they_are() =>
        Assert.DoesNotContain('\e', new PretendEngine { Events = PretendEngine.Story("\e[2Jevil") }.Command("--trace").Out);

    [Fact]
    public void The_order_is_that_of_the_command_line_whichever_run_ends_first()
    {
        // the first run ends last
        var engine = new PretendEngine { Before = (options, _) => Thread.Sleep(options.Cpus == 1 ? 200 : 0) };
        var run = engine.Command("--sweep=cpus=8,1,2", "--herd=drover", "--gate=early,none", "--csv");
        Assert.Equal(["early,drover,1", "early,drover,2", "early,drover,8", "none,drover,1", "none,drover,2", "none,drover,8"],
            run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => string.Join(',', line.Split(',').Take(3))));
    }

    [Fact]
    public void Options_reach_the_model()
    {
        var engine = new PretendEngine();
        Assert.Equal(0, engine.Command("--cpus=12", "--gate=idempotent", "--herd=spray", "--memory=2G", "--kasan", "--seed=7", "--cost=openNs=1.5", "--cost=jitter=0").Exit);
        var options = Assert.Single(engine.Asked);
        Assert.Equal((12, GateKind.Idempotent, HerdKind.Spray, 2L << 30, true, 7), (options.Cpus, options.Gate, options.Herd, options.MemoryBytes, options.Kasan, options.Seed));
        Assert.Equal(new CostModel { OpenNs = 1.5, Jitter = 0 }, options.Costs);
    }

    [Fact]
    public void All_herds_on_all_gates_are_each_run_once()
    {
        var engine = new PretendEngine();
        Assert.Equal(0, engine.Command("--herd=all", "--gate=none,all", "--gate=early").Exit);
        Assert.Equal(24, engine.Asked.Select(options => (options.Herd, options.Gate)).Distinct().Count());
        Assert.Equal(24, engine.Asked.Count);
    }

    [Fact]
    public void Ranges_have_both_ends_and_the_powers_of_two_between()
    {
        var engine = new PretendEngine();
        engine.Command("--sweep=cpus=3..100", "--herd=drover", "--gate=none");
        Assert.Equal([3, 4, 8, 16, 32, 64, 100], engine.Asked.Select(options => options.Cpus).Order());
    }

    [Fact]
    public void A_scenario_that_contradicts_itself_ends_it()
    {
        var engine = new PretendEngine { Before = (_, _) => throw new ScenarioException("x.json: line 3: no such module") };
        Assert.Throws<ScenarioException>(() => engine.Command());
    }

    [Theory]
    [InlineData("--cpus takes 1 to 8192, not '9000'", "--cpus", "9000")]
    [InlineData("--gate takes none, early, exclusive, idempotent or all, not 'exlusive'; did you mean 'exclusive'?", "--gate=none,exlusive")]
    [InlineData("--herd takes udev, threads, modprobe, spray, user-decompress, drover or all, not 'kmod'", "--herd=kmod")]
    [InlineData("--cost: there is no cost 'opensNs'; did you mean 'openNs'?", "--cost=opensNs=4")]
    [InlineData("--cost takes NAME=VALUE with a number of at least 0, such as openNs=1.5, not 'openNs=-4'", "--cost=openNs=-4")]
    [InlineData("--cost takes NAME=VALUE with a number of at least 0, such as openNs=1.5, not 'openNs'", "--cost=openNs")]
    [InlineData("--sweep takes cpus=1..4096, cpus=1,8,64 or memory=256M..8G, not 'cpu=1'; did you mean 'cpus'?", "--sweep=cpu=1")]
    [InlineData("--sweep cpus=0..4: '0' is no number of CPUs from 1 to 8192; write cpus=1..4096, cpus=1,8,64 or memory=256M..8G", "--sweep=cpus=0..4")]
    [InlineData("--sweep cpus=8..4: the range goes down; write the smaller end first", "--sweep=cpus=8..4")]
    [InlineData("--sweep memory=1G..x: 'x' is no size such as 256M; write cpus=1..4096, cpus=1,8,64 or memory=256M..8G", "--sweep=memory=1G..x")]
    [InlineData("--sweep varies the CPUs: leave out --cpus", "--sweep=cpus=1..4", "--cpus=4")]
    [InlineData("--sweep varies the memory: leave out --memory", "--sweep=memory=1G..4G", "--memory=4G")]
    [InlineData("--memory takes at most 4194304G, not '5000000G'", "--memory=5000000G")]
    [InlineData("--json and --csv are two forms of the same: leave one out", "--json", "--csv")]
    [InlineData("--trace prints text: leave out --json", "--trace", "--json")]
    public void A_mistake_is_named_before_anything_runs(string message, params string[] args)
    {
        var engine = new PretendEngine();
        Assert.Equal(message, Assert.Throws<UsageException>(() => engine.Command(args)).Message);
        Assert.Empty(engine.Asked);
    }
}
