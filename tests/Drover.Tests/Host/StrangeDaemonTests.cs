using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Drover.CommandLine;
using Drover.Control;
using Drover.Modules.Tests;

namespace Drover.Tests.Host;

/// <summary>Replies that the client does not expect: of an older or newer daemon, or a damaged one.</summary>
public sealed class StrangeDaemonTests
{
    const string Waiting =
        """[{"asked": "pci:x", "asker": null, "ageUs": 5}, {"asked": "m", "asker": "p", "ageUs": 6}]""";

    const string Running = """[{"module": "m", "fileBytes": 7, "ageUs": 1000}]""";

    const string Status = $$"""
        {"release": "6.1", "uptimeUs": 1, "settled": false, "events": 2, "seqnum": 3, "timesLost": 0, "devices": 4,
        "reloads": 0, "counts": {"requests": 1, "asked": 1, "calls": 1, "callsByErrno": {"0": 1}, "attempted": 1,
        "outcomes": {"loaded": 1}, "converged": 0, "loadedFileBytes": 5000, "wastedFileBytes": 0,
        "peakBytesInFlight": 1, "peakCallsInFlight": 1},
        "running": {{Running}}, "waiting": {{Waiting}}, "waitingCount": 2}
        """;

    const string Settled =
        $$"""{"settled": false, "running": {{Running}}, "waiting": {{Waiting}}, "waitingCount": 2}""";

    const string Modules = """
        {"modules": [{"module": "m", "requests": 1, "calls": 1, "last": {"module": "m", "outcome": "loaded",
        "errno": null, "why": null, "parametersDiffer": false},
        "firstAsker": "p", "asked": "m", "loadUs": 5, "joined": 0, "fileBytes": 7,
        "first": {"wantedAtUs": 1, "needed": ["n"], "calledAtUs": 2, "endedAtUs": 7, "errno": null}}]}
        """;

    const string Loaded = """
        {"requests": [{"asked": "m", "modules": [{"module": "m", "outcome": "failed", "errno": "ENODEV", "why": "w",
        "parametersDiffer": false}]}]}
        """;

    static readonly string?[] s_values =
        [null, "null", "1.5", "-1", "1e300", "true", "\"x\"", "\"\"", "\"\\ud800\"", "[]", "[[]]", "{}", "[{}]"];

    [Theory]
    [InlineData("status --once", "Status", Status)]
    [InlineData("status --json", "Status", Status)]
    [InlineData("settle", "Settle", Settled)]
    [InlineData("settle --json", "Settle", Settled)]
    [InlineData("timeline", "Status", Status)]
    [InlineData("timeline", "Modules", Modules)]
    [InlineData("timeline --json", "Modules", Modules)]
    public void Verb_ends_with_one_sentence(string command, string method, string reply)
    {
        using var daemon = new RawDaemon { ["Status"] = Message(Status), ["Modules"] = Message(Modules) };
        foreach (var strange in Strange(reply))
        {
            daemon[method] = strange;
            var run = CommandLineRun.Run([.. command.Split(' '), "--socket", daemon.Path]);
            var what = $"{Encoding.Latin1.GetString(strange)}\n{run}";
            // what the text cannot show is no reply as JSON either
            var exits = command.EndsWith(" --json", StringComparison.Ordinal)
                ? [CommandLineRun.Run([command.Split(' ')[0], "--socket", daemon.Path]).Exit]
                : (int[])[0, 1];
            Assert.True(exits.Contains(run.Exit), what);
            if (run.Exit == 1 && !command.StartsWith("settle", StringComparison.Ordinal))
                Assert.True(run.Out.Length == 0 && run.Error.Count(character => character == '\n') == 1, what);
        }
    }

    [Fact]
    public void Daemon_that_is_stopped_does_not_stop_its_clients()
    {
        var path = $"{Directory.CreateTempSubdirectory("drover-silent-").FullName}/socket";
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        var problem = Assert.Throws<CommandException>(() =>
            DaemonClient.Call("Status", null, path, status => status.ToString(), limit: TimeSpan.FromMilliseconds(1)));
        Assert.StartsWith("the daemon does not reply", problem.Message, StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("settle")]
    [InlineData("timeline")]
    public void Empty_path_of_a_socket_is_a_mistake(string verb)
    {
        var error = $"drover: {verb}: --socket takes PATH, not ''. Try 'drover {verb} --help'.\n";
        Assert.Equal(new CommandLineRun(2, "", error), CommandLineRun.Run(verb, "--socket", ""));
    }

    [Fact]
    public void Reply_to_a_load_is_read_or_not_understood()
    {
        var batch = new LoadBatch(["m"]);
        Assert.NotNull(batch.TryReadReply(ControlReply.Parse(Message(Loaded).AsMemory(..^1)).Parameters));
        foreach (var strange in Strange(Loaded))
        {
            var reply = ControlReply.Parse(strange.AsMemory(..Array.IndexOf(strange, (byte)0)));
            if (reply.End is ControlEnd.Replied)
                Assert.All(batch.TryReadReply(reply.Parameters) ?? [], outcome => Assert.NotEmpty(outcome.Modules));
        }
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[1")]
    [InlineData("""{"parameters": {"requests": [{"modules": []}]}}""")]
    [InlineData("""{"parameters": {"requests": [{"modules": [{"module": "top", "outcome": "sung"}]}]}}""")]
    [InlineData("{\"parameters\": {\"requests\": \"\xff\"}}")]
    public void Load_and_modprobe_continue_without_the_daemon(string reply)
    {
        using var without = new DaemonMachine { HasDaemon = false };
        var alone = without.Run("drover load top", "modprobe top");
        using var machine = new DaemonMachine { Reply = [.. Encoding.Latin1.GetBytes(reply), 0] };
        Assert.Equal(alone, machine.Run("drover load top", "modprobe top"));
    }

    static byte[] Message(string parameters) => Encoding.UTF8.GetBytes($$"""{"parameters": {{parameters}}}""" + "\0");

    /// <summary>The reply with each value left out or replaced, and damaged bytes; each message ends.</summary>
    static IEnumerable<byte[]> Strange(string reply)
    {
        var count = Nodes(JsonNode.Parse(reply)!).Count();
        for (var i = 0; i < count; i++)
        {
            foreach (var value in s_values)
            {
                var copy = JsonNode.Parse(reply)!;
                var node = Nodes(copy).ElementAt(i);
                if (value is null && node.Parent is JsonObject parent)
                    parent.Remove(node.Name);
                else
                    Put(node, "@");
                yield return Message(copy.ToJsonString().Replace("\"@\"", value, StringComparison.Ordinal));
            }
        }
        var mutator = new Mutator(1);
        for (var i = 0; i < 300; i++)
            yield return [.. mutator.Mutate(Message(reply)), 0];
    }

    static void Put((JsonNode Parent, string Name, int Index) node, string text)
    {
        if (node.Parent is JsonObject parent)
            parent[node.Name] = text;
        else
            node.Parent[node.Index] = text;
    }

    /// <summary>Every value below a node.</summary>
    static IEnumerable<(JsonNode Parent, string Name, int Index)> Nodes(JsonNode node)
    {
        IEnumerable<(string Name, int Index, JsonNode? Value)> children = node switch
        {
            JsonObject members => members.Select(member => (member.Key, 0, member.Value)),
            JsonArray items => items.Select((item, i) => ("", i, item)),
            _ => [],
        };
        foreach (var (name, index, value) in children)
        {
            yield return (node, name, index);
            foreach (var below in value is null ? [] : Nodes(value))
                yield return below;
        }
    }
}

/// <summary>Answers each call of a method with the same bytes, and then closes the connection.</summary>
sealed class RawDaemon : Dictionary<string, byte[]>, IDisposable
{
    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("drover-raw-");
    readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public RawDaemon(string? path = null)
    {
        Path = path ?? $"{_directory.FullName}/socket";
        _listener.Bind(new UnixDomainSocketEndPoint(Path));
        _listener.Listen();
        new Thread(Serve) { IsBackground = true }.Start();
    }

    public string Path { get; }

    public void Dispose()
    {
        _listener.Dispose();
        _directory.Delete(recursive: true);
    }

    void Serve()
    {
        var buffer = new byte[64 << 10];
        while (true)
        {
            try
            {
                using var client = _listener.Accept();
                var call = Encoding.UTF8.GetString(buffer, 0, client.Receive(buffer));
                var method = Keys.Single(method => call.Contains($"Loader.{method}\"", StringComparison.Ordinal));
                client.Send(this[method]);
            }
            catch (SocketException)
            {
                return; // disposed, or the client did not wait
            }
        }
    }
}
