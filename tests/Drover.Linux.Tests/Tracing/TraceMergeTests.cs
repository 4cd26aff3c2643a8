using System.Globalization;
using System.Text;
using CsCheck;
using Drover.Linux.Tracing;

namespace Drover.Linux.Tests.Tracing;

public sealed class TraceMergeTests
{
    static readonly Gen<int[]> Times = Gen.Int[0, 500].Array[0, 40].Select(times => times.Order().ToArray());

    [Fact]
    public void Merge_returns_each_line_once_in_time_order_for_any_split() =>
        Gen.Select(Times.Array[1, 5], Gen.Int[1, 200], Gen.Int[0, 520].Array[0, 4], Gen.Int[0, 1000])
            .Sample((cpus, chunk, limits, seed) =>
        {
            var feeds = cpus.Select((times, cpu) =>
                new Feed(times.Select((time, index) => (time, Line(cpu, index, time))), chunk)).ToArray();
            var merge = new TraceMerge([.. feeds.Select(feed => new CpuTracePipe(feed.Read))]);
            var taken = new List<string>();
            foreach (var limit in limits.Order().Append(int.MaxValue))
            {
                // all lines until then are present, and some of the later ones
                foreach (var feed in feeds)
                    feed.Add(limit == int.MaxValue ? limit : limit + (seed % 50));
                merge.TakeUntil(limit, line => taken.Add(Encoding.UTF8.GetString(line)));
                Assert.All(taken, line => Assert.True(TimeOf(line) <= limit));
            }
            Assert.Equal(taken.Select(TimeOf).Order(), taken.Select(TimeOf));
            Assert.Equal(cpus.SelectMany((times, cpu) => times.Select((time, index) => Line(cpu, index, time)))
                .Order(StringComparer.Ordinal), taken.Order(StringComparer.Ordinal));
            for (var cpu = 0; cpu < cpus.Length; cpu++)
            {
                Assert.Equal(cpus[cpu].Select((time, index) => Line(cpu, index, time)),
                    taken.Where(line => line.Contains($"[{cpu:000}]", StringComparison.Ordinal)));
            }
        });

    [Fact]
    public void Merge_keeps_the_place_of_a_lost_events_line()
    {
        var feed = new Feed([(1, Line(0, 0, 1)), (5, "CPU:0 [LOST 7 EVENTS]"), (5, Line(0, 1, 5))], chunk: 10);
        var other = new Feed([(3, Line(1, 0, 3))], chunk: 10);
        var merge = new TraceMerge([new(feed.Read), new(other.Read)]);
        var taken = new List<string>();
        feed.Add(int.MaxValue);
        other.Add(int.MaxValue);
        merge.TakeUntil(long.MaxValue, line => taken.Add(Encoding.UTF8.GetString(line)));
        Assert.Equal([Line(0, 0, 1), "CPU:0 [LOST 7 EVENTS]", Line(1, 0, 3), Line(0, 1, 5)], taken);
    }

    [Fact]
    public void Merge_skips_an_overlong_line_only()
    {
        var feed = new Feed([(1, Line(0, 0, 1)), (2, new string('x', 100_000)), (3, Line(0, 1, 3))], chunk: 5000);
        var merge = new TraceMerge([new(feed.Read)]);
        var taken = new List<string>();
        feed.Add(int.MaxValue);
        merge.TakeUntil(long.MaxValue, line => taken.Add(Encoding.UTF8.GetString(line)));
        Assert.Equal([Line(0, 0, 1), Line(0, 1, 3)], taken);
    }

    static string Line(int cpu, int index, int timeUs) =>
        string.Create(CultureInfo.InvariantCulture,
            $"        modprobe-{100 + index,-7} (    143) [{cpu:000}] .....     0.{timeUs:000000}: " +
                $"sys_finit_module(fd: 5, uargs: 7f, flags: 0)");

    static int TimeOf(string line) =>
        int.Parse(line.AsSpan(line.IndexOf(" 0.", StringComparison.Ordinal) + 3, 6), CultureInfo.InvariantCulture);

    /// <summary>A pipe with a maximum of bytes per read, and with the lines added so far.</summary>
    sealed class Feed(IEnumerable<(int Time, string Line)> lines, int chunk)
    {
        readonly Queue<(int Time, string Line)> _later = new(lines);
        readonly Queue<byte> _there = new();

        public void Add(int until)
        {
            while (_later.TryPeek(out var next) && next.Time <= until)
            {
                foreach (var octet in Encoding.UTF8.GetBytes(_later.Dequeue().Line + "\n"))
                    _there.Enqueue(octet);
            }
        }

        public int Read(Span<byte> into)
        {
            var length = Math.Min(Math.Min(chunk, into.Length), _there.Count);
            for (var i = 0; i < length; i++)
                into[i] = _there.Dequeue();
            return length;
        }
    }
}
