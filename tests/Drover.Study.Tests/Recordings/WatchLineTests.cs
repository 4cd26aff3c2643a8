using System.Text;
using System.Text.Json;
using CsCheck;
using Drover.Kernel;
using Drover.Linux.Tracing;
using Drover.Study.Recordings;

namespace Drover.Study.Tests.Recordings;

public sealed class WatchLineTests
{
    static readonly Gen<(string, int, long?, bool, int)> s_call =
        Gen.Select(Gen.String, Gen.Int[0, 140], Gen.Long.Nullable(), Gen.Bool, Gen.Int[0, 4]);

    [Fact]
    public void Call_is_read_as_it_was_written() =>
        s_call.Sample((text, error, bytes, waited, by) =>
        {
            var call = new TracedCall
            {
                Syscall = ModuleSyscall.InitModule,
                Module = waited ? null : text,
                NamedBy = (NamedBy)by,
                Result = error == 140 ? null : (Errno)error,
                HasWaited = waited,
                StartUs = 7,
                TookUs = 9,
                Comm = text,
                Tid = 1,
                Device = waited ? text : null,
                ReadBytes = bytes,
                WastedBytes = 12,
            };
            Assert.Equal(call, Assert.IsType<WatchCall>(Read(WatchCall.Of(call))).ToTracedCall());
        });

    [Fact]
    public void Request_is_read_as_it_was_written()
    {
        var request = WatchRequest.Of(new TracedRequest(83_011_200, "fs-xfs", "mount", 811, 812));
        Assert.Equal(request, Read(request));
        Assert.Equal("file system", request.Kind);
    }

    [Fact]
    public void Members_have_the_documented_order()
    {
        var call = new TracedCall { Syscall = default, Module = "<é>", StartUs = 1, Comm = "c", Tid = 2 };
        Assert.Equal(
            """
            {"type":"call","startUs":1,"tookUs":0,"syscall":"finit_module","module":"<é>","namedBy":"nobody",
            "result":null,"waited":false,"readBytes":null,"wastedBytes":0,"comm":"c","pid":0,"tid":2,"device":null}
            """.ReplaceLineEndings(""),
            TextOf(WatchCall.Of(call)));
        Assert.Equal(
            """{"type":"watch","version":1,"kernel":"6.1","cpus":32,"startUs":5,"sinceBoot":true,"degraded":["x"]}""",
            TextOf(new WatchHeader("6.1", 32, 5, SinceBoot: true, ["x"])));
        Assert.Equal("""{"type":"lost","events":3}""", TextOf(new WatchLost(3)));
        Assert.StartsWith(
            """{"type":"totals","calls":0,"loads":0,"removals":0,"byResult":{"0":2},"waited":0,"inVainBytes":0,""",
            TextOf(new WatchTotals(ByResult: new Dictionary<string, long> { ["0"] = 2 })), StringComparison.Ordinal);
    }

    [Fact]
    public void Header_is_read_as_it_was_written()
    {
        var header = new WatchHeader("6.1.0", 32, 5, SinceBoot: true, ["no BTF"]);
        var read = Assert.IsType<WatchHeader>(Read(header));
        Assert.Equal(header with { Degraded = read.Degraded }, read);
        Assert.Equal(header.Degraded, read.Degraded);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"type":"call"}""")]
    [InlineData("""{"type":7}""")]
    [InlineData("""{"type":"watch","version":2}""")]
    public void Read_refuses_other_text(string line) =>
        Assert.ThrowsAny<JsonException>(() => WatchLine.Read(Encoding.UTF8.GetBytes(line), RecordingJson.Default));

    static WatchLine? Read(WatchLine line) =>
        WatchLine.Read(Encoding.UTF8.GetBytes(TextOf(line)), RecordingJson.Default);

    static string TextOf(WatchLine line)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        line.WriteTo(writer);
        return writer.ToString().TrimEnd('\n');
    }
}
