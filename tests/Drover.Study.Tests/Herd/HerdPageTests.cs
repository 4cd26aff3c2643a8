using System.Xml.Linq;
using Drover.CommandLine;
using Drover.Model.Kernel;
using Drover.Study.Tests.Report;

namespace Drover.Study.Tests.Herd;

/// <summary>The page is one well-formed file without references.</summary>
public class HerdPageTests
{
    const string Hostile = "</svg><script>alert(\"'&\")</script>\0\ud800";

    [Fact]
    public void Runs_without_a_sweep_have_a_table_and_timelines()
    {
        var (page, text) = Report(new FakeEngine(), "--gate=none,exclusive", "--herd=udev");
        var charts = ChartData.Of(page);
        Assert.Equal(2, charts.Count);
        // the table of the runs, then those of the timelines
        Assert.Equal([3, 2, 2], page.Descendants("table").Select(table => table.Elements("tr").Count()));
        var first = charts[0];
        Assert.Equal(["e1000e"], first.Rows("modules"));
        Assert.Equal(
            ["/devices/system/cpu/cpu0", "/devices/system/cpu/cpu1", "/devices/system/cpu/cpu2"],
            first.Rows("workers").Select(name => name.Split(": ")[1]));
        string[] states = [.. first.Data["states"]!.AsArray().Select(state => (string)state!)];
        string[] texts = [.. first.Data["texts"]!.AsArray().Select(text => (string)text!)];
        Assert.Equal(
            [
                "loading 2000+5000: returns 0", "failed 2200+0: EEXIST", "waiting 2200+4900: EEXIST",
                "failed 7100+100: EEXIST", "failed 3100+200: killed",
            ],
            first.Lanes("workers").SelectMany(ChartData.Bars).Select(bar =>
                $"{states[bar.State]} {bar.From}+{bar.Length}: {texts[bar.Text]}"));
        Assert.Contains("prefers-color-scheme: dark", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Sweep_has_charts_with_a_line_a_gate_and_herd()
    {
        var (page, _) = Report(new FakeEngine(), "--sweep=cpus=1..1024", "--memory=256M");
        var charts = ChartData.Of(page).ConvertAll(chart => chart.Data);
        Assert.Equal(
            ["wasted bytes", "load calls", "seconds of the boot phase"], charts.Select(chart => (string)chart["y"]!));
        Assert.All(charts, chart => Assert.Equal("CPUs", (string)chart["x"]!));
        var waste = charts[0]["lines"]!.AsArray();
        Assert.Equal(5, waste.Count);
        // 1 to 1024 are 11 points
        Assert.All(waste, line => Assert.Equal(11, line!["points"]!.AsArray().Count));
        Assert.Contains(waste, line => line!["points"]!.AsArray().Any(point => !(bool)point![2]!));
        const string Drover = "drover, gates none, early, exclusive, idempotent";
        Assert.Contains(page.Descendants("li"), line => line.Value == Drover);
    }

    [Fact]
    public void Hostile_names_stay_text()
    {
        var (page, text) = Report(new FakeEngine { Events = FakeEngine.Story(Hostile) }, "--gate=none");
        Assert.DoesNotContain("<script>alert", text, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(2, page.Descendants("script").Count()); // data, and the page's own
        Assert.Equal(["</svg><script>alert(\"'&\")</script>??"], Assert.Single(ChartData.Of(page)).Rows("modules"));
    }

    [Fact]
    public void Page_has_no_references()
    {
        foreach (var args in new string[][] { [], ["--sweep=cpus=1..16"] })
        {
            var (page, text) = Report(new FakeEngine(), args);
            Assert.DoesNotContain("http:", text, StringComparison.Ordinal);
            Assert.DoesNotContain("https:", text, StringComparison.Ordinal);
            Assert.DoesNotContain("url(", text, StringComparison.Ordinal);
            Assert.DoesNotContain(page.Descendants().Attributes(), one => one.Name.LocalName is "src" or "href");
        }
    }

    [Fact]
    public void Thousands_of_tasks_become_rows_of_modules_and_of_groups()
    {
        var events = new List<ModelEvent>();
        for (var task = 1; task <= 1000; task++)
        {
            for (var call = 0; call <= task % 5; call++)
            {
                var startNs = (task * 1_000_000) + (call * 1000);
                events.Add(new(startNs, ModelEventKind.CallBegins, task, $"m{task % 3}", "finit_module"));
                events.Add(new(startNs + 900, ModelEventKind.CallEnds, task, $"m{task % 3}"));
            }
        }
        var (page, _) = Report(new FakeEngine { Events = events }, "--gate=none", "--herd=udev");
        var chart = Assert.Single(ChartData.Of(page));
        Assert.Equal(["m1", "m2", "m0"], chart.Rows("modules"));
        Assert.Equal([334, 333, 333], chart.Lanes("modules").Select(lane => (int)lane["workers"]!));
        Assert.Equal(63, chart.Rows("workers").Count);
    }

    [Fact]
    public void Shorter_page_replaces_a_longer_one()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, new string('x', 1 << 20));
            new FakeEngine().Command("--gate=none", "--html", path);
            Assert.EndsWith("</html>\n", File.ReadAllText(path), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void File_that_cannot_be_written_is_an_error_before_anything_runs()
    {
        var engine = new FakeEngine();
        Assert.Throws<CommandException>(() => engine.Command("--html", "/nonexistent/report.html"));
        Assert.Empty(engine.Runs);
    }

    static (XDocument Page, string Text) Report(FakeEngine engine, params string[] args)
    {
        var path = Path.GetTempFileName();
        try
        {
            Assert.Equal(0, engine.Command([.. args, "--html", path]).Exit);
            var text = File.ReadAllText(path);
            return (XDocument.Parse(text), text);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
