using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Study.Report;
using Drover.Study.Tests.Recordings;

namespace Drover.Study.Tests.Report;

/// <summary>The pages in a browser, if Debian's Chromium is installed.</summary>
public sealed class BrowserTests(Browser browser) : IClassFixture<Browser>
{
    const string Rows = "[...document.querySelectorAll('.plot > svg g text.name')].map(text => text.textContent)";
    const string Names = "charts[0].rows.map(row => row.name)"; // unlike what is drawn, not shortened
    const string Facts = "output.facts";

    [Theory]
    [InlineData(1, 1280)]
    [InlineData(32, 420)]
    [InlineData(4096, 1280)]
    [InlineData(4096, 320)]
    public async Task Page_fits_its_window_and_its_text_is_readable(int cpus, int width)
    {
        await browser.OpenAsync(Report(cpus), width);
        Assert.Equal(["aesni_intel", "acpi_cpufreq"], Texts(await browser.EvaluateAsync(Rows)));
        Assert.True((bool)(await browser.EvaluateAsync(
            "document.scrollingElement.scrollWidth <= document.scrollingElement.clientWidth"))!, "it scrolls sideways");
        var smallest = (double)(await browser.EvaluateAsync("""
            Math.min(...[...document.querySelectorAll('svg text')].map(text =>
                parseFloat(getComputedStyle(text).fontSize) * text.ownerSVGElement.getScreenCTM().a))
            """))!;
        Assert.InRange(smallest, 11, 20);
        Assert.Empty(browser.Messages);
    }

    [Fact]
    public async Task Hostile_names_are_no_markup()
    {
        await browser.OpenAsync(Report(4));
        await browser.ClickAsync(".tools button:nth-of-type(2)");
        Assert.Equal(2, (int)(await browser.EvaluateAsync("document.scripts.length"))!); // data, and the page's own
        Assert.Contains(
            Texts(await browser.EvaluateAsync(Names)), name => name.Contains("<script>", StringComparison.Ordinal));
        Assert.Empty(browser.Messages);
    }

    [Fact]
    public async Task Keys_choose_rows_zoom_and_search()
    {
        await browser.OpenAsync(Report(8));
        await browser.EvaluateAsync("document.querySelector('.plot').focus()");
        await browser.PressAsync("ArrowDown", "ArrowDown");
        Assert.StartsWith("acpi_cpufreq: before 8 calls by 8 workers, ", await browser.TextAsync(Facts),
            StringComparison.Ordinal);

        var all = await SpanAsync();
        await browser.PressAsync("+");
        var half = await SpanAsync();
        Assert.Equal(all.To / 2, half.To - half.From, 1.0);
        await browser.PressAsync("ArrowRight");
        Assert.True((await SpanAsync()).From > half.From, "it did not move");
        await browser.PressAsync("Enter");
        Assert.InRange((await SpanAsync()).To - (await SpanAsync()).From, 20_000, 30_000);
        await browser.PressAsync("0");
        Assert.Equal(all, await SpanAsync());

        await browser.PressAsync("/", "a", "e", "s");
        Assert.Equal(["aesni_intel"], Texts(await browser.EvaluateAsync(Rows)));
    }

    [Fact]
    public async Task Pointer_reads_a_bar_and_two_fingers_zoom()
    {
        await browser.OpenAsync(Report(8));
        await browser.ClickAsync("rect.loading[data-bar]");
        Assert.Matches(
            @"^before, aesni_intel: loading, 0\.\d{3} s from 0\.\d{3} s", await browser.TextAsync(Facts));
        await browser.ClickAsync(".tools button:nth-of-type(2)");
        Assert.Equal(9, Texts(await browser.EvaluateAsync(Names)).Count);

        var all = await SpanAsync();
        await browser.SpreadAsync(".plot > svg");
        var third = await SpanAsync();
        Assert.InRange((third.To - third.From) / all.To, 0.3, 0.4);
    }

    [Fact]
    public async Task Line_chart_is_read_by_keys()
    {
        int[] sizes = [1, 8, 64];
        var runs = sizes.Select(cpus => RecordingTexts.Read(RecordingTexts.Lab(RecordingTexts.Herd(cpus), cpus: cpus)));
        using var page = new StringWriter(CultureInfo.InvariantCulture);
        ReportPage.Write(page, "a sweep", [.. runs]);
        await browser.OpenAsync(page.ToString(), 420);
        await browser.EvaluateAsync("document.querySelector('.plot').focus()");
        await browser.PressAsync("ArrowRight", "ArrowRight");
        Assert.Equal("udev: 16 at 8 CPUs", await browser.TextAsync(Facts));
        Assert.Contains("load calls", Texts(await browser.EvaluateAsync(
            "[...document.querySelectorAll('svg text')].map(text => text.textContent)")));
        Assert.Empty(browser.Messages);
    }

    [Theory]
    [InlineData("light")]
    [InlineData("dark")]
    public async Task Colours_have_contrast(string scheme)
    {
        await browser.OpenAsync(Report(64));
        await browser.EmulateAsync(scheme);
        await browser.ClickAsync(".tools button:nth-of-type(2)");
        // WCAG 2.2: text has 4.5 to 1 (1.4.3), and what has to be seen of a chart 3 to 1 (1.4.11)
        var weak = Texts(await browser.EvaluateAsync("""
            (() => {
                const parts = colour => colour.match(/[\d.]+/g).map(Number);
                const light = colour => parts(colour).slice(0, 3).map(part => part / 255)
                    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
                    .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
                const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
                const behind = element => {
                    for (; element; element = element.parentElement) {
                        const colour = getComputedStyle(element).backgroundColor;
                        if (parts(colour)[3] !== 0)
                            return colour;
                    }
                };
                const weak = [];
                const check = (what, colour, back, least) => {
                    if (ratio(colour, back) < least)
                        weak.push(`${what}: ${colour} on ${back}, ${ratio(colour, back).toFixed(2)}`);
                };
                for (const text of document.querySelectorAll('h1, h2, p, td, th, button, output, summary, input'))
                    check(text.tagName, getComputedStyle(text).color, behind(text), 4.5);
                for (const text of document.querySelectorAll('svg text')) {
                    const isOnBar = (text.getAttribute('class') ?? '').startsWith('on-');
                    const bar = isOnBar ? text.previousElementSibling : null;
                    check(`text ${text.textContent}`, getComputedStyle(text).fill,
                        bar ? getComputedStyle(bar).fill : behind(text.ownerSVGElement), 4.5);
                }
                for (const bar of document.querySelectorAll('svg rect[data-bar]'))
                    check(bar.getAttribute('class'), getComputedStyle(bar).fill, behind(bar.ownerSVGElement), 3);
                return [...new Set(weak)];
            })()
            """));
        await browser.EmulateAsync("");
        Assert.Empty(weak);
    }

    [Fact]
    public async Task What_takes_keys_has_a_name()
    {
        await browser.OpenAsync(Report(8));
        var nodes = await browser.AccessibilityAsync();
        Assert.DoesNotContain(nodes, node => node is { IsFocusable: true, Name: "", Role: not "RootWebArea" });
        Assert.Contains(nodes, node => node.Role == "application"
            && node.Name.StartsWith("Load calls over time. Up and down arrow keys", StringComparison.Ordinal));
        Assert.Contains(nodes, node => node is { Role: "searchbox", Name: "show rows with this name" });
        Assert.True(nodes.Count(node => node.Role == "button") >= 7);
        Assert.Contains(nodes, node => node is { Role: "heading", Name: "Load calls over time" });
    }

    [Fact]
    public async Task Paper_has_the_tables_and_no_buttons()
    {
        await browser.OpenAsync(Report(8));
        Assert.Equal(0, await HeightAsync("details table"));
        await browser.EmulateAsync("light", "print");
        Assert.InRange(await HeightAsync("details table"), 20, 2000);
        Assert.Equal(0, await HeightAsync(".tools"));
        await browser.EmulateAsync("");

        async Task<double> HeightAsync(string selector) => (double)(await browser.EvaluateAsync(
            $"document.querySelector('{selector}').checkVisibility() && "
            + $"document.querySelector('{selector}').getBoundingClientRect().height || 0"))!;
    }

    [Fact]
    public async Task Error_of_a_page_causes_a_message()
    {
        await browser.OpenAsync("<!DOCTYPE html><script>fail()</script>");
        Assert.Contains("fail is not defined", Assert.Single(browser.Messages), StringComparison.Ordinal);
    }

    /// <summary>The first and last time of the axis, in µs.</summary>
    async Task<(double From, double To)> SpanAsync()
    {
        var span = (await browser.EvaluateAsync("[charts[0].from, charts[0].to]"))!;
        return ((double)span[0]!, (double)span[1]!);
    }

    static List<string> Texts(JsonNode? texts) => [.. texts!.AsArray().Select(text => (string)text!)];

    /// <summary>The page of a herd of so many CPUs, and of one loader.</summary>
    static string Report(int cpus)
    {
        var before = RecordingTexts.Read(RecordingTexts.Watch(RecordingTexts.Herd(cpus), RecordingTexts.Hostile));
        var after = RecordingTexts.Read(RecordingTexts.Lab(RecordingTexts.Herd(1), "drover", cpus));
        using var page = new StringWriter(CultureInfo.InvariantCulture);
        ReportPage.Write(page, "in a browser", [before with { Name = "before" }, after]);
        return page.ToString();
    }
}
