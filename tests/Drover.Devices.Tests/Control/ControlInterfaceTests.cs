using Drover.Devices.Control;
using Drover.Loading;

namespace Drover.Devices.Tests.Control;

/// <summary>docs/io.drover.Loader.varlink and what is answered hold together.</summary>
public sealed class ControlInterfaceTests
{
    static readonly VarlinkInterface Loader = new(InterfaceText.Of(InterfaceText.Loader)!);
    static readonly VarlinkInterface Service = new(InterfaceText.Of(InterfaceText.Service)!);

    [Fact]
    public void The_text_in_docs_is_what_is_described()
    {
        var bench = new ControlBench();
        bench.Run(async () =>
        {
            var client = bench.Connect(ControlBench.User(1000)).Call("org.varlink.service.GetInfo");
            var info = (await client.ReplyAsync()).GetProperty("parameters");
            Service.Check(Service.Methods["GetInfo"].Out, info, "GetInfo");
            Assert.Equal("1.2.3", info.GetProperty("version").GetString());
            foreach (var name in info.GetProperty("interfaces").EnumerateArray().Select(name => name.GetString()!))
            {
                client.Call("org.varlink.service.GetInterfaceDescription", $$"""{"interface":"{{name}}"}""");
                var described = new VarlinkInterface((await client.ReplyAsync()).GetProperty("parameters").GetProperty("description").GetString()!);
                Assert.Equal(name, described.Name);
            }
        });
        Assert.Equal("io.drover.Loader", Loader.Name);
    }

    [Fact]
    public void Every_method_of_the_text_is_answered_as_it_says_and_there_is_no_other()
    {
        var bench = Busy();
        bench.Run(async () =>
        {
            foreach (var (method, (_, reply)) in Loader.Methods)
            {
                var more = method == "Subscribe" ? ",\"more\":true" : "";
                var client = bench.Connect().Call($"io.drover.Loader.{method}", ParametersOf(method), more);
                var answer = await client.ReplyAsync();
                Assert.False(answer.TryGetProperty("error", out var error), $"{method}: {error}");
                Loader.Check(reply, answer.GetProperty("parameters"), method);
                if (method != "Subscribe")
                    continue;
                bench.Loads.Serve("loop");
                answer = await client.ReplyAsync();
                Assert.True(answer.GetProperty("continues").GetBoolean());
                Loader.Check(reply, answer.GetProperty("parameters"), method);
                Assert.Equal("loop", answer.GetProperty("parameters").GetProperty("served").GetProperty("outcome").GetProperty("module").GetString());
            }
        });
    }

    [Fact]
    public void Every_parameter_of_the_text_is_known_and_optional_ones_may_be_null()
    {
        var bench = Busy();
        bench.Run(async () =>
        {
            foreach (var (method, (input, _)) in Loader.Methods)
            {
                var members = input.Fields!.Select(field => $"\"{field.Name}\":{Sample(field.Type)}").ToList();
                var nulls = input.Fields!.Select(field => $"\"{field.Name}\":{(field.Type.IsOptional ? "null" : Sample(field.Type))}").ToList();
                foreach (var parameters in new[] { members, nulls })
                {
                    var client = bench.Connect().Call($"io.drover.Loader.{method}", "{" + string.Join(',', parameters) + "}", ",\"more\":true");
                    var answer = await client.ReplyAsync();
                    Assert.False(answer.TryGetProperty("error", out _), $"{method}: {answer}");
                }
                members.Add("\"unheardOf\":1");
                var other = bench.Connect().Call($"io.drover.Loader.{method}", "{" + string.Join(',', members) + "}");
                await Expect(other, ControlErrors.InvalidParameter, "parameter", "unheardOf");
            }
        });
    }

    [Fact]
    public void Every_error_is_declared_and_carries_what_the_text_says()
    {
        var bench = new ControlBench();
        bench.Loads.ReloadFails = "modules.dep.bin is damaged";
        bench.Run(async () =>
        {
            var client = bench.Connect();
            await Expect(client.Call("org.example.Other.Method"), ControlErrors.InterfaceNotFound, "interface", "org.example.Other");
            await Expect(client.Call("Load"), ControlErrors.InterfaceNotFound, "interface", "");
            await Expect(client.Call("io.drover.Loader.Unload"), ControlErrors.MethodNotFound, "method", "Unload");
            await Expect(client.Call("org.varlink.service.load"), ControlErrors.MethodNotFound, "method", "load");
            await Expect(client.Call("org.varlink.service.GetInterfaceDescription", """{"interface":"a.b"}"""), ControlErrors.InterfaceNotFound, "interface", "a.b");
            await Expect(client.Call("io.drover.Loader.Status", "{}", ",\"upgrade\":true"), ControlErrors.MethodNotImplemented, "method", "io.drover.Loader.Status");
            await Expect(client.Call("io.drover.Loader.Subscribe"), ControlErrors.ExpectedMore);
            await Expect(client.Call("io.drover.Loader.Resolve", """{"name":"damaged"}"""), ControlErrors.DamagedIndex, "why", null);
            await Expect(client.Call("io.drover.Loader.Reload"), ControlErrors.ReloadFailed, "why", "modules.dep.bin is damaged");
            await Expect(bench.Connect(ControlBench.User(7)).Call("io.drover.Loader.Reload"), ControlErrors.PermissionDenied);
        });
        var declared = Loader.Errors.Keys.Concat(Service.Errors.Keys).Order();
        Assert.Equal(declared, typeof(ControlErrors).GetFields().Select(field => (string)field.GetRawConstantValue()!).Order());
    }

    [Theory]
    [InlineData("Load", "{}", "names")]
    [InlineData("Load", """{"names":[]}""", "names")]
    [InlineData("Load", """{"names":[""]}""", "names")]
    [InlineData("Load", """{"names":["a",1]}""", "names")]
    [InlineData("Load", """{"names":["a\u0000b"]}""", "names")]
    [InlineData("Load", """{"names":"loop"}""", "names")]
    [InlineData("Load", """{"names":["loop"],"parameters":1}""", "parameters")]
    [InlineData("Load", """{"names":["loop"],"patienceMs":-1}""", "patienceMs")]
    [InlineData("Load", """{"names":["loop"],"patienceMs":1.5}""", "patienceMs")]
    [InlineData("Load", """{"names":["loop"],"patienceMs":1e99}""", "patienceMs")]
    [InlineData("Load", """{"names":["loop"],"applyBlacklist":"yes"}""", "applyBlacklist")]
    [InlineData("Resolve", "{}", "name")]
    [InlineData("Resolve", """{"name":null}""", "name")]
    [InlineData("Settle", """{"target":[]}""", "target")]
    [InlineData("Status", """{"x":1}""", "x")]
    public void A_parameter_that_is_wrong_is_named(string method, string parameters, string wrong)
    {
        var bench = new ControlBench();
        bench.Run(() => Expect(bench.Connect().Call($"io.drover.Loader.{method}", parameters), ControlErrors.InvalidParameter, "parameter", wrong));
        Assert.Empty(bench.Loads.Asked);
    }

    [Fact]
    public void What_is_too_long_or_too_many_is_refused()
    {
        var bench = new ControlBench();
        bench.Run(async () =>
        {
            string Names(int count, int length) => $$"""{"names":[{{string.Join(',', Enumerable.Repeat($"\"{new string('a', length)}\"", count))}}]}""";
            await Expect(bench.Connect().Call("io.drover.Loader.Load", Names(1, ControlLimits.MaxNameBytes + 1)), ControlErrors.InvalidParameter, "parameter", "names");
            await Expect(bench.Connect().Call("io.drover.Loader.Load", Names(ControlLimits.MaxNames + 1, 1)), ControlErrors.InvalidParameter, "parameter", "names");
            Assert.Equal(ControlLimits.MaxNames, (await bench.Connect().Call("io.drover.Loader.Load", Names(ControlLimits.MaxNames, 1)).ReplyAsync()).GetProperty("parameters").GetProperty("requests").GetArrayLength());
        });
    }

    [Fact]
    public void A_load_is_asked_for_with_all_that_its_client_said()
    {
        var bench = new ControlBench();
        var request = new LoadRequest("mid", "modprobe", Parameters: "a=1 b=\"ü\"", Patience: TimeSpan.FromSeconds(2), ApplyBlacklist: true) { Scope = LoadScope.WithoutCommand };
        var outcome = new ModuleOutcome("mid", OutcomeKind.Joined, (Errno)517, "why", true);
        bench.Loads.Load = (asked, _) => Task.FromResult(new RequestOutcome(asked, [outcome, new ModuleOutcome("b", OutcomeKind.Failed, Errno.ENODEV)]));
        bench.Run(async () =>
        {
            var client = bench.Connect().Write(LoadMessage.TryWriteCall([request, request with { Asked = "other" }])!.Value.ToArray());
            var answers = LoadMessage.TryReadReply((await client.ReplyAsync()).GetProperty("parameters"), [request, request])!;
            Assert.Equal([outcome, new ModuleOutcome("b", OutcomeKind.Failed, Errno.ENODEV)], answers[0].Modules);
            Assert.Equal(2, answers.Count);
        });
        Assert.Equal(["mid", "other"], bench.Loads.Asked.Select(asked => asked.Asked));
        Assert.Equal(request with { Asker = "modprobe (pid 42)" }, bench.Loads.Asked[0]);
    }

    [Fact]
    public void Of_many_waiting_requests_some_are_listed_and_all_counted()
    {
        var bench = Busy();
        bench.Loads.Now = bench.Loads.Now with { Waiting = [.. Enumerable.Range(0, 40_000).Select(i => new WaitingRequest($"m{i}", null, TimeSpan.Zero))] };
        bench.Run(async () =>
        {
            var status = (await bench.Connect().Call("io.drover.Loader.Status").ReplyAsync()).GetProperty("parameters");
            Assert.Equal((ControlLimits.MaxListed, 40_000), (status.GetProperty("waiting").GetArrayLength(), status.GetProperty("waitingCount").GetInt32()));
        });
    }

    [Fact]
    public void Metrics_are_OpenMetrics_text()
    {
        var bench = Busy();
        bench.Run(async () =>
        {
            var text = (await bench.Connect().Call("io.drover.Loader.Metrics").ReplyAsync()).GetProperty("parameters").GetProperty("text").GetString()!;
            Assert.EndsWith("\n# EOF\n", text, StringComparison.Ordinal);
            Assert.Contains("# TYPE drover_load_calls counter\n# HELP drover_load_calls Load calls to the kernel, by errno; 0 is success.\ndrover_load_calls_total{errno=\"0\"} 2\ndrover_load_calls_total{errno=\"ENODEV\"} 1\n", text, StringComparison.Ordinal);
            Assert.Contains("drover_outcomes_total{outcome=\"joined\"} 4\n", text, StringComparison.Ordinal);
            Assert.Contains("\ndrover_converged_total 4\n", text, StringComparison.Ordinal);
            Assert.Contains("\ndrover_running 1\n", text, StringComparison.Ordinal);
            Assert.Contains("\ndrover_uptime_seconds 1.5\n", text, StringComparison.Ordinal);
            // each family is described once, before its samples
            var types = text.Split('\n').Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(line => line.Split(' ')[2]).ToList();
            Assert.Equal(types.Distinct(), types);
            Assert.All(text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#'), line => Assert.Matches(@"^[a-z_]+(\{[a-z]+=""[A-Za-z0-9 ]+""\})? [0-9.]+$", line));
        });
    }

    static async Task Expect(FakeClient client, string error, string? parameter = null, string? value = null)
    {
        var answer = await client.ReplyAsync();
        Assert.Equal(error, answer.GetProperty("error").GetString());
        var (of, parameters) = (error.StartsWith(Loader.Name, StringComparison.Ordinal) ? Loader : Service, answer.GetProperty("parameters"));
        of.Check(of.Errors[error], parameters, error);
        if (value is not null)
            Assert.Equal(value, parameters.GetProperty(parameter!).GetString());
    }

    static string ParametersOf(string method) => method switch
    {
        "Load" => """{"names":["loop","dm-crypt"]}""",
        "Resolve" => """{"name":"pci:v1"}""",
        _ => "{}",
    };

    static string Sample(VarlinkType type) => type switch
    {
        { IsArray: true } => "[\"a\"]",
        { Name: "string" } => "\"a\"",
        { Name: "int" } => "1",
        { Name: "bool" } => "true",
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>A daemon of which there is something of every kind to tell.</summary>
    static ControlBench Busy()
    {
        var bench = new ControlBench();
        bench.Loads.Now = bench.Loads.Now with
        {
            Counts = new LoaderCounts
            {
                Requests = 6,
                Asked = 6,
                Calls = 3,
                CallsByErrno = new Dictionary<Errno, long> { [Errno.ENODEV] = 1, [Errno.None] = 2 },
                Outcomes = new Dictionary<OutcomeKind, long> { [OutcomeKind.Joined] = 4, [OutcomeKind.Loaded] = 2 },
            },
            Running = [new RunningLoad("loop", 4096, TimeSpan.FromMilliseconds(2))],
            Waiting = [new WaitingRequest("loop", "/devices/x", TimeSpan.FromMilliseconds(2)), new WaitingRequest("dm", null, TimeSpan.Zero)],
        };
        bench.Loads.Records.Add(new ModuleRecord("loop", 2, 1, new ModuleOutcome("loop", OutcomeKind.Loaded), "/devices/x", "loop", TimeSpan.FromMilliseconds(1))
        {
            Joined = 1,
            FileBytes = 4096,
            First = new FirstLoad(TimeSpan.FromMilliseconds(5), ["dm"], TimeSpan.FromMilliseconds(6), TimeSpan.FromMilliseconds(7), Errno.EEXIST),
        });
        bench.Loads.Records.Add(new ModuleRecord("dm", 1, 1, new ModuleOutcome("dm", OutcomeKind.Failed, Errno.ENODEV, "no hardware"), null, "dm-mod", null));
        return bench;
    }
}
