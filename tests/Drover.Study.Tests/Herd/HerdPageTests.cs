using System.Xml.Linq;
using Drover.CommandLine;
using Drover.Model.Kernel;

namespace Drover.Study.Tests.Herd;

/// <summary>The page is one well-formed file without references.</summary>
public class HerdPageTests
{
    const string Hostile = "</svg><script>alert(\"'&\")</script>\0\ud800";

    [Fact]
    public void Runs_without_a_sweep_have_a_table_and_timelines()
    {
        var (page, text) = Report(new FakeEngine(), "--gate=none,exclusive", "--herd=udev");
        Assert.Equal(2, page.Descendants("svg").Count());
        // the table of the runs, then those of the timelines
        Assert.Equal([3, 4, 4], page.Descendants("table").Select(table => table.Elements("tr").Count()));
        var first = page.Descendants("svg").First();
        List<XElement> bars = [.. first.Descendants("rect")];
        string[] states = ["loading", "failed", "waiting", "failed", "failed"];
        Assert.Equal(states, bars.Select(bar => bar.Attribute("class")!.Value));
        Assert.Equal("e1000e: waiting, 4.9 ms from 0.0022 s; EEXIST", bars[2].Element("title")!.Value);
        Assert.Equal("e1000e: failed, 0.2 ms from 0.0031 s; killed", bars[4].Element("title")!.Value);
        Assert.Contains("prefers-color-scheme: dark", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Sweep_has_a_chart_with_a_line_a_gate_and_herd()
    {
        var (page, _) = Report(new FakeEngine(), "--sweep=cpus=1..1024", "--memory=256M");
        Assert.Equal(5, page.Descendants("polyline").Count());
        // 1 to 1024 are 11 points; a failed boot is a cross instead of a dot
        Assert.Equal(5 * 11, page.Descendants("circle").Count() + page.Descendants("path").Count());
        Assert.NotEmpty(page.Descendants("path"));
        const string Drover = "drover, gates none, early, exclusive, idempotent";
        Assert.Contains(page.Descendants("text"), text => text.Value == Drover);
    }

    [Fact]
    public void Hostile_names_stay_text()
    {
        var (page, text) = Report(new FakeEngine { Events = FakeEngine.Story(Hostile) }, "--gate=none");
        Assert.Empty(page.Descendants("script"));
        Assert.DoesNotContain("<script", text, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(page.Descendants("title"), title =>
            title.Value.StartsWith("</svg><script>alert(\"'&\")</script>??: loading", StringComparison.Ordinal));
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
    public void Thousands_of_tasks_become_a_row_a_module()
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
        var labels = page.Descendants("g").Select(row => row.Element("text")!.FirstNode!.ToString());
        Assert.Equal(["m1 (334 ×)", "m2 (333 ×)", "m0 (333 ×)"], labels);
        Assert.Contains(page.Descendants("p"), text =>
            text.Value.StartsWith("1000 workers made calls: too many", StringComparison.Ordinal));
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
