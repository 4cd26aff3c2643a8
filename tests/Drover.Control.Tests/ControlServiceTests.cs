using System.Text;
using System.Text.Json;
using CsCheck;
using Drover.Linux.Runtime;
using Drover.Loading;

namespace Drover.Control.Tests;

/// <summary>Framing, order, access control and limits, on a simulated loop.</summary>
public sealed class ControlServiceTests
{
    const string Prefix = "io.drover.Loader";
    const string Status = """{"method":"io.drover.Loader.Status"}""";

    [Fact]
    public void Message_may_arrive_in_two_pieces_split_at_any_byte()
    {
        var text = Status + "\0" + """{"method":"io.drover.Loader.Resolve","parameters":{"name":"ü"}}""" + "\0";
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var split = 0; split <= bytes.Length; split++)
        {
            var bench = new ControlBench(split);
            bench.Run(async () =>
            {
                var client = bench.Connect().Write(bytes[..split]).Write(bytes[split..]);
                Assert.Equal("6.1.0", (await client.ParametersAsync()).GetProperty("release").GetString());
                Assert.Equal("ü_first", (await client.ParametersAsync()).GetProperty("modules")[0].GetString());
            });
        }
    }

    [Fact]
    public void Message_may_arrive_byte_by_byte()
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
    public void Pipelined_calls_are_answered_in_order_and_delay_no_other_client()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var bench = new ControlBench(seed);
            var end = new TaskCompletionSource();
            bench.Loads.Load = async (request, _) =>
            {
                await end.Task;
                return new RequestOutcome(request, [new ModuleOutcome(request.Name, OutcomeKind.Loaded)]);
            };
            bench.Run(async () =>
            {
                var (slow, other) = (bench.Connect(), bench.Connect());
                slow.Call($"{Prefix}.Load", """{"names":["a"]}""").Call($"{Prefix}.Resolve", """{"name":"b"}""").Call(
                    $"{Prefix}.Load", """{"names":["c"]}""");
                for (var i = 0; i < 50; i++)
                {
                    other.Call($"{Prefix}.Status");
                    await other.ReplyAsync();
                }
                Assert.Equal(0, slow.Replies);
                end.SetResult();
                Assert.Equal(
                    "a", (await slow.ParametersAsync()).GetProperty("requests")[0].GetProperty("asked").GetString());
                Assert.Equal("b_first", (await slow.ParametersAsync()).GetProperty("modules")[0].GetString());
                Assert.Equal(
                    "c", (await slow.ParametersAsync()).GetProperty("requests")[0].GetProperty("asked").GetString());
            });
        }
    }

    [Fact]
    public void Names_of_one_Load_are_requested_concurrently()
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

    [Fact]
    public void Buffer_splits_a_stream_at_NULs_however_it_arrives() =>
        Gen.Select(Gen.Byte.Array[0, 400], Gen.Int[1, 60].Array[1, 20]).Sample((stream, pieces) =>
        {
            var buffer = new MessageBuffer(stream.Length + 1);
            var messages = new List<string>();
            for (int at = 0, i = 0; at < stream.Length; i++)
            {
                var piece = stream.AsSpan(at, Math.Min(pieces[i % pieces.Length], stream.Length - at));
                buffer.Append(piece);
                at += piece.Length;
                while (buffer.TryTake(out var message))
                    messages.Add(Convert.ToHexString(message.Span));
            }
            buffer.Append([0]);
            Assert.True(buffer.TryTake(out var last));
            messages.Add(Convert.ToHexString(last.Span));
            Assert.Equal(Encoding.Latin1.GetString(stream).Split('\0'), messages.Select(
                message => Encoding.Latin1.GetString(Convert.FromHexString(message))));
        });

    [Fact]
    public void Buffer_gives_no_span_beyond_its_limit()
    {
        var buffer = new MessageBuffer(10_000);
        while (buffer.GetSpan() is { IsEmpty: false } free)
            buffer.Advance(free.Length);
        Assert.Equal(0, buffer.Room);
        Assert.Throws<ArgumentException>(() => buffer.Append([1]));
    }

    [Fact]
    public void Fault_of_the_service_ends_the_loop()
    {
        var bench = new ControlBench();
        bench.Loads.Load = (_, _) => throw new FormatException("a bug");
        var fault = Assert.Throws<FormatException>(() => bench.Run(() =>
        {
            bench.Connect().Call($"{Prefix}.Load", """{"names":["a"]}""");
            return new TaskCompletionSource().Task;
        }));
        Assert.Equal("a bug", fault.Message);
    }

    [Theory]
    [InlineData("Load", """{"names":["a"]}""", true)]
    [InlineData("Settle", "{}", true)]
    [InlineData("Reload", "{}", true)]
    [InlineData("Resolve", """{"name":"a"}""", false)]
    [InlineData("Status", "{}", false)]
    [InlineData("Modules", "{}", false)]
    [InlineData("Metrics", "{}", false)]
    public void Changing_methods_are_for_root_and_the_group(string method, string parameters, bool changes)
    {
        var bench = new ControlBench(group: 30);
        bench.Run(async () =>
        {
            async Task<bool> May(ControlPeer peer) =>
                !(await bench.Connect(peer).Call($"{Prefix}.{method}", parameters).ReplyAsync()).TryGetProperty(
                    "error", out _);
            Assert.True(await May(FakeClient.Root));
            Assert.True(await May(new ControlPeer(1000, 30, [], 1)));
            Assert.True(await May(ControlBench.User(1000, 29, 30)));
            Assert.Equal(!changes, await May(ControlBench.User(1000, 0, 29)));
            Assert.Equal(!changes, await May(new ControlPeer(1000, 0, [], 1)));
        });
        Assert.All(bench.Loads.Asked, request => Assert.Equal("a", request.Name));
        Assert.Equal(method == "Load" ? 3 : 0, bench.Loads.Asked.Count);
    }

    [Fact]
    public void Only_root_may_load_without_a_group()
    {
        var bench = new ControlBench();
        bench.Run(async () => Assert.Equal(VarlinkErrors.PermissionDenied,
            (await bench.Connect(ControlBench.User(1000, 0)).Call($"{Prefix}.Load", """{"names":["a"]}""").ReplyAsync())
                .GetProperty("error").GetString()));
        Assert.Empty(bench.Loads.Asked);
    }

    [Fact]
    public void Oneway_call_is_carried_out_without_reply_after_its_client_disconnects()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var bench = new ControlBench(seed);
            var left = 0;
            bench.Loads.Load = async (request, cancellationToken) =>
            {
                await bench.Loop.Delay(TimeSpan.FromSeconds(1), CancellationToken.None);
                left += cancellationToken.IsCancellationRequested ? 1 : 0;
                return new RequestOutcome(request, []);
            };
            bench.Run(async () =>
            {
                var client = bench.Connect();
                client.Call($"{Prefix}.Load", """{"names":["a"]}""", ",\"oneway\":true")
                    .Call($"{Prefix}.Nonsense", "{}", ",\"oneway\":true").Call(
                        $"{Prefix}.Load", """{"names":["b"]}""", ",\"oneway\":true");
                client.Vanish();
                await client.ClosedAsync();
                var staying = bench.Connect().Call($"{Prefix}.Load", """{"names":["c"]}""", ",\"oneway\":true").Call(
                    $"{Prefix}.Resolve", """{"name":"d"}""");
                Assert.True((await staying.ParametersAsync()).TryGetProperty("modules", out _));
            });
            Assert.Equal(["a", "b", "c"], bench.Loads.Asked.Select(request => request.Name));
            Assert.Equal(0, left);
        }
    }

    [Fact]
    public void Disconnected_client_leaves_its_load_and_its_other_calls_are_dropped()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var bench = new ControlBench(seed);
            var (begun, left) = (new TaskCompletionSource(), new TaskCompletionSource());
            bench.Loads.Load = async (request, cancellationToken) =>
            {
                using var leaving = cancellationToken.Register(() => left.SetResult());
                begun.SetResult();
                await left.Task;
                return new RequestOutcome(request, [new ModuleOutcome(request.Name, OutcomeKind.Left)]);
            };
            bench.Run(async () =>
            {
                var client = bench.Connect().Call($"{Prefix}.Load", """{"names":["a"]}""").Call(
                    $"{Prefix}.Load", """{"names":["b"]}""");
                await begun.Task;
                client.Vanish();
                await client.ClosedAsync();
            });
            Assert.Single(bench.Loads.Asked);
            Assert.Equal((0, 0), (bench.Service.Connections, bench.Service.UnsentBytes));
        }
    }

    [Fact]
    public void Client_that_ends_its_side_gets_replies_and_is_disconnected()
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
    public void Subscribers_receive_every_outcome_until_they_disconnect()
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
                    Assert.Equal(JsonValueKind.Null, (await client.ParametersAsync()).GetProperty("served").ValueKind);
                }
                Assert.Single(bench.Loads.Subscribers);
                for (var i = 0; i < 10; i++)
                    bench.Loads.Serve($"m{i}");
                first.Vanish();
                await first.ClosedAsync();
                bench.Loads.Serve("last");
                for (var i = 0; i < 10; i++)
                {
                    Assert.Equal(
                        $"m{i}",
                        (await second.ParametersAsync()).GetProperty("served").GetProperty("asked").GetString());
                }

                Assert.Equal(
                    "last", (await second.ParametersAsync()).GetProperty("served").GetProperty("asked").GetString());
                second.Vanish();
                await second.ClosedAsync();
                while (bench.Loads.Subscribers.Count > 0)
                    await Task.Yield();
            });
        }
    }

    [Fact]
    public void Only_a_subscriber_that_does_not_read_is_disconnected()
    {
        var bench = new ControlBench();
        bench.Run(async () =>
        {
            var (stalled, good) = (bench.Connect(), bench.Connect());
            foreach (var client in new[] { stalled, good })
            {
                client.Call($"{Prefix}.Subscribe", "{}", ",\"more\":true");
                await client.ReplyAsync();
            }
            stalled.Takes = 100;
            var (most, count) = (0L, 0);
            for (; !stalled.IsClosed; count++)
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
    public void Client_with_most_unsent_bytes_is_disconnected_at_the_total_limit()
    {
        var bench = new ControlBench();
        bench.Run(async () =>
        {
            var count = (ControlLimits.MaxTotalUnsentBytes / ControlLimits.MaxUnsentBytes) + 4;
            var stalled = Enumerable.Range(0, count).Select(_ =>
                bench.Connect().Call($"{Prefix}.Subscribe", "{}", ",\"more\":true")).ToList();
            foreach (var client in stalled)
            {
                await client.ReplyAsync();
                client.Takes = 0;
            }
            for (var i = 0; stalled.All(client => !client.IsClosed); i++)
            {
                bench.Loads.Serve("m");
                Assert.InRange(bench.Service.UnsentBytes, 0, ControlLimits.MaxTotalUnsentBytes);
            }
            Assert.InRange(stalled.Count(client => client.IsClosed), 1, count - 1);
        });
    }

    [Fact]
    public void Client_that_does_not_read_is_paused_and_resumed()
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
            // one reply is queued, and no more of its calls than the largest message has bytes
            Assert.InRange(bench.Service.UnsentBytes, 1, 2000);
            Assert.InRange(client.BytesHanded, 1, ControlLimits.MaxMessageBytes);
            client.Take(int.MaxValue);
            for (var i = 0; i < Calls; i++)
                await client.ReplyAsync();
        });
    }

    [Fact]
    public void Clients_that_call_without_end_share_the_loop_fairly()
    {
        // this loop runs its turns in order, so the calls answered before ours can be counted
        var loop = new LiveLoop();
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
    public void Message_of_the_maximum_size_is_accepted_and_one_byte_more_is_not()
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
    public void Single_reply_may_exceed_the_unsent_limit()
    {
        var bench = new ControlBench();
        for (var i = 0; i < 20_000; i++)
        {
            bench.Loads.Records.Add(new ModuleRecord(
                $"module_of_a_long_name_{i}", 1, 1, new ModuleOutcome("m", OutcomeKind.Loaded), null, "m", null));
        }

        bench.Run(async () =>
        {
            var client = bench.Connect();
            client.Takes = 1000;
            client.Call($"{Prefix}.Modules").Call($"{Prefix}.Status");
            while (bench.Service.UnsentBytes == 0)
                await Task.Yield();
            Assert.InRange(
                bench.Service.UnsentBytes, ControlLimits.MaxUnsentBytes + 1, ControlLimits.MaxTotalUnsentBytes);
            while (client.Replies < 2)
            {
                client.Take(100_000);
                await Task.Yield();
            }
            Assert.Equal(20_000, (await client.ParametersAsync()).GetProperty("modules").GetArrayLength());
        });
    }

    [Fact]
    public void Connections_are_limited_and_root_is_never_locked_out()
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
            var others = ControlLimits.MaxConnections - ControlLimits.ConnectionsReservedForRoot;
            Assert.Equal(others, clients.Count(client => client.IsAccepted));
            var roots = Enumerable.Range(0, ControlLimits.ConnectionsReservedForRoot).Select(_ =>
                bench.Connect()).ToList();
            Assert.All(roots, root => Assert.True(root.IsAccepted));
            Assert.False(bench.Connect().IsAccepted);
            await roots[0].Call($"{Prefix}.Status").ReplyAsync();
            clients[0].Vanish();
            await clients[0].ClosedAsync();
            Assert.True(bench.Connect(ControlBench.User(1)).IsAccepted);
        });
    }

    [Fact]
    public void Dispose_disconnects_all_clients_while_loads_are_pending()
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
    public void Client_is_disconnected_when_its_message_is_not_a_call(string text)
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
    public void Damaged_calls_do_not_harm_the_service()
    {
        const string Call =
            """{"method":"io.drover.Loader.Load","parameters":{"names":["a\u00e9","b"],"parameters":"x=1",""" +
            """ "patienceMs":10,"applyBlacklist":true},"more":false}""";
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
