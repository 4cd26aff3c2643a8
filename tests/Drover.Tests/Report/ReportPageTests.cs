using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using CsCheck;
using Drover.Report;

namespace Drover.Tests.Report;

/// <summary>A report is one well-formed file that asks nobody for anything, and as a text it leaves the terminal alone.</summary>
public partial class ReportPageTests
{
    [Fact]
    public void One_recording_has_figures_a_chart_and_a_gantt_with_its_path()
    {
        var page = Page(Recordings.Read(Recordings.Lab(Recordings.Herd(8))));
        Assert.Equal(2, page.Descendants("svg").Count());
        Assert.Equal(8, page.Descendants("g").Count());
        Assert.Contains(page.Descendants("rect"), bar => bar.Attribute("class")!.Value == "path");
        Assert.Contains(page.Descendants("p"), text => text.Value == "udev on 8 CPUs (kernel 6.1.0) called the kernel 16 times for 2 modules in 2.50 s, 15 of them in vain, with 3.1 MiB read for nothing.");
    }

    [Fact]
    public void What_is_drawn_over_time_is_a_table_too() => Gen.Select(Gen.Int[0, 5], Gen.Int[0, 90], Gen.Int[1, 90], Gen.Bool).Array[1, 40].Sample(calls =>
    {
        var page = Page(Recordings.Read(Recordings.Watch(calls.Select(call => new Recordings.Call($"m{call.Item1}", call.Item1, 10_000 * call.Item2, 10_000 * call.Item3, call.Item4 ? "EEXIST" : "0")))));
        var chart = page.Descendants("svg").Last();
        var table = page.Descendants("details").Single(details => details.Attribute("class")!.Value == "figures").Descendants("tr").Skip(1).Select(row => row.Elements("td").Select(cell => cell.Value).ToList()).ToList();

        Assert.Equal(chart.Descendants("g").Select(row => row.Descendants("title").First().Value), table.Select(row => $"{row[0]}, {row[1]} calls"));
        Assert.Equal(calls.Length, table.Sum(row => int.Parse(row[1], CultureInfo.InvariantCulture)));
        foreach (var (failed, column) in new[] { (false, 4), (true, 6) })
            Assert.Equal(calls.Where(call => call.Item4 == failed).Sum(call => call.Item3) / 100m, table.Sum(row => decimal.Parse(row[column].Split(' ')[0], CultureInfo.InvariantCulture)));
    });

    [Fact]
    public void Two_stand_side_by_side_on_one_scale()
    {
        var page = Page(Recordings.Read(Recordings.Lab(Recordings.Herd(8))), Recordings.Read(Recordings.Lab(Recordings.Herd(1), "drover")));
        Assert.Equal(2, page.Descendants("div").Count(div => div.Attribute("class")?.Value == "beside"));
        var axes = page.Descendants("svg").Select(svg => string.Join(' ', svg.Elements("text").Where(text => text.Attribute("text-anchor")!.Value == "middle").Select(text => $"{text.Value}@{text.Attribute("x")!.Value}"))).Distinct();
        Assert.Single(axes);
        Assert.Contains(page.Descendants("p"), text => text.Value.StartsWith("drover coldplug made 2 calls where udev made 16", StringComparison.Ordinal));
    }

    [Fact]
    public void Many_are_a_table_and_calls_against_cpus()
    {
        var page = Page([.. new[] { 1, 8, 64 }.Select(cpus => Recordings.Read(Recordings.Lab(Recordings.Herd(cpus), cpus: cpus)))]);
        Assert.Equal(3, page.Descendants("circle").Count());
        Assert.Equal("udev: 128 at 64 CPUs", page.Descendants("circle").Last().Element("title")!.Value);
    }

    [Fact]
    public void The_bytes_of_its_modules_are_those_of_its_calls() => Gen.Select(Gen.Int[0, 40], Gen.Long[0, 1 << 20], Gen.Bool).Array[0, 200].Sample(calls =>
    {
        var recording = Recordings.Read(Recordings.Watch(calls.Select((call, i) => new Recordings.Call($"m{call.Item1}", i % 7, i, 5, call.Item3 ? "EEXIST" : "0", call.Item2))));
        var waste = ModuleWaste.Of([recording]);
        Assert.Equal(calls.Where(call => call.Item3).Sum(call => call.Item2), waste.Sum(module => module.Bytes[0]));
        Assert.Equal((recording.InVainBytes, recording.FailedCalls), (waste.Sum(module => module.Bytes[0]), waste.Sum(module => module.Calls[0])));
        Assert.InRange(waste.Count, 0, ModuleWaste.Most);
    });

    [Fact]
    public void Names_of_somebody_else_stay_text()
    {
        var recording = Recordings.Read(Recordings.Watch([new(Recordings.Hostile, 1, 0, 10, "EEXIST"), new(Recordings.Hostile, 2, 1, 10, "0")], Recordings.Hostile), $"/x/{Recordings.Hostile}.jsonl");
        var page = Page(recording);
        Assert.Empty(page.Descendants("script"));
        Assert.Contains(page.Descendants("td"), cell => cell.Value.StartsWith("</script><script>alert(\"'&\")</script>", StringComparison.Ordinal));
        using var text = new StringWriter();
        ReportText.Write([recording, recording], text);
        Assert.DoesNotContain(text.ToString(), letter => char.IsControl(letter) && letter is not ('\n' or '\r'));
    }

    [Fact]
    public void Four_thousand_workers_stay_readable()
    {
        var page = Page(Recordings.Read(Recordings.Lab(Recordings.Herd(4096), cpus: 4096)), Recordings.Read(Recordings.Lab(Recordings.Herd(1), "drover", 4096)));
        Assert.InRange(page.ToString().Length, 1, 200_000);
        Assert.Equal(["aesni_intel (4096 ×)", "acpi_cpufreq (4096 ×)"], page.Descendants("svg").ElementAt(1).Descendants("g").Select(row => row.Element("text")!.FirstNode!.ToString()));
        Assert.Contains(page.Descendants("td"), cell => cell.Value == "8,192");
    }

    [Fact]
    public void It_needs_nothing_from_elsewhere()
    {
        var page = Page(Recordings.Read(Recordings.Lab(Recordings.Herd(8))));
        Assert.DoesNotMatch(Elsewhere(), page.ToString());
        Assert.DoesNotContain(page.Descendants().Attributes(), attribute => attribute.Name.LocalName is "src" or "href");
    }

    [Fact]
    public void At_most_so_many_are_in_the_kernel_as_at_some_beginning() => Gen.Select(Gen.Long[0, 50], Gen.Long[1, 20]).List[0, 40].Sample(times =>
    {
        List<RecordedCall> calls = [.. times.Order().Select(time => new RecordedCall { Module = "m", StartNs = time.Item1, TookNs = time.Item2, Result = "0" })];
        var expected = calls.Count == 0 ? 0 : calls.Max(at => calls.Count(call => call.StartNs <= at.StartNs && call.EndNs > at.StartNs));
        Assert.Equal(expected, SvgInKernel.MostAtOnce(calls));
    });

    [GeneratedRegex(@"https?:|url\(|@import", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Elsewhere();

    static XDocument Page(params IReadOnlyList<Recording> recordings)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        ReportPage.Write(text, "a <title>", recordings);
        return XDocument.Parse(text.ToString());
    }
}
