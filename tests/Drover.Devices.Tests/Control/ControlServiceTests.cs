using System.Text;
using System.Text.Json;
using CsCheck;
using Drover.Devices.Control;
using Drover.Linux;
using Drover.Loading;

namespace Drover.Devices.Tests.Control;

/// <summary>Framing, order, rights and bounds, on a simulated loop.</summary>
public sealed class ControlServiceTests
{
    const string Prefix = "io.drover.Loader";
    const string Status = """{"method":"io.drover.Loader.Status"}""";

    [Fact]
    public void A_message_may_come_in_two_pieces_split_at_every_byte()
    {
        var text = Status + "\0" + """{"method":"io.drover.Loader.Resolve","parameters":{"name":"ü"}}""" + "\0";
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var split = 0; split <= bytes.Length; split++)
        {
            var bench = new ControlBench(split);
            bench.Run(async () =>
            {
                var client = bench.Connect().Write(bytes[..split]).Write(bytes[split..]);
                Assert.Equal("6.1.0", (await client.ReplyAsync()).GetProperty("parameters").GetProperty("release").GetString());
                Assert.Equal("ü_first", (await client.ReplyAsync()).GetProperty("parameters").GetProperty("modules")[0].GetString());
            });
        }
    }

    [Fact]
    public void A_message_may_come_byte_by_byte()
    {
        var bench = new ControlBench();
        bench.Run(async () =>
        {
            var client = bench.Connect();
            foreach (var one in Encoding.UTF8.GetBytes(Status + "\0"))
                client.Write([one]);
            await client.ReplyAsync();
        });
    }

    [Fact]
    public void Pipelined_calls_are_answered_in_their_order_and_a_load_that_takes_long_stops_nobody_else()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var bench = new ControlBench(seed);
            var end = new TaskCompletionSource();
            bench.Loads.Load = async (request, _) =>
            {
                await end.Task;
                return new RequestOutcome(request, [new ModuleOutcome(request.Asked, OutcomeKind.Loaded)]);
            };
            bench.Run(async () =>
            {
                var (slow, other) = (bench.Connect(), bench.Connect());
                slow.Call($"{Prefix}.Load", """{"names":["a"]}""").Call($"{Prefix}.Resolve", """{"name":"b"}""").Call($"{Prefix}.Load", """{"names":["c"]}""");
                for (var i = 0; i < 50; i++)
                {
                    other.Call($"{Prefix}.Status");
                    await other.ReplyAsync();
                }
                Assert.Equal(0, slow.Replies);
                end.SetResult();
                Assert.Equal("a", (await slow.ReplyAsync()).GetProperty("parameters").GetProperty("requests")[0].GetProperty("asked").GetString());
                Assert.Equal("b_first", (await slow.ReplyAsync()).GetProperty("parameters").GetProperty("modules")[0].GetString());
                Assert.Equal("c", (await slow.ReplyAsync()).GetProperty("parameters").GetProperty("requests")[0].GetProperty("asked").GetString());
            });
        }
    }

    [Fact]
    public void The_names_of_one_load_are_asked_for_side_by_side()
    {
        var bench = new ControlBench();
        var all = new TaskCompletionSource();
        bench.Loads.Load = async (request, _) =>
        {
            if (bench.Loads.Asked.Count == 3)
                all.SetResult();
            await all.Task;
            return new RequestOutcome(request, []);
        };
        bench.Run(() => bench.Connect().Call($"{Prefix}.Load", """{"names":["a","b","c"]}""").ReplyAsync());
    }

    [Theory]
    [InlineData("Load", """{"names":["a"]}""", true)]
    [InlineData("Settle", "{}", true)]
    [InlineData("Reload", "{}", true)]
    [InlineData("Resolve", """{"name":"a"}""", false)]
    [InlineData("Status", "{}", false)]
    [InlineData("Modules", "{}", false)]
    [InlineData("Metrics", "{}", false)]
    public void What_changes_something_is_for_root_and_the_group(string method, string parameters, bool changes)
    {
        var bench = new ControlBench(group: 30);
        bench.Run(async () =>
        {
            async Task<bool> May(ControlPeer peer) => !(await bench.Connect(peer).Call($"{Prefix}.{method}", parameters).ReplyAsync()).TryGetProperty("error", out _);
            Assert.True(await May(FakeClient.Root));
            Assert.True(await May(new ControlPeer(1000, 30, [], 1)));
            Assert.True(await May(ControlBench.User(1000, 29, 30)));
            Assert.Equal(!changes, await May(ControlBench.User(1000, 0, 29)));
            Assert.Equal(!changes, await May(new ControlPeer(1000, 0, [], 1)));
        });
        Assert.All(bench.Loads.Asked, request => Assert.Equal("a", request.Asked));
        Assert.Equal(method == "Load" ? 3 : 0, bench.Loads.Asked.Count);
    }

    [Fact]
    public void Without_a_group_only_root_may()
    {
        var bench = new ControlBench();
        bench.Run(async () => Assert.Equal(ControlErrors.PermissionDenied,
            (await bench.Connect(ControlBench.User(1000, 0)).Call($"{Prefix}.Load", """{"names":["a"]}""").ReplyAsync()).GetProperty("error").GetString()));
        Assert.Empty(bench.Loads.Asked);
    }

    [Fact]
    public void A_oneway_call_is_done_and_not_answered_even_when_its_client_has_gone()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var bench = new ControlBench(seed);
            var left = 0;
            bench.Loads.Load = async (request, leave) =>
            {
                await bench.Loop.Delay(TimeSpan.FromSeconds(1), CancellationToken.None);
                left += leave.IsCancellationRequested ? 1 : 0;
                return new RequestOutcome(request, []);
            };
            bench.Run(async () =>
            {
                var client = bench.Connect();
                client.Call($"{Prefix}.Load", """{"names":["a"]}""", ",\"oneway\":true").Call($"{Prefix}.Nonsense", "{}", ",\"oneway\":true").Call($"{Prefix}.Load", """{"names":["b"]}""", ",\"oneway\":true");
                client.Vanish();
                await client.ClosedAsync();
                var staying = bench.Connect().Call($"{Prefix}.Load", """{"names":["c"]}""", ",\"oneway\":true").Call($"{Prefix}.Resolve", """{"name":"d"}""");
                Assert.True((await staying.ReplyAsync()).GetProperty("parameters").TryGetProperty("modules", out _));
            });
            Assert.Equal(["a", "b", "c"], bench.Loads.Asked.Select(request => request.Asked));
            Assert.Equal(0, left);
        }
    }

    [Fact]
    public void Who_goes_away_leaves_its_load_and_asks_for_nothing_more()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var bench = new ControlBench(seed);
            var (begun, left) = (new TaskCompletionSource(), new TaskCompletionSource());
            bench.Loads.Load = async (request, leave) =>
            {
                using var leaving = leave.Register(() => left.SetResult());
                begun.SetResult();
                await left.Task;
                return new RequestOutcome(request, [new ModuleOutcome(request.Asked, OutcomeKind.Left)]);
            };
            bench.Run(async () =>
            {
                var client = bench.Connect().Call($"{Prefix}.Load", """{"names":["a"]}""").Call($"{Prefix}.Load", """{"names":["b"]}""");
                await begun.Task;
                client.Vanish();
                await client.ClosedAsync();
            });
            Assert.Single(bench.Loads.Asked);
            Assert.Equal((0, 0), (bench.Service.Connections, bench.Service.UnsentBytes));
        }
    }

    [Fact]
    public void Who_says_that_it_has_said_all_is_answered_and_then_disconnected()
    {
        var bench = new ControlBench();
        bench.Run(async () =>
        {
            var client = bench.Connect().Write(Status + "\0" + Status + "\0").Finish();
            await client.ClosedAsync();
            Assert.Equal(2, client.Replies);
        });
    }

    [Fact]
    public void Subscribers_get_every_outcome_until_they_go_and_then_nobody_listens()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var bench = new ControlBench(seed);
            bench.Run(async () =>
            {
                var (first, second) = (bench.Connect(ControlBench.User(1)), bench.Connect());
                foreach (var client in new[] { first, second })
                {
                    client.Call($"{Prefix}.Subscribe", "{}", ",\"more\":true");
                    Assert.Equal(JsonValueKind.Null, (await client.ReplyAsync()).GetProperty("parameters").GetProperty("served").ValueKind);
                }
                Assert.Single(bench.Loads.Subscribers);
                for (var i = 0; i < 10; i++)
                    bench.Loads.Serve($"m{i}");
                first.Vanish();
                await first.ClosedAsync();
                bench.Loads.Serve("last");
                for (var i = 0; i < 10; i++)
                    Assert.Equal($"m{i}", (await second.ReplyAsync()).GetProperty("parameters").GetProperty("served").GetProperty("asked").GetString());
                Assert.Equal("last", (await second.ReplyAsync()).GetProperty("parameters").GetProperty("served").GetProperty("asked").GetString());
                second.Vanish();
                await second.ClosedAsync();
                while (bench.Loads.Subscribers.Count > 0)
                    await Task.Yield();
            });
        }
    }

    [Fact]
    public void A_subscriber_that_does_not_read_is_disconnected_and_the_others_are_not()
    {
        var bench = new ControlBench();
        bench.Run(async () =>
        {
            var (deaf, good) = (bench.Connect(), bench.Connect());
            foreach (var client in new[] { deaf, good })
            {
                client.Call($"{Prefix}.Subscribe", "{}", ",\"more\":true");
                await client.ReplyAsync();
            }
            deaf.Takes = 100;
            var (most, count) = (0L, 0);
            for (; !deaf.IsClosed; count++)
            {
                bench.Loads.Serve("m");
                most = Math.Max(most, bench.Service.UnsentBytes);
                Assert.InRange(count, 0, ControlLimits.MaxUnsentBytes);
            }
            Assert.InRange(most, ControlLimits.MaxUnsentBytes / 2, ControlLimits.MaxUnsentBytes);
            Assert.Equal((count, false, 0), (good.Replies, good.IsClosed, bench.Service.UnsentBytes));
            bench.Loads.Serve("later");
        });
    }

    [Fact]
    public void Above_what_may_be_kept_for_all_together_who_has_most_gives_way()
    {
        var bench = new ControlBench();
        bench.Run(async () =>
        {
            var count = (ControlLimits.MaxUnsentBytesOfAll / ControlLimits.MaxUnsentBytes) + 4;
            var deaf = Enumerable.Range(0, count).Select(_ => bench.Connect().Call($"{Prefix}.Subscribe", "{}", ",\"more\":true")).ToList();
            foreach (var client in deaf)
            {
                await client.ReplyAsync();
                client.Takes = 0;
            }
            for (var i = 0; deaf.All(client => !client.IsClosed); i++)
            {
                bench.Loads.Serve("m");
                Assert.InRange(bench.Service.UnsentBytes, 0, ControlLimits.MaxUnsentBytesOfAll);
            }
            Assert.InRange(deaf.Count(client => client.IsClosed), 1, count - 1);
        });
    }

    [Fact]
    public void Who_asks_without_reading_is_read_no_further_and_goes_on_where_it_was()
    {
        var bench = new ControlBench();
        bench.Run(async () =>
        {
            const int Calls = 10_000;
            var client = bench.Connect();
            client.Takes = 10;
            var all = string.Concat(Enumerable.Repeat(Status + "\0", Calls));
            client.Write(all);
            var good = bench.Connect();
            for (var i = 0; i < 1000; i++)
            {
                good.Call($"{Prefix}.Status");
                await good.ReplyAsync();
            }
            // one reply is kept, and no more of its calls than a message's worth
            Assert.InRange(bench.Service.UnsentBytes, 1, 2000);
            Assert.InRange(client.BytesHanded, 1, ControlLimits.MaxMessageBytes);
            client.Take(int.MaxValue);
            for (var i = 0; i < Calls; i++)
                await client.ReplyAsync();
        });
    }

    [Fact]
    public void Among_clients_that_ask_without_end_everybody_has_a_turn()
    {
        // a loop whose turns are in their order: how many calls of others are answered before ours can be counted
        using var loop = new LiveLoop();
        using var service = new ControlService(loop, new FakeLoads(), new ControlOptions { Version = "0" });
        loop.Run(async () =>
        {
            var flood = string.Concat(Enumerable.Repeat(Status + "\0", 1500));
            var greedy = Enumerable.Range(0, 100).Select(_ => new FakeClient(loop, service).Write(flood)).ToList();
            await greedy[0].ReplyAsync();
            var good = new FakeClient(loop, service).Write(Status + "\0");
            var before = greedy.Select(client => client.Replies).ToList();
            await good.ReplyAsync();
            Assert.All(greedy.Zip(before), pair => Assert.InRange(pair.First.Replies - pair.Second, 0, 10));
            Assert.Contains(greedy, client => client.Replies > 0);
            return 0;
        });
    }

    [Fact]
    public void A_message_of_the_largest_size_is_taken_and_one_byte_more_is_not()
    {
        foreach (var extra in new[] { 0, 1 })
        {
            var bench = new ControlBench();
            bench.Run(async () =>
            {
                var padding = new string(' ', ControlLimits.MaxMessageBytes - 1 - Status.Length + extra);
                var client = bench.Connect().Write(padding + Status + "\0");
                if (extra == 0)
                {
                    await client.ReplyAsync();
                    return;
                }
                await client.ClosedAsync();
                Assert.Equal((0, 0), (client.Replies, bench.Service.Connections));
            });
        }
    }

    [Fact]
    public void One_reply_may_be_larger_than_what_is_kept_of_many()
    {
        var bench = new ControlBench();
        for (var i = 0; i < 20_000; i++)
            bench.Loads.Records.Add(new ModuleRecord($"module_of_a_long_name_{i}", 1, 1, new ModuleOutcome("m", OutcomeKind.Loaded), null, "m", null));
        bench.Run(async () =>
        {
            var client = bench.Connect();
            client.Takes = 1000;
            client.Call($"{Prefix}.Modules").Call($"{Prefix}.Status");
            while (bench.Service.UnsentBytes == 0)
                await Task.Yield();
            Assert.InRange(bench.Service.UnsentBytes, ControlLimits.MaxUnsentBytes + 1, ControlLimits.MaxUnsentBytesOfAll);
            while (client.Replies < 2)
            {
                client.Take(100_000);
                await Task.Yield();
            }
            Assert.Equal(20_000, (await client.ReplyAsync()).GetProperty("parameters").GetProperty("modules").GetArrayLength());
        });
    }

    [Fact]
    public void Connections_are_bounded_and_root_is_never_locked_out()
    {
        var bench = new ControlBench();
        bench.Run(async () =>
        {
            var clients = new List<FakeClient>();
            for (uint user = 1; user <= 40; user++)
            {
                for (var i = 0; i < ControlLimits.MaxConnectionsPerUser; i++)
                    clients.Add(bench.Connect(ControlBench.User(user)));
                Assert.False(bench.Connect(ControlBench.User(user)).IsAccepted);
            }
            var others = ControlLimits.MaxConnections - ControlLimits.ConnectionsKeptForRoot;
            Assert.Equal(others, clients.Count(client => client.IsAccepted));
            var roots = Enumerable.Range(0, ControlLimits.ConnectionsKeptForRoot).Select(_ => bench.Connect()).ToList();
            Assert.All(roots, root => Assert.True(root.IsAccepted));
            Assert.False(bench.Connect().IsAccepted);
            await roots[0].Call($"{Prefix}.Status").ReplyAsync();
            clients[0].Vanish();
            await clients[0].ClosedAsync();
            Assert.True(bench.Connect(ControlBench.User(1)).IsAccepted);
        });
    }

    [Fact]
    public void Disposal_disconnects_everybody_and_a_load_that_is_answered_later_harms_nothing()
    {
        var bench = new ControlBench();
        var end = new TaskCompletionSource();
        bench.Loads.Load = async (request, _) =>
        {
            await end.Task;
            return new RequestOutcome(request, []);
        };
        bench.Run(async () =>
        {
            var client = bench.Connect().Call($"{Prefix}.Load", """{"names":["a"]}""");
            var subscriber = bench.Connect().Call($"{Prefix}.Subscribe", "{}", ",\"more\":true");
            await subscriber.ReplyAsync();
            while (bench.Loads.Asked.Count == 0)
                await Task.Yield();
            bench.Service.Dispose();
            Assert.True(client.IsClosed && subscriber.IsClosed && !bench.Connect().IsAccepted);
            Assert.Empty(bench.Loads.Subscribers);
            end.SetResult();
            await bench.Loop.Delay(TimeSpan.FromSeconds(1));
        });
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"method":1}""")]
    [InlineData("""{"method":"io.drover.Loader.Status"} {}""")]
    [InlineData("""{"method":"io.drover.Loader.Status","parameters":[]}""")]
    [InlineData("""{"method":"io.drover.Loader.Status","oneway":1}""")]
    [InlineData("""{"method":"io.drover.Loader.Status","parameters":{"a":"\ud800"}}""")]
    [InlineData("""{"method":"io.drover.Loader.Status","\udfff":1}""")]
    public void What_is_no_call_is_disconnected(string text)
    {
        var bench = new ControlBench();
        bench.Run(async () =>
        {
            var client = bench.Connect().Write(text + "\0");
            await client.ClosedAsync();
            Assert.Equal(0, client.Replies);
        });
    }

    [Fact]
    public void Damaged_calls_are_answered_or_disconnected_and_the_service_lives_on()
    {
        const string Call = """{"method":"io.drover.Loader.Load","parameters":{"names":["a\u00e9","b"],"parameters":"x=1","patienceMs":10,"applyBlacklist":true},"more":false}""";
        var change = Gen.Select(Gen.Int[0, Call.Length - 1], Gen.Int[0, 4], Gen.Byte);
        Gen.Select(change.Array[1, 6], Gen.Int).Sample((changes, seed) =>
        {
            var bytes = Encoding.UTF8.GetBytes(Call).ToList();
            foreach (var (at, kind, value) in changes)
            {
                var place = at % bytes.Count;
                switch (kind)
                {
                    case 0:
                        bytes[place] = value;
                        break;
                    case 1:
                        bytes.Insert(place, value);
                        break;
                    case 2 when bytes.Count > 1:
                        bytes.RemoveAt(place);
                        break;
                    case 3:
                        bytes.InsertRange(place, bytes.Take(place).ToArray());
                        break;
                    default:
                        bytes[place] = (byte)"{}[]\",:\\0u"[value % 10];
                        break;
                }
            }
            bytes.Add(0);
            var bench = new ControlBench(seed);
            bench.Run(async () =>
            {
                var client = bench.Connect().Write([.. bytes]).Finish();
                await client.ClosedAsync();
                await bench.Connect().Call($"{Prefix}.Status").ReplyAsync();
                Assert.InRange(bench.Service.Connections, 1, 1);
            });
        }, iter: 3000);
    }
}
