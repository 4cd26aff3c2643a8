using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Kernel;
using Drover.Loading;

namespace Drover.Control.Tests;

/// <summary>Replies agree with docs/io.drover.Loader.varlink.</summary>
public sealed class ControlInterfaceTests
{
    static readonly VarlinkInterface Loader = new(VarlinkInterfaces.DescriptionOf(VarlinkInterfaces.Loader)!);
    static readonly VarlinkInterface Service = new(VarlinkInterfaces.DescriptionOf(VarlinkInterfaces.Service)!);

    [Fact]
    public void Descriptions_are_the_documented_text()
    {
        var bench = new ControlBench();
        bench.Run(async () =>
        {
            var client = bench.Connect(ControlBench.User(1000)).Call("org.varlink.service.GetInfo");
            var info = await client.ParametersAsync();
            Service.Check(Service.Methods["GetInfo"].Out, info, "GetInfo");
            Assert.Equal("1.2.3", info.GetProperty("version").GetString());
            foreach (var name in info.GetProperty("interfaces").EnumerateArray().Select(name => name.GetString()!))
            {
                client.Call("org.varlink.service.GetInterfaceDescription", $$"""{"interface":"{{name}}"}""");
                var described = new VarlinkInterface(
                    (await client.ParametersAsync()).GetProperty("description").GetString()!);
                Assert.Equal(name, described.Name);
            }
        });
        Assert.Equal("io.drover.Loader", Loader.Name);
    }

    [Fact]
    public void Every_documented_method_replies_with_its_declared_type()
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
                Assert.Equal(
                    "loop",
                    answer.GetProperty("parameters").GetProperty("served").GetProperty("outcome").GetProperty("module")
                        .GetString());
                bench.Loads.Live("dm", isOwn: true);
                answer = await client.ReplyAsync();
                Loader.Check(reply, answer.GetProperty("parameters"), method);
                Assert.Equal(
                    "dm", answer.GetProperty("parameters").GetProperty("live").GetProperty("module").GetString());
            }
        });
    }

    [Fact]
    public void Every_documented_parameter_is_accepted_and_optional_ones_may_be_null()
    {
        var bench = Busy();
        bench.Run(async () =>
        {
            foreach (var (method, (input, _)) in Loader.Methods)
            {
                var members = input.Fields!.Select(field => $"\"{field.Name}\":{Sample(field.Type)}").ToList();
                var nulls = input.Fields!.Select(field =>
                    $"\"{field.Name}\":{(field.Type.IsOptional ? "null" : Sample(field.Type))}").ToList();
                foreach (var parameters in new[] { members, nulls })
                {
                    var client = bench.Connect().Call(
                        $"io.drover.Loader.{method}", "{" + string.Join(',', parameters) + "}", ",\"more\":true");
                    var answer = await client.ReplyAsync();
                    Assert.False(answer.TryGetProperty("error", out _), $"{method}: {answer}");
                }
                members.Add("\"unheardOf\":1");
                var other = bench.Connect().Call($"io.drover.Loader.{method}", "{" + string.Join(',', members) + "}");
                await Expect(other, VarlinkErrors.InvalidParameter, "parameter", "unheardOf");
            }
        });
    }

    [Fact]
    public void Every_error_has_its_declared_parameters()
    {
        var bench = new ControlBench();
        bench.Loads.ReloadFails = "modules.dep.bin is damaged";
        bench.Run(async () =>
        {
            var client = bench.Connect();
            await Expect(
                client.Call("org.example.Other.Method"), VarlinkErrors.InterfaceNotFound, "interface",
                "org.example.Other");
            await Expect(client.Call("Load"), VarlinkErrors.InterfaceNotFound, "interface", "");
            await Expect(client.Call("io.drover.Loader.Unload"), VarlinkErrors.MethodNotFound, "method", "Unload");
            await Expect(client.Call("org.varlink.service.load"), VarlinkErrors.MethodNotFound, "method", "load");
            await Expect(
                client.Call("org.varlink.service.GetInterfaceDescription", """{"interface":"a.b"}"""),
                VarlinkErrors.InterfaceNotFound, "interface", "a.b");
            await Expect(
                client.Call("io.drover.Loader.Status", "{}", ",\"upgrade\":true"), VarlinkErrors.MethodNotImplemented,
                "method", "io.drover.Loader.Status");
            await Expect(client.Call("io.drover.Loader.Subscribe"), VarlinkErrors.ExpectedMore);
            await Expect(
                client.Call("io.drover.Loader.Resolve", """{"name":"damaged"}"""), VarlinkErrors.DamagedIndex, "why",
                null);
            await Expect(
                client.Call("io.drover.Loader.Reload"), VarlinkErrors.ReloadFailed, "why",
                "modules.dep.bin is damaged");
            await Expect(
                bench.Connect(ControlBench.User(7)).Call("io.drover.Loader.Reload"), VarlinkErrors.PermissionDenied);
        });
        var declared = Loader.Errors.Keys.Concat(Service.Errors.Keys).Order();
        Assert.Equal(
            declared, typeof(VarlinkErrors).GetFields().Select(field => (string)field.GetRawConstantValue()!).Order());
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
    public void Invalid_parameter_is_named_in_the_error(string method, string parameters, string wrong)
    {
        var bench = new ControlBench();
        bench.Run(() => Expect(
            bench.Connect().Call($"io.drover.Loader.{method}", parameters), VarlinkErrors.InvalidParameter, "parameter",
            wrong));
        Assert.Empty(bench.Loads.Asked);
    }

    [Fact]
    public void Names_beyond_the_limits_are_refused()
    {
        var bench = new ControlBench();
        bench.Run(async () =>
        {
            string Names(int count, int length)
            {
                var names = Enumerable.Repeat($"\"{new string('a', length)}\"", count);
                return $$"""{"names":[{{string.Join(',', names)}}]}""";
            }

            await Expect(
                bench.Connect().Call("io.drover.Loader.Load", Names(1, ControlLimits.MaxNameBytes + 1)),
                VarlinkErrors.InvalidParameter, "parameter", "names");
            await Expect(
                bench.Connect().Call("io.drover.Loader.Load", Names(ControlLimits.MaxNames + 1, 1)),
                VarlinkErrors.InvalidParameter, "parameter", "names");
            Assert.Equal(
                ControlLimits.MaxNames,
                (await bench.Connect().Call("io.drover.Loader.Load", Names(ControlLimits.MaxNames, 1))
                    .ParametersAsync()).GetProperty("requests").GetArrayLength());
        });
    }

    [Fact]
    public void Load_passes_all_parameters_and_returns_all_outcomes()
    {
        var bench = new ControlBench();
        var batch = new LoadBatch(["mid", "other"])
        {
            Requester = "modprobe",
            Parameters = "a=1 b=\"ü\"",
            Timeout = TimeSpan.FromSeconds(2),
            ApplyBlacklist = true,
            IgnoreInstall = true,
        };
        var outcome = new ModuleOutcome("mid", OutcomeKind.Joined, (Errno)517, "why", true);
        bench.Loads.Load = (asked, _) =>
            Task.FromResult(
                new RequestOutcome(asked, [outcome, new ModuleOutcome("b", OutcomeKind.Failed, Errno.ENODEV)]));
        bench.Run(async () =>
        {
            var client = bench.Connect().Write(batch.TryWriteCall()!.Value.ToArray());
            var answers = batch.TryReadReply(await client.ParametersAsync())!;
            Assert.Equal([outcome, new ModuleOutcome("b", OutcomeKind.Failed, Errno.ENODEV)], answers[0].Modules);
            Assert.Equal(2, answers.Count);
        });
        Assert.Equal(["mid", "other"], bench.Loads.Asked.Select(request => request.Name));
        Assert.All(bench.Loads.Asked, request => Assert.Equal(0u, request.Client!.UserId));
        Assert.Equal(
            (batch with
            {
                Requester = "modprobe (pid 42)",
                Process = new RequestingProcess(42) { UserId = 0 },
            }).Requests,
            bench.Loads.Asked.Select(request => request with { Client = null }));
        Assert.All(bench.Loads.Asked, request => Assert.Equal(
            ("a=1 b=\"ü\"", TimeSpan.FromSeconds(2), true, LoadScope.WithoutCommand),
            (request.Parameters, request.Timeout, request.ApplyBlacklist, request.Scope)));
    }

    [Fact]
    public void Requester_is_who_the_kernel_says_and_for_its_own_program_whom_it_serves()
    {
        var bench = new ControlBench { KernelRequests = { ["fs-ext4"] = s_mount } };
        var program = new RequestingProcess(5) { Comm = "backup", UserId = 7, Unit = "backup.service" };
        bench.Run(async () =>
        {
            await LoadAsync(program, "loop", "backup-tool");
            await LoadAsync(program, "loop", "");
            await LoadAsync(null, "loop", "gone");
            await LoadAsync(program with { IsKernel = true }, "fs-ext4", "modprobe");
            await LoadAsync(program with { IsKernel = true }, "fs-xfs", "modprobe");
        });
        Assert.Equal(
            [
                ("backup-tool (pid 5)", program), ("backup (pid 5)", program),
                ("gone (pid 3)", new RequestingProcess(3) { UserId = 0 }),
                ("the kernel, for mount (pid 77)", s_mount),
                ("the kernel", new RequestingProcess(0) { IsKernel = true }),
            ],
            bench.Loads.Asked.Select(request => (request.Requester!, request.Process!)));

        async Task LoadAsync(RequestingProcess? process, string name, string asker)
        {
            var client = bench.Connect(new ControlPeer(0, 0, [], 3) { Process = process });
            client.Call("io.drover.Loader.Load", $$"""{"names":["{{name}}"],"asker":"{{asker}}"}""");
            _ = await client.ParametersAsync();
        }
    }

    [Fact]
    public void Record_of_a_module_is_read_as_it_was_written()
    {
        foreach (var record in Busy().Loads.Records)
        {
            using var json = JsonDocument.Parse(ToJson(record));
            var read = ModuleRecordJson.TryRead(json.RootElement)!;
            Assert.Equal(ToJson(record), ToJson(read));
            Assert.Equal(
                (record.FirstProcess, record.LastProcess, record.Refused, record.Last),
                (read.FirstProcess, read.LastProcess, read.Refused, read.Last));
        }
    }

    [Theory]
    [InlineData("module", "7")]
    [InlineData("module", "null")]
    [InlineData("asked", "null")]
    [InlineData("requests", "-1")]
    [InlineData("calls", "1.5")]
    [InlineData("calls", "null")]
    [InlineData("last", "{}")]
    [InlineData("firstAsker", "[]")]
    [InlineData("firstProcess", "{}")]
    [InlineData("firstProcess", "{\"pid\":4294967296}")]
    [InlineData("firstProcess", "{\"pid\":1,\"uid\":-1}")]
    [InlineData("firstProcess", "{\"pid\":1,\"kernel\":1}")]
    [InlineData("first", "7")]
    [InlineData("first", "{\"needed\":[7]}")]
    [InlineData("first", "{\"wantedAtUs\":9223372036854775807}")]
    [InlineData("first", "{\"errno\":\"EWHAT\"}")]
    [InlineData("refused", "\"no\"")]
    [InlineData("refused", "{\"why\":1}")]
    public void Record_with_a_member_of_another_form_is_none(string member, string value)
    {
        var node = JsonNode.Parse(ToJson(Busy().Loads.Records[0]))!;
        Assert.NotNull(ModuleRecordJson.TryRead(JsonElement.Parse(node.ToJsonString())));
        node[member] = JsonNode.Parse(value);
        Assert.Null(ModuleRecordJson.TryRead(JsonElement.Parse(node.ToJsonString())));
    }

    static readonly RequestingProcess s_mount =
        new(77) { Comm = "mount", UserId = 0, Unit = "srv.mount", IsKernel = true };

    static string ToJson(ModuleRecord record)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartObject();
            ModuleRecordJson.Write(json, record);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(text.ToArray());
    }

    [Fact]
    public void Call_of_Load_has_these_bytes()
    {
        var batch = new LoadBatch(["mid", "b"])
        {
            Requester = "modprobe",
            Parameters = "a=1",
            Timeout = TimeSpan.FromSeconds(2),
            ApplyBlacklist = true,
            IgnoreInstall = true,
        };
        Assert.Equal(
            """{"method":"io.drover.Loader.Load","parameters":{"names":["mid","b"],"parameters":"a=1",""" +
            """
            "patienceMs":2000,"applyBlacklist":true,"ignoreInstall":true,"asker":"modprobe"}}
            """ + "\0",
            Encoding.UTF8.GetString(batch.TryWriteCall()!.Value.Span));
        Assert.Equal(
            """{"method":"io.drover.Loader.Load","parameters":{"names":["a"]}}""" + "\0",
            Encoding.UTF8.GetString(new LoadBatch(["a"]).TryWriteCall()!.Value.Span));
    }

    [Fact]
    public void Batch_that_one_call_cannot_make_is_not_written()
    {
        Assert.NotNull(new LoadBatch(["a"]).TryWriteCall());
        Assert.Null(new LoadBatch([]).TryWriteCall());
        Assert.Null(new LoadBatch([.. Enumerable.Repeat("a", ControlLimits.MaxNames + 1)]).TryWriteCall());
        Assert.Null(new LoadBatch(["a"]) { Parameters = new('a', ControlLimits.MaxMessageBytes) }.TryWriteCall());
        // bytes that are not UTF-8
        Assert.Null(new LoadBatch(["a\udce9"]).TryWriteCall());
        Assert.Null(new LoadBatch(["a"]) { Parameters = "p=\udce9" }.TryWriteCall());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"requests":[]}""")]
    [InlineData("""{"requests":[{"asked":"a"}]}""")]
    [InlineData("""{"requests":[{"asked":"a","modules":[{"module":"a"}]}]}""")]
    [InlineData("""{"requests":[{"asked":"a","modules":[{"module":"a","outcome":"lost"}]}]}""")]
    [InlineData("""{"requests":[{"asked":"a","modules":[{"module":"a","outcome":"failed","errno":"ENONSENSE"}]}]}""")]
    public void Reply_of_another_type_has_no_outcomes(string reply) =>
        Assert.Null(new LoadBatch(["a"]).TryReadReply(JsonElement.Parse(reply)));

    [Fact]
    public void Status_lists_some_waiting_requests_and_counts_all()
    {
        var bench = Busy();
        bench.Loads.InFlight = new(
            [], [.. Enumerable.Range(0, 40_000).Select(i => new WaitingRequest($"m{i}", null, TimeSpan.Zero))], 40_000);
        bench.Run(async () =>
        {
            var status = await bench.Connect().Call("io.drover.Loader.Status").ParametersAsync();
            Assert.Equal(
                (ControlLimits.MaxListed, 40_000),
                (status.GetProperty("waiting").GetArrayLength(), status.GetProperty("waitingCount").GetInt32()));
        });
    }

    [Fact]
    public void Metrics_are_text_for_Prometheus()
    {
        var bench = Busy();
        bench.Run(async () =>
        {
            var text = (await bench.Connect().Call("io.drover.Loader.Metrics").ParametersAsync()).GetProperty("text")
                .GetString()!;
            Assert.Contains(
                "# HELP drover_load_calls_total Load calls to the kernel, by errno; 0 is success.\n" +
                "# TYPE drover_load_calls_total counter\n" +
                "drover_load_calls_total{errno=\"0\"} 2\ndrover_load_calls_total{errno=\"ENODEV\"} 1\n",
                text, StringComparison.Ordinal);
            Assert.Contains("drover_outcomes_total{outcome=\"joined\"} 4\n", text, StringComparison.Ordinal);
            // from the start on: the first one is an increase
            Assert.Contains("drover_outcomes_total{outcome=\"forbidden\"} 0\n", text, StringComparison.Ordinal);
            Assert.Contains("\ndrover_running_loads 1\n", text, StringComparison.Ordinal);
            // each family is described once, before its samples
            var types = text.Split('\n').Where(line =>
                line.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(line => line.Split(' ')[2]).ToList();
            Assert.Equal(types.Distinct(), types);
            Assert.All(
                text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#'),
                line => Assert.Matches(@"^[a-z_]+(\{[a-z]+=""[^""]+""(,[a-z]+=""[^""]+"")*\})? [0-9.]+$", line));
        });
    }

    static async Task Expect(FakeClient client, string error, string? parameter = null, string? value = null)
    {
        var answer = await client.ReplyAsync();
        Assert.Equal(error, answer.GetProperty("error").GetString());
        var (of, parameters) = (
            error.StartsWith(Loader.Name, StringComparison.Ordinal) ? Loader : Service,
            answer.GetProperty("parameters"));
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

    /// <summary>A daemon whose replies have a value of every type.</summary>
    static ControlBench Busy()
    {
        var bench = new ControlBench();
        bench.Loads.Now = bench.Loads.Now with
        {
            Counts = new LoaderStatistics
            {
                Requests = 6,
                Requested = 6,
                Calls = 3,
                CallsByErrno = new Dictionary<Errno, long> { [Errno.ENODEV] = 1, [Errno.None] = 2 },
                Outcomes = new Dictionary<OutcomeKind, long> { [OutcomeKind.Joined] = 4, [OutcomeKind.Loaded] = 2 },
            },
            RunningCount = 1,
            WaitingCount = 2,
        };
        bench.Loads.InFlight = new(
            [new RunningLoad("loop", 4096, TimeSpan.FromMilliseconds(2), "/devices/x")],
            [
                new WaitingRequest("loop", "/devices/x", TimeSpan.FromMilliseconds(2)),
                new WaitingRequest("dm", null, TimeSpan.Zero)],
            2);
        bench.Loads.Records.Add(new ModuleRecord(
            "loop", 2, 1, new ModuleOutcome("loop", OutcomeKind.Loaded), "/devices/x", "loop",
            TimeSpan.FromMilliseconds(1))
        {
            Joined = 1,
            FileBytes = 4096,
            First = new FirstLoad(
                TimeSpan.FromMilliseconds(5), ["dm"], TimeSpan.FromMilliseconds(6), TimeSpan.FromMilliseconds(7),
                Errno.EEXIST),
            FirstProcess = s_mount,
            LastRequester = "modprobe (pid 8)",
            LastRequestedName = "dm-mod",
            LastProcess = new RequestingProcess(8),
            Refused = new ModuleRefusal(TimeSpan.FromMilliseconds(8), "modprobe (pid 9)", "loop", "no")
            {
                Process = s_mount with { IsKernel = false },
            },
        });
        bench.Loads.Records.Add(new ModuleRecord(
            "dm", 1, 1, new ModuleOutcome("dm", OutcomeKind.Failed, Errno.ENODEV, "no hardware"), null, "dm-mod",
            null));
        return bench;
    }
}
