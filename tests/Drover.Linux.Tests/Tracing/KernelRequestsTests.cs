using System.Text;
using Drover.Kernel;
using Drover.Linux.Tracing;

namespace Drover.Linux.Tests.Tracing;

public sealed class KernelRequestsTests : IDisposable
{
    const int NameOffset = 20;

    // of a Debian 6.12
    const string Format = """
        name: module_request
        ID: 1031
        format:
        	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
        	field:unsigned char common_flags;	offset:2;	size:1;	signed:0;
        	field:unsigned char common_preempt_count;	offset:3;	size:1;	signed:0;
        	field:int common_pid;	offset:4;	size:4;	signed:1;

        	field:unsigned long ip;	offset:8;	size:8;	signed:0;
        	field:bool wait;	offset:16;	size:1;	signed:0;
        	field:__data_loc char[] name;	offset:20;	size:4;	signed:0;

        print fmt: "%s wait=%d call_site=%ps", __get_str(name), (int)REC->wait, (void *)REC->ip
        """;

    readonly KernelRequests _requests = new((process, thread) => new RequestingProcess(process)
    {
        Comm = $"thread {thread}",
        IsKernel = true,
    });

    public void Dispose() => _requests.Dispose();

    [Fact]
    public void Offset_of_the_name_is_read_from_the_format() =>
        Assert.Equal(NameOffset, KernelRequests.NameOffsetIn(Format));

    [Theory]
    [InlineData("")]
    [InlineData("field:__data_loc char[] name;")]
    [InlineData("field:__data_loc char[] name;	offset:x;")]
    [InlineData("field:__data_loc char[] name;	offset:-4;")]
    [InlineData("field:char name[64];	offset:20;")]
    public void Format_of_another_form_has_none(string format) => Assert.Null(KernelRequests.NameOffsetIn(format));

    [Fact]
    public void Newest_request_for_a_name_is_found_and_each_once()
    {
        _requests.Take(Sample("fs-ext4", 7, 8, time: 100), NameOffset);
        _requests.Take(Sample("net-pf-21", 5, 5, time: 50), NameOffset);
        _requests.Take(Sample("fs-ext4", 9, 9, time: 200), NameOffset);
        Assert.Null(_requests.Match("fs-xfs"));
        Assert.Equal((9, "thread 9"), Found("fs-ext4"));
        Assert.Equal((7, "thread 8"), Found("fs-ext4"));
        Assert.Null(_requests.Match("fs-ext4"));
        Assert.Equal((5, "thread 5"), Found("net-pf-21"));
    }

    [Fact]
    public void Requests_that_nobody_brings_are_forgotten_the_oldest_first()
    {
        for (var i = 0; i < 1000; i++)
            _requests.Take(Sample($"fs-{i}", i, i, (ulong)i), NameOffset);
        Assert.Null(_requests.Match("fs-900"));
        Assert.NotNull(_requests.Match("fs-999"));
    }

    [Fact]
    public void Records_are_read_around_the_end_of_the_ring()
    {
        var (first, second) = (Sample("fs-ext4", 7, 8, 1), Sample("crypto-aes", 9, 9, 2));
        var ring = new byte[256];
        const int From = 200;
        byte[] both = [.. first, .. second];
        for (var i = 0; i < both.Length; i++)
            ring[(From + i) % ring.Length] = both[i];
        const ulong Turns = 5 * 256;
        PerfRing.Read(
            ring, Turns + From + (ulong)both.Length, Turns + From, record => _requests.Take(record, NameOffset));
        Assert.Equal((7, "thread 8"), Found("fs-ext4"));
        Assert.Equal((9, "thread 9"), Found("crypto-aes"));
    }

    [Fact]
    public void Any_bytes_are_read_without_a_fault()
    {
        var random = new Random(1);
        var sample = Sample("fs-ext4", 7, 8, 1);
        for (var i = 0; i < 20_000; i++)
        {
            var ring = new byte[128];
            sample.CopyTo(ring, 0);
            for (var changes = random.Next(6); changes > 0; changes--)
                ring[random.Next(ring.Length)] = (byte)random.Next(256);
            PerfRing.Read(
                ring, (ulong)random.Next(300), (ulong)random.Next(300), record => _requests.Take(record, NameOffset));
        }
    }

    (int, string?) Found(string name)
    {
        var process = _requests.Match(name)!;
        return (process.ProcessId, process.Comm);
    }

    /// <summary>A record of type PERF_RECORD_SAMPLE with pid, tid, time and raw data.</summary>
    static byte[] Sample(string name, int process, int thread, ulong time)
    {
        var text = Encoding.ASCII.GetBytes($"{name}\0");
        var raw = new byte[(24 + text.Length + 4 + 7) / 8 * 8 - 4];
        BitConverter.TryWriteBytes(raw.AsSpan(NameOffset), (text.Length << 16) | 24);
        text.CopyTo(raw, 24);
        using var record = new MemoryStream();
        using var writer = new BinaryWriter(record);
        writer.Write(9);
        writer.Write((ushort)0);
        writer.Write((ushort)(28 + raw.Length));
        writer.Write(process);
        writer.Write(thread);
        writer.Write(time);
        writer.Write(raw.Length);
        writer.Write(raw);
        return record.ToArray();
    }
}
