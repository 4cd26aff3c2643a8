using System.Text.Json;
using Drover.Control;
using Drover.Control.Tests;
using Drover.Kernel;
using Drover.Linux.Runtime;
using Drover.Linux.Sockets;
using Drover.Loading;

namespace Drover.Tests.Packaging;

/// <summary>The metrics, rules and the dashboard of a fleet, by Debian's prometheus and node_exporter.</summary>
public class FleetTests
{
    static readonly string s_files = Path.Combine(Repository.Root, "packaging/prometheus");

    static string Rules => Path.Combine(s_files, "drover.rules.yml");

    /// <summary>Built-in scenarios: without a gate, and with the idempotent one.</summary>
    static readonly string[] s_scenarios = ["debian12", "debian13"];

    [Fact]
    public async Task Promtool_finds_nothing_wrong_with_the_metrics()
    {
        using var monitoring = await Monitoring.CreateAsync();
        Assert.Equal((0, ""), monitoring.Promtool(DaemonsMetrics(), "check", "metrics"));
        Assert.Equal((0, ""), monitoring.Promtool(Audit("debian12"), "check", "metrics"));
        // it would find something
        Assert.Equal(3, monitoring.Promtool("# TYPE drover_x counter\ndrover_x 1\n", "check", "metrics").Exit);
    }

    [Fact]
    public async Task Promtool_checks_and_tests_the_rules()
    {
        using var monitoring = await Monitoring.CreateAsync();
        var (exit, output) = monitoring.Promtool("", "check", "rules", "--lint=all", "--lint-fatal", Rules);
        Assert.True(exit == 0, output);
        (exit, output) = monitoring.Promtool("", "test", "rules", Path.Combine(s_files, "drover.test.yml"));
        Assert.True(exit == 0, output);
    }

    /// <summary>A daemon, none, and two machines with an audit only, each with a node_exporter.</summary>
    [Fact]
    public async Task Each_query_of_the_dashboard_gives_the_right_numbers()
    {
        using var monitoring = await Monitoring.CreateAsync();
        await File.WriteAllTextAsync($"{monitoring.AddMachine("daemon")}/drover.prom", DaemonsMetrics(),
            TestContext.Current.CancellationToken);
        var gone = monitoring.AddMachine("gone");
        Assert.Equal(new(0, "", ""), CommandLineRun.Run(
            "status", "--socket", $"{gone}/nobody", "--metrics", $"{gone}/drover.prom"));
        var (udev, drover, wasted) = (0L, 0L, 0L);
        foreach (var scenario in s_scenarios)
        {
            await File.WriteAllTextAsync($"{monitoring.AddMachine(scenario)}/drover-audit.prom", Audit(scenario),
                TestContext.Current.CancellationToken);
            using var audit = JsonDocument.Parse(CommandLineRun.Run("audit", "--scenario", scenario, "--json").Out);
            var boots = audit.RootElement.GetProperty("boots");
            // two more boots where it is unknown who decompresses; the first two are for a kernel that does
            var first = boots[0].GetProperty("title").GetString() == "udev as it is" ? 0 : 2;
            udev += CallsOf(boots[first]);
            drover += CallsOf(boots[first + 1]);
            wasted += boots[first].GetProperty("duplicateBytes").GetInt64()
                - boots[first + 1].GetProperty("duplicateBytes").GetInt64();
        }
        Assert.True(udev > drover && wasted > 0, "the scenarios have herds");
        var expected = new Dictionary<string, string[]>
        {
            ["Machines with the daemon"] = ["1"],
            ["Daemon does not answer"] = ["1"],
            ["Audited, without the daemon"] = ["2"],
            ["Wasted at each boot without the daemon"] = [$"{wasted}"],
            ["Answered without a load"] = ["0.4"],
            ["Wasted with the daemon"] = ["4096"],
            ["Refused by policy"] = ["2"],
            ["Loads in the kernel now"] = ["3"],
            ["Load calls by result"] = ["1{errno=EEXIST}", "1{errno=ENODEV}", "2{errno=EIO}", "4{errno=0}"],
            ["Load calls of a boot, by the audit"] = [$"{drover}{{loader=drover}}", $"{udev}{{loader=udev}}"],
            ["Modules that fail"] = ["1{instance=daemon,module=nic}"],
            ["Modules that the policy refused"] = ["1{instance=daemon,module=dccp}"],
            ["Boot, until the last load"] = ["3.5{instance=daemon}"],
            ["Boot, against the slowest of the last ten"] = ["1.75{instance=daemon}"],
            ["Kernels and versions"] = ["1{kernel=6.12.2,version=0.2.0}"],
            ["Modules by the share of machines where they fail"] = ["1{kernel=6.12.2,module=nic,version=0.2.0}"],
        };

        await monitoring.StartAsync(Rules);
        using var dashboard = JsonDocument.Parse(
            await File.ReadAllBytesAsync(Path.Combine(s_files, "drover-dashboard.json"),
                TestContext.Current.CancellationToken));
        var panels = dashboard.RootElement.GetProperty("panels").EnumerateArray().ToList();
        Assert.Equal(expected.Keys, panels.Select(panel => panel.GetProperty("title").GetString()));
        foreach (var panel in panels)
        {
            var title = panel.GetProperty("title").GetString()!;
            var query = Assert.Single(panel.GetProperty("targets").EnumerateArray()).GetProperty("expr").GetString()!;
            Assert.Equal((title, string.Join(' ', expected[title].Order(StringComparer.Ordinal))),
                (title, string.Join(' ', await monitoring.QueryAsync(query))));
        }
    }

    /// <summary>Every metric, rule and alert is in docs/fleet.md.</summary>
    [Fact]
    public void The_document_names_every_metric_rule_and_alert()
    {
        var document = File.ReadAllText(Path.Combine(Repository.Root, "docs/fleet.md"));
        var metrics = (DaemonsMetrics() + Audit("debian12")).Split('\n')
            .Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(line => line.Split(' ')[2]);
        var rules = File.ReadLines(Rules).Select(line => line.Trim().Split(": "))
            .Where(words => words[0] is "- record" or "- alert").Select(words => words[1]);
        Assert.All(metrics.Concat(rules), name => Assert.Contains($"`{name}`", document, StringComparison.Ordinal));
    }

    /// <summary>What 'drover status --metrics' writes of a daemon that has served ten requests.</summary>
    static string DaemonsMetrics()
    {
        using var folder = new Install.TestRoot();
        var loop = new LiveLoop();
        var loads = new FakeLoads();
        loads.Now = loads.Now with
        {
            Release = "6.12.2",
            RunningCount = 3,
            Counts = new LoaderStatistics
            {
                Requests = 9,
                Requested = 10,
                Outcomes = new Dictionary<OutcomeKind, long>
                {
                    [OutcomeKind.Loaded] = 3,
                    [OutcomeKind.Joined] = 3,
                    [OutcomeKind.AlreadyLive] = 1,
                    [OutcomeKind.Forbidden] = 2,
                    [OutcomeKind.Failed] = 1,
                },
                CallsByErrno = new Dictionary<Errno, long>
                {
                    [Errno.None] = 4,
                    [Errno.ENODEV] = 1,
                    [Errno.EIO] = 2,
                    [Errno.EEXIST] = 1,
                },
                Calls = 8,
                WastedFileBytes = 4096,
            },
        };
        Add("disk", OutcomeKind.Loaded, Errno.None, 1);
        Add("nic", OutcomeKind.Failed, Errno.EIO, 2);
        Add("no_hardware", OutcomeKind.Failed, Errno.ENODEV, 1);
        Add("dccp", OutcomeKind.Forbidden, Errno.EPERM, 0);
        using var service = new ControlService(loop, loads, new ControlOptions
        {
            Version = "0.2.0",
            BootTimes = () => [3_500_000, 1_500_000, 2_000_000],
        });
        var (socket, file) = (folder["/socket"], folder["/drover.prom"]);
        var run = loop.Run(async () =>
        {
            using var listening = ControlSocket.Listen(socket, loop, service.Accept);
            return await Task.Run(() => CommandLineRun.Run("status", "--socket", socket, "--metrics", file));
        });
        Assert.Equal(new(0, "", ""), run);
        return File.ReadAllText(file);

        void Add(string module, OutcomeKind kind, Errno error, int calls) => loads.Records.Add(
            new ModuleRecord(module, 1, calls, new ModuleOutcome(module, kind, error), null, module, null));
    }

    static string Audit(string scenario)
    {
        var run = CommandLineRun.Run("audit", "--scenario", scenario, "--metrics", "-");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        return run.Out;
    }

    static long CallsOf(JsonElement boot) =>
        boot.GetProperty("calls").EnumerateObject().Sum(calls => calls.Value.GetInt64());
}
