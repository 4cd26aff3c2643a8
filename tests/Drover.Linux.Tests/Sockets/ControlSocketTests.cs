using System.Net.Sockets;
using System.Text.Json;
using Drover.Control;
using Drover.Linux.Sockets;
using Drover.Linux.Syscalls;
using Drover.Loading;
using Microsoft.Win32.SafeHandles;

namespace Drover.Linux.Tests.Sockets;

/// <summary>Real sockets: limits of what hostile clients can cost.</summary>
public sealed class ControlSocketTests : IDisposable
{
    const int DupFd = 0; // F_DUPFD of fcntl(2)

    readonly ControlScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public void Calls_over_one_connection_are_answered_in_order()
    {
        _scene.Run(async _ =>
        {
            var replies = await _scene.Client(client =>
                Enumerable.Range(0, 1000).Select(_ => client.Call(ControlScene.Status)).ToList());
            Assert.All(
                replies,
                reply => Assert.Equal(
                    (ControlEnd.Replied, "6.1.0"), (reply.End, reply.Parameters.GetProperty("release").GetString())));
        });
    }

    /// <summary>A dying daemon still has loads in the kernel when the next one starts.</summary>
    [Fact]
    public void Another_daemon_may_listen_while_the_clients_of_one_that_stopped_listening_are_served()
    {
        _scene.Run(async first => await _scene.Client(client =>
        {
            var before = client.Call(ControlScene.Status).End;
            Assert.Throws<IOException>(() => ControlSocket.Listen(_scene.Path, _scene.Loop, _scene.Accept));
            // as a child between its fork and its execve has it
            using var copy = new SafeFileHandle(Libc.FCntl(LockOf(_scene.Path), DupFd, 0), ownsHandle: true);
            Assert.False(copy.IsInvalid);
            using var stopped = new ManualResetEventSlim();
            _scene.Loop.Post(() =>
            {
                first.StopListening();
                stopped.Set();
            });
            stopped.Wait(TestContext.Current.CancellationToken);
            Assert.False(File.Exists(_scene.Path));
            using var second = ControlSocket.Listen(_scene.Path, _scene.Loop, _scene.Accept);
            Assert.True(File.Exists(_scene.Path));
            Assert.Equal((ControlEnd.Replied, ControlEnd.Replied), (before, client.Call(ControlScene.Status).End));
            return true;
        }));
    }

    static int LockOf(string path) => int.Parse(Path.GetFileName(Directory.GetFiles("/proc/self/fd")
        .Single(fd => new FileInfo(fd).LinkTarget == $"{path}.lock")));

    [Fact]
    public void Peer_is_the_client_process()
    {
        _scene.Run(async _ => await _scene.Client(client => client.Call(ControlScene.Status)));
        var groups = TestProcess.Run("id", "-G").Split(' ', StringSplitOptions.TrimEntries).Select(uint.Parse).Order()
            .ToArray();
        var peer = Assert.Single(_scene.Peers);
        Assert.Equal(
            (uint.Parse(TestProcess.Run("id", "-u")), uint.Parse(TestProcess.Run("id", "-g")), Environment.ProcessId),
            (peer.UserId, peer.GroupId, peer.ProcessId));
        Assert.Equal(groups, peer.Groups.Append(peer.GroupId).Distinct().Order());
    }

    [Fact]
    public void Peer_has_all_groups_of_the_client()
    {
        Assert.SkipUnless(
            Environment.IsPrivilegedProcess && File.Exists("/usr/bin/setpriv") && File.Exists("/usr/bin/python3"),
            "needs root, setpriv and python3");
        var groups = Enumerable.Range(2000, 100).Select(group => (uint)group).ToArray();
        File.SetUnixFileMode(Path.GetDirectoryName(_scene.Path)!, (UnixFileMode)0x1ed);
        const string Script =
            "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); " +
            "s.sendall(b'{\"method\":\"io.drover.Loader.Load\",\"parameters\":{\"names\":[\"a\"]}}\\0'); " +
            "print(s.recv(99999)[:-1].decode())";
        _scene.Run(async _ => Assert.Contains("PermissionDenied",
            await Task.Run(() =>
                TestProcess.Run(
                    "setpriv", "--reuid=1000", "--regid=1000", "--groups=" + string.Join(',', groups),
                    "/usr/bin/python3", "-c", Script, _scene.Path)), StringComparison.Ordinal));
        var peer = Assert.Single(_scene.Peers);
        Assert.Equal((1000u, 1000u), (peer.UserId, peer.GroupId));
        Assert.Equal(groups, peer.Groups.Order());
    }

    [Fact]
    public void Thousand_clients_with_half_a_message_cost_one_thread()
    {
        SkipUnlessThousandsFit();
        _scene.Run(async _ =>
        {
            const int Count = 1000;
            var idle = new List<Socket>();
            for (var i = 0; i < Count; i++)
            {
                var client = _scene.Connect();
                client.Send(ControlScene.Text("{\"method\":\"io.drover"));
                idle.Add(client);
                if (i % 100 == 0)
                    Assert.Equal(ControlEnd.Replied, (await _scene.Client(good => good.Call(ControlScene.Status))).End);
            }

            while (_scene.Service.Connections < Count)
                await Task.Yield();

            Assert.Equal(ControlEnd.Replied, (await _scene.Client(good => good.Call(ControlScene.Status))).End);
            Assert.Single(ThreadNames(), name => name == "control");
            idle.ForEach(client => client.Dispose());
            while (_scene.Service.Connections > 0)
                await Task.Yield();
        });
    }

    [Fact]
    public void Clients_beyond_the_limit_are_disconnected_until_others_leave()
    {
        SkipUnlessThousandsFit();
        _scene.Run(async _ =>
        {
            var clients = new List<Socket>();
            for (var i = 0; i < ControlLimits.MaxConnections; i++)
            {
                clients.Add(_scene.Connect());
                if (i % 100 == 0)
                    await Task.Yield();
            }

            while (_scene.Service.Connections < ControlLimits.MaxConnections)
                await Task.Yield();

            Assert.Equal(ControlEnd.Gone, (await _scene.Client(client => client.Call(ControlScene.Status))).End);
            clients.ForEach(client => client.Dispose());
            while (_scene.Service.Connections > 0)
                await Task.Yield();

            Assert.Equal(ControlEnd.Replied, (await _scene.Client(client => client.Call(ControlScene.Status))).End);
        });
    }

    [Fact]
    public void Client_that_does_not_read_delays_only_itself()
    {
        _scene.Run(async _ =>
        {
            const int Calls = 20_000; // more than socket buffers hold, of calls and of replies
            using var stalled = _scene.Connect();
            var all = Enumerable.Repeat(ControlScene.Status.ToArray(), Calls).SelectMany(call => call).ToArray();
            var sending = Task.Run(() =>
            {
                for (var sent = 0; sent < all.Length;)
                    sent += stalled.Send(all.AsSpan(sent));
            });
            while (_scene.Service.UnsentBytes == 0)
                await Task.Yield();

            await _scene.Client(good =>
            {
                for (var i = 0; i < 1000; i++)
                    Assert.Equal(ControlEnd.Replied, good.Call(ControlScene.Status).End);

                return 0;
            });
            Assert.InRange(_scene.Service.UnsentBytes, 1, 2000); // of one reply
            Assert.False(sending.IsCompleted);
            var replies = await Task.Run(() =>
            {
                var (buffer, count) = (new byte[1 << 16], 0);
                while (count < Calls)
                {
                    var got = stalled.Receive(buffer);
                    Assert.NotEqual(0, got);
                    count += buffer.AsSpan(0, got).Count((byte)0);
                }

                return count;
            });
            await sending;
            Assert.Equal(Calls, replies);
        });
    }

    [Fact]
    public void Subscriber_that_does_not_read_is_disconnected_at_the_limit()
    {
        _scene.Run(async _ =>
        {
            using var stalled = _scene.Connect();
            stalled.Send(ControlScene.Text("{\"method\":\"io.drover.Loader.Subscribe\",\"more\":true}\0"));
            while (_scene.Loads.Subscribers.Count == 0)
                await Task.Yield();

            while (_scene.Service.Connections > 0)
            {
                _scene.Loads.Serve("module");
                Assert.InRange(_scene.Service.UnsentBytes, 0, ControlLimits.MaxUnsentBytes);
            }
        });
    }

    [Fact]
    public void Outcomes_are_streamed_in_order()
    {
        _scene.Run(async _ =>
        {
            const int Count = 5000, MostUnread = 1000; // which is far from the limit of unsent bytes
            var read = 0;
            var reading = _scene.Client(client =>
            {
                var reply = client.Call(VarlinkMessage.Call("io.drover.Loader.Subscribe", more: true));
                Assert.Equal(
                    (ControlEnd.Replied, true, JsonValueKind.Null),
                    (reply.End, reply.Continues, reply.Parameters.GetProperty("served").ValueKind));
                return Enumerable.Range(0, Count).Select(_ =>
                {
                    var asked = client.Next().Parameters.GetProperty("served").GetProperty("asked").GetString();
                    Interlocked.Increment(ref read);
                    return asked;
                }).ToList();
            });
            while (_scene.Loads.Subscribers.Count == 0)
                await Task.Yield();

            for (var i = 0; i < Count; i++)
            {
                while (i - Volatile.Read(ref read) > MostUnread && !reading.IsCompleted)
                    await Task.Yield();
                _scene.Loads.Serve($"m{i}");
                await Task.Yield();
            }

            Assert.Equal(Enumerable.Range(0, Count).Select(i => $"m{i}"), await reading);
        });
    }

    [Fact]
    public void Oversized_and_malformed_messages_end_only_their_connection()
    {
        _scene.Run(async _ =>
        {
            foreach (var bad in new[] { new byte[] { 0 }, ControlScene.Text("nonsense\0"), new byte[
                ControlLimits.MaxMessageBytes * 4].Select(_ => (byte)' ').ToArray() })
            {
                using var client = _scene.Connect();
                await Task.Run(() =>
                {
                    try
                    {
                        for (var sent = 0; sent < bad.Length;)
                            sent += client.Send(bad.AsSpan(sent));

                        Assert.Equal(0, client.Receive(new byte[100]));
                    }
                    catch (SocketException)
                    {
                        // disconnected while it was still talking
                    }
                });
                while (_scene.Service.Connections > 0)
                    await Task.Yield();
            }

            Assert.Equal(ControlEnd.Replied, (await _scene.Client(client => client.Call(ControlScene.Status))).End);
        });
    }

    [Fact]
    public void Message_may_be_sent_byte_by_byte()
    {
        _scene.Run(async _ =>
        {
            using var client = _scene.Connect();
            await Task.Run(() =>
            {
                var buffer = new byte[1 << 16];
                for (var round = 0; round < 20; round++)
                {
                    foreach (var one in ControlScene.Status.ToArray())
                        client.Send([one]);

                    Assert.Equal(0, buffer[client.Receive(buffer) - 1]);
                }
            });
        });
    }

    [Fact]
    public void Client_that_dies_leaves_its_load()
    {
        _scene.Run(async _ =>
        {
            var (begun, left) = (new TaskCompletionSource(), new TaskCompletionSource());
            _scene.Loads.Load = async (request, cancellationToken) =>
            {
                using var leaving = cancellationToken.Register(() => left.SetResult());
                begun.SetResult();
                await left.Task;
                return new RequestOutcome(request, []);
            };
            var client = _scene.Connect();
            client.Send(
                ControlScene.Text("{\"method\":\"io.drover.Loader.Load\",\"parameters\":{\"names\":[\"a\"]}}\0"));
            await begun.Task;
            client.Dispose();
            await left.Task;
            while (_scene.Service.Connections > 0)
                await Task.Yield();
        });
    }

    [Fact]
    public void Client_that_ends_its_side_gets_its_reply()
    {
        _scene.Run(async _ =>
        {
            using var client = _scene.Connect();
            client.Send(ControlScene.Status.Span);
            client.Shutdown(SocketShutdown.Send);
            await Task.Run(() =>
            {
                var buffer = new byte[1 << 16];
                Assert.Equal(0, buffer[client.Receive(buffer) - 1]);
                Assert.Equal(0, client.Receive(buffer));
            });
        });
    }

    [Fact]
    public void Oneway_calls_are_carried_out_after_their_client_disconnects()
    {
        _scene.Run(async _ =>
        {
            const int Count = 100;
            var client = _scene.Connect();
            for (var i = 0; i < Count; i++)
            {
                client.Send(ControlScene.Text(
                    $$$"""{"method":"io.drover.Loader.Load","oneway":true,"parameters":{"names":["m{{{i}}}"]}}""" +
                        "\0"));
            }

            client.Dispose();
            while (_scene.Loads.Asked.Count < Count)
                await Task.Yield();

            Assert.Equal(
                Enumerable.Range(0, Count).Select(i => $"m{i}"), _scene.Loads.Asked.Select(request => request.Name));
        });
    }

    [Fact]
    public void Dispose_disconnects_all_clients_and_removes_the_file()
    {
        ControlEnd? end = null;
        _scene.Loads.Load = (_, _) => new TaskCompletionSource<RequestOutcome>().Task;
        Task<ControlReply>? waiting = null;
        _scene.Run(async socket =>
        {
            waiting = _scene.Client(client => client.Call(new LoadBatch(["a"]).TryWriteCall()!.Value));
            while (_scene.Loads.Asked.Count == 0)
                await Task.Yield();

            Assert.True(File.Exists(_scene.Path));
            socket.Dispose();
            socket.Dispose();
            end = (await waiting).End;
        });
        Assert.Equal(ControlEnd.Gone, end);
        Assert.False(File.Exists(_scene.Path));
    }

    static IEnumerable<string> ThreadNames() => [.. Directory.GetDirectories("/proc/self/task").Select(NameOf)];

    static string NameOf(string task)
    {
        try
        {
            return File.ReadAllText($"{task}/comm").TrimEnd();
        }
        catch (IOException)
        {
            return ""; // ended meanwhile
        }
    }

    static void SkipUnlessThousandsFit()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root may have so many connections");
        var limit = File.ReadLines("/proc/self/limits").Single(line =>
            line.StartsWith("Max open files", StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
        Assert.SkipUnless(
            limit == "unlimited" || int.Parse(limit) > 4 * ControlLimits.MaxConnections, $"only {limit} descriptors");
    }
}
