using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using CsCheck;
using Drover.CommandLine;
using Drover.Study.Drawing;
using Drover.Study.Recordings;
using Drover.Study.Report;
using Drover.Study.Tests.Recordings;

namespace Drover.Study.Tests.Report;

/// <summary>The page is one well-formed file without references; the text has no control characters.</summary>
public partial class ReportPageTests
{
    [Fact]
    public void One_recording_has_figures_and_a_chart_with_its_path()
    {
        var page = Page(RecordingTexts.Read(RecordingTexts.Lab(RecordingTexts.Herd(8))));
        var chart = Assert.Single(ChartData.Of(page));
        Assert.Equal(["aesni_intel", "acpi_cpufreq"], chart.Rows("modules"));
        Assert.Equal(8, chart.Rows("workers").Count);
        Assert.Contains(chart.Lanes("modules"), lane => lane["path"] is not null);
        Assert.Contains(page.Descendants("p"), text => text.Value ==
            "udev on 8 CPUs (kernel 6.1.0) called the kernel 16 times for 2 modules, "
            + "15 of them in vain (bytes read in vain: 3.1 MiB); coldplug: 2.50 s.");
    }

    [Fact]
    public void Chart_over_time_is_repeated_as_a_table()
    {
        var anyCall =
            from module in Gen.Int[0, 5]
            from worker in Gen.Int[0, 3]
            from start in Gen.Int[0, 90]
            from took in Gen.Int[1, 90]
            from failed in Gen.Bool
            let result = failed ? "EEXIST" : "0"
            select new RecordingTexts.Call($"m{module}", worker, 10_000 * start, 10_000 * took, result);
        anyCall.Array[1, 40].Sample(calls =>
        {
            var page = Page(RecordingTexts.Read(RecordingTexts.Watch(calls)));
            var chart = Assert.Single(ChartData.Of(page));
            List<List<string>> table =
            [
                .. page.Descendants("details").Single().Descendants("tr").Skip(1)
                    .Select(row => row.Elements("td").Select(cell => cell.Value).ToList()),
            ];

            Assert.Equal(chart.Rows("modules"), table.Select(row => row[0]));
            Assert.Equal(
                table.Select(row => calls.Count(call => call.Module == row[0])),
                table.Select(row => int.Parse(row[1], CultureInfo.InvariantCulture)));
            foreach (var (state, column) in new[] { (0, 4), (1, 5), (2, 6) })
            {
                Assert.Equal(
                    chart.Lanes("modules").Select(lane => ChartData.Bars(lane).Where(bar => bar.State == state)
                        .Sum(bar => bar.Length)),
                    table.Select(row => (long)(1_000_000 * decimal.Parse(row[column], CultureInfo.InvariantCulture))));
            }
            // each moment of a module has one state, and some call is in the kernel
            foreach (var (row, lane) in chart.Rows("modules").Zip(chart.Lanes("modules")))
            {
                Assert.Equal(
                    calls.Where(call => call.Module == row).SelectMany(call => Moments(call.StartUs, call.TookUs))
                        .Distinct().Count(),
                    ChartData.Bars(lane).SelectMany(bar => Moments(bar.From, bar.Length)).Count());
            }
        });

        static IEnumerable<long> Moments(long fromUs, long lengthUs)
        {
            for (var at = 0; at < lengthUs; at += 10_000)
                yield return fromUs + at;
        }
    }

    [Fact]
    public void Two_recordings_are_lanes_on_one_axis()
    {
        var page = Page(
            RecordingTexts.Read(RecordingTexts.Lab(RecordingTexts.Herd(8))),
            RecordingTexts.Read(RecordingTexts.Lab(RecordingTexts.Herd(1), "drover")));
        var chart = Assert.Single(ChartData.Of(page));
        Assert.Equal(["udev", "drover coldplug"], chart.Runs);
        Assert.Equal(2 * 2, chart.Lanes("modules").Count);
        Assert.Equal(2_500_000, (long)chart.Data["end"]!);
        Assert.Equal("seconds; 0 is the coldplug's start", (string)chart.Data["axis"]!);
        Assert.Equal("drover coldplug: udev 0", chart.Rows("workers")[^1]);
        Assert.Contains(page.Descendants("p"), text =>
            text.Value.StartsWith("drover coldplug made 2 calls where udev made 16", StringComparison.Ordinal));
    }

    [Fact]
    public void Many_recordings_are_a_table_and_calls_against_cpus()
    {
        int[] sizes = [1, 8, 64];
        var texts = sizes.Select(cpus => RecordingTexts.Lab(RecordingTexts.Herd(cpus), cpus: cpus));
        var page = Page([.. texts.Select(text => RecordingTexts.Read(text))]);
        var line = Assert.Single(Assert.Single(ChartData.Of(page)).Data["lines"]!.AsArray())!;
        Assert.Equal(
            ["2 at 1 CPUs", "16 at 8 CPUs", "128 at 64 CPUs"],
            line["points"]!.AsArray().Select(point => (string)point![3]!));
    }

    [Fact]
    public void Waste_of_modules_adds_up_to_that_of_calls()
    {
        var anyCall =
            from module in Gen.Int[0, 40]
            from bytes in Gen.Long[0, 1 << 20]
            from failed in Gen.Bool
            select new RecordingTexts.Call($"m{module}", module % 7, module, 5, failed ? "EEXIST" : "0", bytes);
        anyCall.Array[0, 200].Sample(calls =>
        {
            var recording = RecordingTexts.Read(RecordingTexts.Watch(calls));
            var waste = ModuleWaste.Of([recording, recording]);
            var failed = calls.Where(call => call.Result != "0");
            Assert.Equal(failed.Sum(call => call.Bytes), waste.Sum(module => module.Bytes[0]));
            Assert.Equal(recording.InVainBytes, waste.Sum(module => module.Bytes[1]));
            Assert.Equal(recording.FailedCalls, waste.Sum(module => module.Calls[0]));
            Assert.InRange(waste.Count, 0, ModuleWaste.MaxRows);
        });
    }

    [Fact]
    public void Hostile_names_stay_text()
    {
        var name = RecordingTexts.Hostile;
        RecordingTexts.Call[] calls = [new(name, 1, 0, 10, "EEXIST"), new(name, 2, 1, 10, "0")];
        var recording = RecordingTexts.Read(RecordingTexts.Watch(calls, name), $"/x/{name}.jsonl");
        var page = Page(recording);
        Assert.Equal(["application/json", null], page.Descendants("script").Select(script =>
            script.Attribute("type")?.Value));
        Assert.Contains(page.Descendants("td"), cell =>
            cell.Value.StartsWith("</script><script>alert(\"'&\")</script>", StringComparison.Ordinal));
        using var text = new StringWriter();
        ReportText.Write([recording, recording], new Terminal(text, TextWriter.Null, isWatched: false));
        Assert.DoesNotContain(text.ToString(), letter => char.IsControl(letter) && letter is not ('\n' or '\r'));
    }

    [Fact]
    public void Page_of_four_thousand_workers_is_small()
    {
        var page = Page(
            RecordingTexts.Read(RecordingTexts.Lab(RecordingTexts.Herd(4096), cpus: 4096)),
            RecordingTexts.Read(RecordingTexts.Lab(RecordingTexts.Herd(1), "drover", 4096)));
        Assert.InRange(page.ToString().Length, 1, 200_000);
        var chart = Assert.Single(ChartData.Of(page));
        Assert.Equal(["aesni_intel", "acpi_cpufreq"], chart.Rows("modules"));
        Assert.Equal(65, chart.Rows("workers").Count);
        Assert.Equal("udev: workers 1 to 64", chart.Rows("workers")[0]);
        Assert.Equal(4096, (int)chart.Lanes("modules")[0]["workers"]!);
        Assert.Contains(page.Descendants("td"), cell => cell.Value == "8,192");
    }

    [Fact]
    public void Page_has_no_references()
    {
        var page = Page(RecordingTexts.Read(RecordingTexts.Lab(RecordingTexts.Herd(8))));
        Assert.DoesNotMatch(Reference(), page.ToString());
        Assert.DoesNotContain(page.Descendants().Attributes(), one => one.Name.LocalName is "src" or "href");
    }

    [Fact]
    public void Most_calls_at_once_are_the_maximum_over_all_starts() =>
        Gen.Select(Gen.Long[0, 50], Gen.Long[1, 20]).List[0, 40].Sample(times =>
        {
            List<(long From, long To)> spans = [.. times.Select(time => (time.Item1, time.Item1 + time.Item2))];
            var atOnce = spans.Select(at => spans.Count(span => span.From <= at.From && span.To > at.From));
            Assert.Equal(atOnce.DefaultIfEmpty().Max(), GanttRows.MostAtOnce(spans));
        });

    [Fact]
    public void Bars_of_a_large_recording_are_merged_to_what_a_page_may_have()
    {
        // 200,000 calls of 1 ms with 1 ms between them, of 100 workers
        var calls = Enumerable.Range(0, 200_000).Select(i => new RecordingTexts.Call(
            $"m{i % 50}", i % 100, 20L * i, 1000, i % 3 == 0 ? "0" : "EEXIST"));
        var page = Page(RecordingTexts.Read(RecordingTexts.Watch(calls)));
        Assert.InRange(page.ToString().Length, 100_000, 1_000_000);
        var chart = Assert.Single(ChartData.Of(page));
        Assert.Equal(200_000, chart.Lanes("workers").Sum(lane => (int)lane["calls"]!));
    }

    [GeneratedRegex(@"https?:|url\(|@import", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Reference();

    static XDocument Page(params IReadOnlyList<Recording> recordings)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        ReportPage.Write(text, "a <title>", recordings);
        return XDocument.Parse(text.ToString());
    }
}
