using System.Text.Json;
using CsCheck;
using Drover.Linux.Tracing;
using Drover.Loading;
using Drover.Verbs;

namespace Drover.Tests.Verbs;

public sealed class WatchRecordingTests
{
    [Fact]
    public void A_call_is_read_as_it_was_written() =>
        Gen.Select(Gen.String, Gen.Int[0, 140], Gen.Long.Nullable(), Gen.Bool, Gen.Int[0, 4]).Sample((text, error, bytes, waited, by) =>
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
            using var writer = new StringWriter();
            WatchRecording.WriteCall(writer, call);

            Assert.Equal(call, WatchRecording.TryReadCall(writer.ToString()));
        });

    [Fact]
    public void A_header_is_read_as_it_was_written_and_is_no_call()
    {
        var header = new WatchHeader("6.1.0", 32, 5, SinceBoot: true, ["no BTF"]);
        using var writer = new StringWriter();
        WatchRecording.WriteHeader(writer, header);

        var read = WatchRecording.TryReadHeader(writer.ToString())!;
        Assert.Equal(header with { Degraded = read.Degraded }, read);
        Assert.Equal(header.Degraded, read.Degraded);
        Assert.Null(WatchRecording.TryReadCall(writer.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"type":"call"}""")]
    [InlineData("""{"type":7}""")]
    [InlineData("""{"type":"watch","version":2}""")]
    public void What_is_none_is_refused(string line)
    {
        Assert.ThrowsAny<JsonException>(() => WatchRecording.TryReadCall(line) as object ?? WatchRecording.TryReadHeader(line));
    }

    [Fact]
    public void Totals_add_up()
    {
        var tally = new WatchTally();
        var call = new TracedCall { Syscall = ModuleSyscall.FinitModule, Module = "kvm", StartUs = 1, Comm = "m", Tid = 1, ReadBytes = 10 };
        tally.Add(call with { Result = Errno.None });
        tally.Add(call with { Result = Errno.None, HasWaited = true, ReadBytes = 0 });
        tally.Add(call with { Result = Errno.EEXIST, WastedBytes = 20 });
        tally.Add(call with { Result = null, Module = null });
        tally.Add(call with { Result = Errno.None, Syscall = ModuleSyscall.DeleteModule });

        Assert.Equal((4, 1, 1, 1, 1), (tally.Calls, tally.Loads, tally.Waited, tally.Removals, tally.Unnamed));
        Assert.Equal((10, 20), (tally.InVainBytes, tally.WastedBytes));
        Assert.Equal("kvm", tally.Modules()[0].Name);
        Assert.Equal(4, tally.Modules()[0].Calls);
    }
}
