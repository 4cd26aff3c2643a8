using System.Buffers.Text;
using System.Text;
using Drover.Kernel;
using Drover.Linux.ProcFs;
using Drover.Linux.Syscalls;
using Drover.Text;

namespace Drover.Linux.Tracing;

/// <summary>Which process the kernel was serving when it asked for a module: the trace event
/// <c>module:module_request</c>, by perf_event_open(2). The kernel writes the events into a page per CPU; no thread
/// waits for them, and they are read when a request of the kernel arrives. One owner.</summary>
/// <remarks>It is unavailable without tracefs, under lockdown in its mode confidentiality, and for CPUs that were
/// offline when it was opened: then the process is not known.</remarks>
public sealed class KernelRequests : IDisposable
{
    /// <summary>Rings take two pages and a descriptor each.</summary>
    const int MaxCpus = 1024;

    /// <summary>Requests kept that no program has brought here yet.</summary>
    const int MaxKept = 64;

    static readonly string[] s_events =
    [
        "/sys/kernel/tracing/events/module/module_request",
        "/sys/kernel/debug/tracing/events/module/module_request",
    ];

    readonly List<PerfRing> _rings = [];
    readonly List<KernelRequest> _requests = [];
    readonly Func<int, int, RequestingProcess> _describe;
    int _nameOffset;

    public KernelRequests() : this(ProcessFacts.OfKernelRequest) => TryOpen();

    internal KernelRequests(Func<int, int, RequestingProcess> describe) => _describe = describe;

    /// <summary>The process of the newest request for a name; null if none is known. Each is found once.</summary>
    public RequestingProcess? Find(string name)
    {
        if (_rings.Count == 0 && !TryOpen())
            return null;
        foreach (var ring in _rings)
            ring.Read(record => Take(record, _nameOffset));
        return Match(name);
    }

    public void Dispose()
    {
        foreach (var ring in _rings)
            ring.Dispose();
        _rings.Clear();
    }

    internal RequestingProcess? Match(string name)
    {
        var newest = -1;
        for (var i = 0; i < _requests.Count; i++)
        {
            if (_requests[i].Name == name && (newest < 0 || _requests[i].Time >= _requests[newest].Time))
                newest = i;
        }
        if (newest < 0)
            return null;
        var request = _requests[newest];
        _requests.RemoveAt(newest);
        return _describe(request.ProcessId, request.ThreadId);
    }

    /// <summary>Takes a record of a ring: <c>u32 type; u16 misc, size; u32 pid, tid; u64 time; u32 bytes; raw</c>
    /// (perf_event_open(2): PERF_RECORD_SAMPLE).</summary>
    /// <param name="nameOffset">Of the field <c>name</c> in the raw part.</param>
    internal void Take(ReadOnlySpan<byte> record, int nameOffset)
    {
        const int ProcessId = 8, ThreadId = 12, Time = 16, RawBytes = 24, Raw = 28;
        if (record.Length < Raw || BitConverter.ToInt32(record) != Libc.PERF_RECORD_SAMPLE)
            return; // lost events, throttling
        var raw = record[Raw..];
        raw = raw[..(int)Math.Min(BitConverter.ToUInt32(record[RawBytes..]), (uint)raw.Length)];
        if (TryName(raw, nameOffset) is not { Length: > 0 } name)
            return;
        if (_requests.Count == MaxKept)
            _requests.RemoveAt(0);
        _requests.Add(new KernelRequest(
            name, BitConverter.ToInt32(record[ProcessId..]), BitConverter.ToInt32(record[ThreadId..]),
            BitConverter.ToUInt64(record[Time..])));
    }

    /// <summary>The offset of the field <c>__data_loc char[] name</c> in a format file; null for another
    /// form.</summary>
    internal static int? NameOffsetIn(string format)
    {
        const string Field = "__data_loc char[] name;", Offset = "offset:";
        var at = format.IndexOf(Field, StringComparison.Ordinal);
        at = at < 0 ? at : format.IndexOf(Offset, at, StringComparison.Ordinal);
        return at >= 0 && Utf8Parser.TryParse(
            Encoding.ASCII.GetBytes(format[(at + Offset.Length)..]), out int offset, out _) && offset > 0
            ? offset
            : null;
    }

    /// <summary>A text at the place that a <c>__data_loc</c> names: its offset, and its length in the upper
    /// half.</summary>
    static string? TryName(ReadOnlySpan<byte> raw, int nameOffset)
    {
        if (raw.Length < nameOffset + sizeof(int))
            return null;
        var place = BitConverter.ToUInt32(raw[nameOffset..]);
        var (offset, length) = ((int)(place & 0xffff), (int)(place >> 16));
        if (offset + length > raw.Length)
            return null;
        var text = raw.Slice(offset, length);
        var end = text.IndexOf((byte)0);
        return ByteText.Of(end < 0 ? text : text[..end]);
    }

    bool TryOpen()
    {
        foreach (var folder in s_events)
        {
            if (SmallFile.TryReadNumber($"{folder}/id") is not { } id
                || SmallFile.TryRead($"{folder}/format") is not { } format || NameOffsetIn(format) is not { } offset)
            {
                continue;
            }
            _nameOffset = offset;
            for (var cpu = 0; cpu < Math.Min(Machine.CountPossibleCpus(), MaxCpus); cpu++)
            {
                if (PerfRing.TryOpen((ulong)id, cpu) is { } ring)
                    _rings.Add(ring);
            }
            return _rings.Count > 0;
        }
        return false;
    }

    readonly record struct KernelRequest(string Name, int ProcessId, int ThreadId, ulong Time);
}

/// <summary>The events of one CPU: a page that the kernel writes, and one with the two positions. One owner.</summary>
sealed unsafe class PerfRing : IDisposable
{
    internal const int Head = 1024, Tail = 1032; // struct perf_event_mmap_page: data_head, data_tail
    const int HeaderBytes = 8, SizeOffset = 6; // struct perf_event_header
    const int MaxRecordBytes = 512; // a request's name has at most 55 bytes (kernel: MODULE_NAME_LEN)

    static readonly int s_pageBytes = Environment.SystemPageSize;

    readonly int _fd;
    readonly byte* _pages;

    PerfRing(int fd, byte* pages)
    {
        _fd = fd;
        _pages = pages;
    }

    /// <summary>Null for a CPU that is offline, and where the kernel refuses.</summary>
    internal static PerfRing? TryOpen(ulong traceEvent, int cpu)
    {
        var attributes = new Libc.PerfEventAttributes
        {
            Type = Libc.PERF_TYPE_TRACEPOINT,
            Size = Libc.PerfEventAttributes.Bytes,
            Config = traceEvent,
            SamplePeriod = 1,
            SampleType = Libc.PERF_SAMPLE_TID | Libc.PERF_SAMPLE_TIME | Libc.PERF_SAMPLE_RAW,
        };
        var fd = (int)Libc.PerfEventOpen(
            Abi.Here.PerfEventOpen, &attributes, -1, cpu, -1, Libc.PERF_FLAG_FD_CLOEXEC);
        if (fd < 0)
            return null;
        var pages = Libc.MMap(0, 2 * s_pageBytes, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, fd, 0);
        if (pages != Libc.MapFailed)
            return new PerfRing(fd, (byte*)pages);
        _ = Libc.Close(fd);
        return null;
    }

    /// <summary>Reads the records that are new.</summary>
    /// <param name="take">A record; the span is valid during the call.</param>
    internal void Read(Action<ReadOnlySpan<byte>> take)
    {
        var ring = new ReadOnlySpan<byte>(_pages + s_pageBytes, s_pageBytes);
        var (head, tail) = (Volatile.Read(ref *(ulong*)(_pages + Head)), *(ulong*)(_pages + Tail));
        Read(ring, head, tail, take);
        Volatile.Write(ref *(ulong*)(_pages + Tail), head);
    }

    /// <summary>The same of a ring's bytes, whose size is a power of two.</summary>
    internal static void Read(ReadOnlySpan<byte> ring, ulong head, ulong tail, Action<ReadOnlySpan<byte>> take)
    {
        Span<byte> record = stackalloc byte[MaxRecordBytes];
        while (tail < head && head - tail <= (ulong)ring.Length)
        {
            Copy(ring, tail, record[..HeaderBytes]);
            var bytes = BitConverter.ToUInt16(record[SizeOffset..]);
            if (bytes < HeaderBytes || bytes > head - tail)
                return;
            if (bytes <= MaxRecordBytes)
            {
                Copy(ring, tail, record[..bytes]);
                take(record[..bytes]);
            }
            tail += bytes;
        }
    }

    public void Dispose()
    {
        _ = Libc.MUnmap((nint)_pages, 2 * s_pageBytes);
        _ = Libc.Close(_fd);
    }

    static void Copy(ReadOnlySpan<byte> ring, ulong from, Span<byte> to)
    {
        for (var i = 0; i < to.Length; i++)
            to[i] = ring[(int)((from + (ulong)i) % (ulong)ring.Length)];
    }
}
