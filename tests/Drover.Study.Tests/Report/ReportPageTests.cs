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
    public void One_recording_has_figures_and_charts_with_its_path()
    {
        var page = Page(RecordingTexts.Read(RecordingTexts.Lab(RecordingTexts.Herd(8))));
        Assert.Equal(2, page.Descendants("svg").Count());
        Assert.Equal(8, page.Descendants("g").Count());
        Assert.Contains(page.Descendants("rect"), bar => bar.Attribute("class")!.Value == "path");
        Assert.Contains(page.Descendants("p"), text => text.Value ==
            "udev on 8 CPUs (kernel 6.1.0) called the kernel 16 times for 2 modules, "
            + "15 of them in vain (bytes read in vain: 3.1 MiB); coldplug: 2.50 s.");
    }

    [Fact]
    public void Chart_over_time_is_repeated_as_a_table()
    {
        var anyCall =
            from module in Gen.Int[0, 5]
            from start in Gen.Int[0, 90]
            from took in Gen.Int[1, 90]
            from failed in Gen.Bool
            let result = failed ? "EEXIST" : "0"
            select new RecordingTexts.Call($"m{module}", module, 10_000 * start, 10_000 * took, result);
        anyCall.Array[1, 40].Sample(calls =>
        {
            var page = Page(RecordingTexts.Read(RecordingTexts.Watch(calls)));
            var chart = page.Descendants("svg").Last();
            List<List<string>> table =
            [
                .. page.Descendants("details").Single(details => details.Attribute("class")!.Value == "figures")
                    .Descendants("tr").Skip(1).Select(row => row.Elements("td").Select(cell => cell.Value).ToList()),
            ];

            Assert.Equal(
                chart.Descendants("g").Select(row => row.Descendants("title").First().Value),
                table.Select(row => $"{row[0]}, {row[1]} calls"));
            Assert.Equal(calls.Length, table.Sum(row => int.Parse(row[1], CultureInfo.InvariantCulture)));
            foreach (var (result, column) in new[] { ("0", 4), ("EEXIST", 6) })
            {
                Assert.Equal(
                    calls.Where(call => call.Result == result).Sum(call => call.TookUs) / 1_000_000m,
                    table.Sum(row => decimal.Parse(row[column].Split(' ')[0], CultureInfo.InvariantCulture)));
            }
        });
    }

    [Fact]
    public void Two_recordings_stand_side_by_side_on_one_scale()
    {
        var page = Page(
            RecordingTexts.Read(RecordingTexts.Lab(RecordingTexts.Herd(8))),
            RecordingTexts.Read(RecordingTexts.Lab(RecordingTexts.Herd(1), "drover")));
        Assert.Equal(2, page.Descendants("div").Count(div => div.Attribute("class")?.Value == "beside"));
        var axes = page.Descendants("svg").Select(svg => string.Join(' ', svg.Elements("text")
            .Where(text => text.Attribute("text-anchor")!.Value == "middle")
            .Select(text => $"{text.Value}@{text.Attribute("x")!.Value}")));
        Assert.Single(axes.Distinct());
        Assert.Contains(page.Descendants("p"), text =>
            text.Value.StartsWith("drover coldplug made 2 calls where udev made 16", StringComparison.Ordinal));
    }

    [Fact]
    public void Many_recordings_are_a_table_and_calls_against_cpus()
    {
        int[] sizes = [1, 8, 64];
        var texts = sizes.Select(cpus => RecordingTexts.Lab(RecordingTexts.Herd(cpus), cpus: cpus));
        var page = Page([.. texts.Select(text => RecordingTexts.Read(text))]);
        Assert.Equal(3, page.Descendants("circle").Count());
        Assert.Equal("udev: 128 at 64 CPUs", page.Descendants("circle").Last().Element("title")!.Value);
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
        Assert.Empty(page.Descendants("script"));
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
        var rows = page.Descendants("svg").ElementAt(1).Descendants("g");
        Assert.Equal(
            ["aesni_intel (4096 ×)", "acpi_cpufreq (4096 ×)"],
            rows.Select(row => row.Element("text")!.FirstNode!.ToString()));
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
    public void MaxConcurrent_is_the_maximum_over_all_starts() =>
        Gen.Select(Gen.Long[0, 50], Gen.Long[1, 20]).List[0, 40].Sample(times =>
        {
            List<RecordedCall> calls =
            [
                .. times.Order().Select(time =>
                    new RecordedCall { Module = "m", StartNs = time.Item1, TookNs = time.Item2, Result = "0" }),
            ];
            var concurrent = calls.Select(at =>
                calls.Count(call => call.StartNs <= at.StartNs && call.EndNs > at.StartNs));
            Assert.Equal(concurrent.DefaultIfEmpty().Max(), SvgConcurrency.MaxConcurrent(calls));
        });

    [GeneratedRegex(@"https?:|url\(|@import", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Reference();

    static XDocument Page(params IReadOnlyList<Recording> recordings)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        ReportPage.Write(text, "a <title>", recordings);
        return XDocument.Parse(text.ToString());
    }
}
