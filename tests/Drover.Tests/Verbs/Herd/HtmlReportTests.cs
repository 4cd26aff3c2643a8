using System.Xml.Linq;
using Drover.Model;

namespace Drover.Tests.Verbs.Herd;

/// <summary>The report is one well-formed file that asks nobody for anything.</summary>
public class HtmlReportTests
{
    const string Hostile = "</svg><script>alert(\"'&\")</script>\0\ud800";

    [Fact]
    public void Runs_at_one_point_have_a_table_and_a_timeline_each()
    {
        var (page, text) = Report(new PretendEngine(), "--gate=none,exclusive", "--herd=udev");
        Assert.Equal(2, page.Descendants("svg").Count());
        // of the runs, then of each timeline
        Assert.Equal([3, 4, 4], page.Descendants("table").Select(table => table.Elements("tr").Count()));
        var first = page.Descendants("svg").First();
        Assert.Equal(["loading", "failed", "waiting", "failed", "failed"], first.Descendants("rect").Select(bar => bar.Attribute("class")!.Value));
        Assert.Equal("e1000e: waiting, 4.9 ms from 0.0022 s; EEXIST", first.Descendants("rect").ElementAt(2).Element("title")!.Value);
        Assert.Equal("e1000e: failed, 0.2 ms from 0.0031 s; killed", first.Descendants("rect").ElementAt(4).Element("title")!.Value);
        Assert.Contains("prefers-color-scheme: dark", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sweep_has_a_chart_with_a_line_a_gate_and_herd()
    {
        var (page, _) = Report(new PretendEngine(), "--sweep=cpus=1..1024", "--memory=256M");
        Assert.Equal(5, page.Descendants("polyline").Count());
        // 1 to 1024 are 11 points; where the boot failed, a cross instead of a dot
        Assert.Equal(5 * 11, page.Descendants("circle").Count() + page.Descendants("path").Count());
        Assert.NotEmpty(page.Descendants("path"));
        Assert.Contains(page.Descendants("text"), text => text.Value == "drover, gates none, early, exclusive, idempotent");
    }

    [Fact]
    public void Names_of_somebody_else_stay_text()
    {
        var (page, text) = Report(new PretendEngine { Events = PretendEngine.Story(Hostile) }, "--gate=none");
        Assert.Empty(page.Descendants("script"));
        Assert.DoesNotContain("<script", text, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(page.Descendants("title"), title => title.Value.StartsWith("</svg><script>alert(\"'&\")</script>??: loading", StringComparison.Ordinal));
    }

    [Fact]
    public void It_needs_nothing_from_elsewhere()
    {
        foreach (var args in new string[][] { [], ["--sweep=cpus=1..16"] })
        {
            var (page, text) = Report(new PretendEngine(), args);
            Assert.DoesNotContain("http:", text, StringComparison.Ordinal);
            Assert.DoesNotContain("https:", text, StringComparison.Ordinal);
            Assert.DoesNotContain("url(", text, StringComparison.Ordinal);
            Assert.DoesNotContain(page.Descendants().Attributes(), attribute => attribute.Name.LocalName is "src" or "href");
        }
    }

    [Fact]
    public void Thousands_of_tasks_are_drawn_as_a_row_a_module()
    {
        var events = Enumerable.Range(1, 1000).SelectMany(task => Enumerable.Range(0, 1 + (task % 5)).SelectMany(call => new HerdEvent[]
        {
            new((task * 1_000_000) + (call * 1000), HerdEventKind.CallBegins, task, $"m{task % 3}", "finit_module"),
            new((task * 1_000_000) + (call * 1000) + 900, HerdEventKind.CallEnds, task, $"m{task % 3}"),
        })).ToList();
        var (page, _) = Report(new PretendEngine { Events = events }, "--gate=none", "--herd=udev");
        Assert.Equal(["m1 (334 ×)", "m2 (333 ×)", "m0 (333 ×)"], page.Descendants("g").Select(row => row.Element("text")!.FirstNode!.ToString()));
        Assert.Contains(page.Descendants("p"), text => text.Value.StartsWith("1000 made calls: too many", StringComparison.Ordinal));
    }

    [Fact]
    public void A_shorter_report_leaves_nothing_of_a_longer_one()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, new string('x', 1 << 20));
            new PretendEngine().Command("--gate=none", "--html", path);
            Assert.EndsWith("</html>\n", File.ReadAllText(path), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_told_before_anything_runs()
    {
        var engine = new PretendEngine();
        Assert.ThrowsAny<IOException>(() => engine.Command("--html", "/nonexistent/report.html"));
        Assert.Empty(engine.Asked);
    }

    static (XDocument Page, string Text) Report(PretendEngine engine, params string[] args)
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
